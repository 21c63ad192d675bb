// nvJPEG, opened at run time: the few functions that batched decoding needs, declared here, so that
// neither building nor running needs the library. The declarations are those of nvjpeg.h of CUDA 12
// and 13; tests compare them with the real header and call the real library.
//
// Thread-safety: loading is to be done once; the functions are as thread-safe as nvJPEG's.
// Ownership: the library stays loaded.
#pragma once

#include <cstddef>
#include <string>

struct CUstream_st;

namespace datamon::pipeline::gpu::nvjpeg {

using Stream = CUstream_st*;
using Handle = struct nvjpegHandle*;
using State = struct nvjpegJpegState*;
using JpegStream = struct nvjpegJpegStream*;

enum Backend : int { kGpuHybrid = 2, kHardware = 3 };
enum OutputFormat : int { kRgbInterleaved = 5 };
enum Chroma : int { kChroma444 = 0 };
// libjpeg's smooth chroma upsampling, which the CPU decodes with.
inline constexpr unsigned kUpsamplingWithInterpolation = 1U << 5;
inline constexpr int kSuccess = 0;

// Where a decoded image goes.
inline constexpr int kMaxComponents = 4;
struct Image {
  unsigned char* channel[kMaxComponents];
  std::size_t pitch[kMaxComponents];
};

struct DeviceAllocator {
  int (*allocate)(void* context, void** memory, std::size_t bytes, Stream stream);
  int (*release)(void* context, void* memory, std::size_t bytes, Stream stream);
  void* context;
};
using PinnedAllocator = DeviceAllocator;

struct Api {
  int (*get_property)(int property, int* value);  // 0: major, 1: minor version
  int (*create)(Backend backend, DeviceAllocator* device, PinnedAllocator* pinned, unsigned flags,
                Handle* handle);
  int (*destroy)(Handle handle);
  // Optional: null where the library has none.
  int (*hardware_info)(Handle handle, unsigned* engines, unsigned* cores);
  int (*state_create)(Handle handle, State* state);
  int (*state_destroy)(State state);
  int (*stream_create)(Handle handle, JpegStream* stream);
  int (*stream_destroy)(JpegStream stream);
  int (*parse_header)(Handle handle, const unsigned char* data, std::size_t bytes,
                      JpegStream stream);
  int (*batched_supported)(Handle handle, JpegStream stream, int* unsupported);  // 0: supported
  int (*batched_initialize)(Handle handle, State state, int batch, int cpu_threads,
                            OutputFormat format);
  int (*batched_preallocate)(Handle handle, State state, int batch, int width, int height,
                             Chroma chroma, OutputFormat format);
  int (*batched_decode)(Handle handle, State state, const unsigned char* const* data,
                        const std::size_t* bytes, Image* images, Stream stream);
};

// Either the functions or why there are none: what is missing, and what to do.
struct Loaded {
  bool found = false;
  Api api{};
  std::string path;   // of the library
  std::string error;  // one line
};

// Looks where DATAMON_NVJPEG says, and only there if it is set; else where the loader looks, in
// /usr/local/cuda and in the Python packages of the active environment.
Loaded load();

// "13.0".
std::string version(const Api& api);

// The name of a status: "NVJPEG_STATUS_BAD_JPEG".
const char* status_name(int status);

}  // namespace datamon::pipeline::gpu::nvjpeg
