// libjpeg's memory for one image after the other, without a malloc per image.
//
// libjpeg frees and allocates dozens of blocks an image. JpegArena takes over the allocation of
// everything that lives as long as one image: blocks are cut from memory that is kept and handed
// out again for the next image. Memory of the decompressor itself stays with libjpeg.
//
// Promise: once an image has been decoded, an image that needs no more memory allocates nothing.
// The limit is exact: a request beyond it is libjpeg's JERR_OUT_OF_MEMORY.
// Thread-safety: none; one arena a decompressor.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "pipeline/ops/libjpeg.h"

namespace datamon::pipeline {

class JpegArena {
 public:
  explicit JpegArena(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  JpegArena(const JpegArena&) = delete;
  JpegArena& operator=(const JpegArena&) = delete;

  // Takes over cinfo's image pool. The arena must live until detach(); cinfo->client_data becomes
  // the arena's.
  void attach(j_decompress_ptr cinfo);
  // Gives the memory manager its own functions back. Call it before jpeg_destroy_decompress.
  void detach(j_decompress_ptr cinfo);

  // Bytes held, in use or not.
  std::size_t capacity_bytes() const { return capacity_bytes_; }

 private:
  struct AlignedDelete {
    void operator()(std::byte* memory) const;
  };
  struct Chunk {
    std::unique_ptr<std::byte[], AlignedDelete> memory;
    std::size_t size = 0;
  };
  struct VirtualArray;
  struct Callbacks;

  void* allocate(std::size_t bytes);
  bool add_chunk(std::size_t size, std::size_t needed);
  void release_all();

  std::size_t limit_bytes_;
  std::size_t capacity_bytes_ = 0;
  std::vector<Chunk> chunks_;        // the last one is being cut
  std::size_t offset_ = 0;           // what is used of the last one
  VirtualArray* pending_ = nullptr;  // requested, not yet realized
  jpeg_memory_mgr original_{};
};

}  // namespace datamon::pipeline
