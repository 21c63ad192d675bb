// jpeglib.h with what it needs before it: it uses FILE and size_t without including them.
#pragma once

// clang-format off
#include <cstddef>
#include <cstdio>

#include <jpeglib.h>
#include <jerror.h>
// clang-format on
