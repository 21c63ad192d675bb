// libjpeg, any ABI (6.2, 7, 8): an image is decoded from jpeg_start_decompress()
// to jpeg_finish_decompress(), or to what abandons it. Nothing of the structs but
// their common beginning is touched. The error handler of most programs jumps out
// of these functions, over the frames here: they own nothing.
#include "decode.h"
#include "export.h"
#include "library.h"

namespace datamon::preload {
namespace {

// The beginning of jpeg_common_struct, and of jpeg_memory_mgr: the same since 6b.
struct Jpeg {
  void* error;
  const void* const* memory;  // its first member is a function of the library
};

// An address in the copy of libjpeg that made the object, or in the program part
// that replaced its memory manager, else in the caller.
const void* address_of(const Jpeg* jpeg, const void* caller) {
  const bool is_made = jpeg != nullptr && jpeg->memory != nullptr && jpeg->memory[0] != nullptr;
  return is_made ? jpeg->memory[0] : caller;
}

// Ends the image, in front of or behind a call that returns nothing.
template <typename Function>
inline void end_through(Function* function, Jpeg* jpeg) {
  if (function != nullptr) function(jpeg);
  end_image(jpeg);
}

}  // namespace

#define DATAMON_REAL(name) \
  real(#name, &datamon_preload_##name, address_of(jpeg, __builtin_return_address(0)))

using Boolean = int;  // of libjpeg's calling interface

DATAMON_STANDS_IN(jpeg_start_decompress, Boolean, (Jpeg * jpeg)) {
  auto* const function = DATAMON_REAL(jpeg_start_decompress);
  if (function == nullptr) return 0;
  begin_image(jpeg);
  return function(jpeg);
}

DATAMON_STANDS_IN(jpeg_finish_decompress, Boolean, (Jpeg * jpeg)) {
  auto* const function = DATAMON_REAL(jpeg_finish_decompress);
  if (function == nullptr) return 0;
  const Boolean done = function(jpeg);
  if (done != 0) end_image(jpeg);  // else its data source has run dry for now
  return done;
}

DATAMON_STANDS_IN(jpeg_abort_decompress, void, (Jpeg * jpeg)) {
  end_through(DATAMON_REAL(jpeg_abort_decompress), jpeg);
}

DATAMON_STANDS_IN(jpeg_abort, void, (Jpeg * jpeg)) { end_through(DATAMON_REAL(jpeg_abort), jpeg); }

DATAMON_STANDS_IN(jpeg_destroy_decompress, void, (Jpeg * jpeg)) {
  end_through(DATAMON_REAL(jpeg_destroy_decompress), jpeg);
}

DATAMON_STANDS_IN(jpeg_destroy, void, (Jpeg * jpeg)) {
  end_through(DATAMON_REAL(jpeg_destroy), jpeg);
}

}  // namespace datamon::preload
