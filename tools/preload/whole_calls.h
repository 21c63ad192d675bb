// Functions that decode a whole image in one call and always return.
#pragma once

#include "decode.h"
#include "export.h"
#include "library.h"

// DATAMON_WHOLE_IMAGE(tjDecompress, int, -1, (types and names), (names)): passes
// the call on inside a decode span; `failed` is what it returns if there is no
// such function.
#define DATAMON_WHOLE_IMAGE(name, result, failed, parameters, arguments)                      \
  DATAMON_STANDS_IN(name, result, parameters) {                                               \
    auto* const function = real(#name, &datamon_preload_##name, __builtin_return_address(0)); \
    if (function == nullptr) return failed;                                                   \
    const WholeImage whole_image;                                                             \
    return function arguments;                                                                \
  }
