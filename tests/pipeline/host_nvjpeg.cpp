// nvJPEG's functions that the pipeline calls, on the CPU, as a library that is opened in its place
// (DATAMON_NVJPEG). It does not take progressive files, and fails a batch as a whole when one of
// its files cannot be decoded, as the real one does. Decoding is put on the stream (host_cuda.h).
// With HOST_NVJPEG_ENGINE it has a hardware engine, which as Hopper's writes at once, whatever the
// stream has to do before.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "host_cuda.h"
#include "pipeline/gpu/nvjpeg_api.h"
#include "pipeline/ops/jpeg_decoder.h"

namespace {

using namespace datamon::pipeline;
using namespace datamon::pipeline::gpu::nvjpeg;

constexpr int kInvalidParameter = 2, kBadJpeg = 3, kArchMismatch = 7;

struct Decoding {
  std::vector<std::uint8_t> pixels;
  std::size_t row_bytes, pitch;
  unsigned char* to;
};

void write_frame(void* argument) {
  const auto* decoding = static_cast<Decoding*>(argument);
  const std::size_t rows = decoding->pixels.size() / decoding->row_bytes;
  for (std::size_t y = 0; y < rows; ++y)
    std::memcpy(decoding->to + y * decoding->pitch, &decoding->pixels[y * decoding->row_bytes],
                decoding->row_bytes);
  delete decoding;
}

std::span<const std::byte> as_file(const unsigned char* data, std::size_t bytes) {
  return std::as_bytes(std::span(data, bytes));
}

}  // namespace

// What the API's opaque types are here.
namespace datamon::pipeline::gpu::nvjpeg {
struct nvjpegHandle {
  bool is_engine = false;
};
struct nvjpegJpegState {
  int batch = 0;
};
struct nvjpegJpegStream {
  bool progressive = false;
};
}  // namespace datamon::pipeline::gpu::nvjpeg

extern "C" {

int nvjpegGetProperty(int property, int* value) {
  *value = property == 0 ? 13 : 0;
  return kSuccess;
}
int nvjpegCreateExV2(Backend backend, DeviceAllocator*, PinnedAllocator*, unsigned,
                     Handle* handle) {
  const bool is_engine = backend == kHardware;
  if (is_engine && std::getenv("HOST_NVJPEG_ENGINE") == nullptr) return kArchMismatch;
  *handle = new nvjpegHandle{is_engine};
  return kSuccess;
}
int nvjpegGetHardwareDecoderInfo(Handle handle, unsigned* engines, unsigned* cores) {
  *engines = *cores = handle->is_engine ? 1 : 0;
  return kSuccess;
}
int nvjpegDestroy(Handle handle) {
  delete handle;
  return kSuccess;
}
int nvjpegJpegStateCreate(Handle, State* state) {
  *state = new nvjpegJpegState;
  return kSuccess;
}
int nvjpegJpegStateDestroy(State state) {
  delete state;
  return kSuccess;
}
int nvjpegJpegStreamCreate(Handle, JpegStream* stream) {
  *stream = new nvjpegJpegStream;
  return kSuccess;
}
int nvjpegJpegStreamDestroy(JpegStream stream) {
  delete stream;
  return kSuccess;
}
int nvjpegJpegStreamParseHeader(Handle, const unsigned char* data, std::size_t bytes,
                                JpegStream stream) {
  JpegDecoder decoder;
  const auto info = decoder.open(as_file(data, bytes));
  if (!info) return kBadJpeg;
  stream->progressive = info->progressive;
  return kSuccess;
}
int nvjpegDecodeBatchedSupported(Handle, JpegStream stream, int* unsupported) {
  *unsupported = stream->progressive ? 1 : 0;
  return kSuccess;
}
int nvjpegDecodeBatchedInitialize(Handle, State state, int batch, int, OutputFormat) {
  state->batch = batch;
  return kSuccess;
}
int nvjpegDecodeBatchedPreAllocate(Handle, State, int, int, int, Chroma, OutputFormat) {
  return kSuccess;
}
int nvjpegDecodeBatched(Handle handle, State state, const unsigned char* const* data,
                        const std::size_t* bytes, Image* images, Stream stream) {
  if (state->batch == 0) return kInvalidParameter;
  JpegDecoder decoder;
  std::vector<Decoding*> all;
  int status = kSuccess;
  for (int i = 0; i < state->batch && status == kSuccess; ++i) {
    const auto info = decoder.open(as_file(data[i], bytes[i]));
    const auto view =
        info ? decoder.decode({0, 0, info->width, info->height}) : Result<ImageView>(info.error());
    if (!view) {
      status = kBadJpeg;
      break;
    }
    auto* const decoding = new Decoding{{},
                                        static_cast<std::size_t>(view->width) * kChannels,
                                        images[i].pitch[0],
                                        images[i].channel[0]};
    for (int y = 0; y < view->height; ++y)
      decoding->pixels.insert(decoding->pixels.end(), view->row(y),
                              view->row(y) + view->width * kChannels);
    all.push_back(decoding);
  }
  for (Decoding* decoding : all) {
    if (status != kSuccess) {
      delete decoding;
    } else if (handle->is_engine) {
      write_frame(decoding);
    } else {
      datamon_test_enqueue(stream, write_frame, decoding);
    }
  }
  return status;
}

}  // extern "C"
