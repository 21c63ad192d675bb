// Decode spans, one for each image.
//
// An image of a library with many calls (libjpeg, rows of libpng) is decoded from
// its begin to its end, on one thread; what the caller does between two calls
// belongs to it, unless it records spans of its own. A thread has one image open:
// beginning another one ends it, so that one that an error left behind is not
// open for ever. Where the job itself has a span of class decode open, nothing
// is recorded.
#pragma once

#include <cstdint>

#include "job.h"

namespace datamon::preload {

// `object` is the library's decompressor. Beginning an open one again changes
// nothing; ending one that this thread has not open does nothing.
void begin_image(const void* object);
void end_image(const void* object);

// True if this thread has an image of the object open.
bool is_open_image(const void* object);

// A call that decodes a whole image. For functions that return, whatever happens.
class WholeImage {
 public:
  WholeImage();
  ~WholeImage();
  WholeImage(const WholeImage&) = delete;
  WholeImage& operator=(const WholeImage&) = delete;

 private:
  const datamon_api* monitor_ = nullptr;
  std::uint64_t span_ = 0;
};

}  // namespace datamon::preload
