// JPEGs to RGB frames in device memory by nvJPEG, a batch at a time: on the hardware engine what it
// takes (baseline files, where the GPU has one), the rest by CUDA, and what neither takes is handed
// back.
//
// Ownership: owns the library's handles; uses the caller's bytes until the stream is through.
// Thread-safety: none. Errors: PipelineError when nvJPEG cannot be had at all; files that it does
// not decode are values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "pipeline/gpu/nvjpeg_api.h"

namespace datamon::pipeline::gpu {

// One file: where it is, where its pixels go (rows of 3 * width bytes).
struct JpegJob {
  std::span<const std::byte> file;
  std::uint8_t* frame = nullptr;  // device memory
  int width = 0;
  bool decoded = false;  // the answer
};

class NvjpegDecoder {
 public:
  // Throws when the library is missing or refuses. `lanes`: batches in flight at a time, each of at
  // most `batch` files; `width` and `height`: of a usual file, for which memory is taken at once.
  NvjpegDecoder(int lanes, int batch, int width, int height);
  ~NvjpegDecoder();
  NvjpegDecoder(const NvjpegDecoder&) = delete;
  NvjpegDecoder& operator=(const NvjpegDecoder&) = delete;

  // Throws PipelineError with what to do when the library is missing.
  static void check();

  // Starts to decode the files on the stream and says in each job whether it did. A batch that
  // fails as a whole (nvJPEG does not say which file) counts as not decoded.
  // Nothing on the way may still use the frames: what is put on the stream later waits for them,
  // but on Hopper the hardware engine writes them at once, whatever the stream has to do before
  // (seen with nvJPEG 12.3 to 13.2).
  void decode(int lane, std::span<JpegJob> jobs, nvjpeg::Stream stream);

  // "nvJPEG 13.0, 7 hardware engines"
  std::string describe() const;
  std::uint64_t device_bytes() const;  // held by nvJPEG
  std::uint64_t pinned_bytes() const;

 private:
  struct Engine;
  void decode_with(Engine& engine, int lane, std::span<JpegJob> jobs, nvjpeg::Stream stream);
  bool supports(Engine& engine, const JpegJob& job);
  struct Sizes {
    int lanes, batch, width, height;
  };
  // Null, and `status` says why, when the library does not have the backend.
  std::unique_ptr<Engine> open(nvjpeg::Backend backend, unsigned flags, const Sizes& sizes,
                               int& status);

  struct Memory {
    std::mutex mutex;  // nvJPEG may have threads of its own
    std::uint64_t device = 0, pinned = 0;
    std::vector<std::pair<void*, std::size_t>> blocks;  // of both kinds
  };
  nvjpeg::Api api_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Engine> hardware_, cuda_;  // either may be missing
  unsigned hardware_engines_ = 0;
  std::vector<const unsigned char*> data_;
  std::vector<std::size_t> bytes_;
  std::vector<nvjpeg::Image> images_;
  std::vector<JpegJob*> chosen_;
};

}  // namespace datamon::pipeline::gpu
