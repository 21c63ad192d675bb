// CUDA's handles as values that give themselves back, and its errors as PipelineErrors.
//
// Thread-safety: none; the thread that made them uses them. Ownership: each owns its handle.
// Errors: PipelineError that says what could not be done and what to do.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace datamon::pipeline::gpu {

// Throws when `error` is one; `what` could not be done.
void check(int error, const char* what);

// Throws when there is no GPU that this program can use: no driver, too old a one, no device.
// `backend`: for the message. Creates no context. Returns the device's name.
std::string check_device(const char* backend);

class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t bytes);
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&& other) noexcept { *this = std::move(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  template <typename T = std::byte>
  T* data() const {
    return static_cast<T*>(data_);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Host memory that the device copies from and to without a detour.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  explicit PinnedBuffer(std::size_t bytes);
  ~PinnedBuffer();
  PinnedBuffer(PinnedBuffer&& other) noexcept { *this = std::move(other); }
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  template <typename T = std::byte>
  T* data() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
};

// Pins memory that is there already, for the life of the object.
class PinnedRange {
 public:
  explicit PinnedRange(std::span<std::byte> memory);
  ~PinnedRange();
  PinnedRange(const PinnedRange&) = delete;
  PinnedRange& operator=(const PinnedRange&) = delete;

 private:
  std::byte* data_;
};

class DeviceStream {
 public:
  DeviceStream();
  ~DeviceStream();
  DeviceStream(const DeviceStream&) = delete;
  DeviceStream& operator=(const DeviceStream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class DeviceEvent {
 public:
  DeviceEvent();
  ~DeviceEvent();
  DeviceEvent(const DeviceEvent&) = delete;
  DeviceEvent& operator=(const DeviceEvent&) = delete;
  void record(const DeviceStream& stream) {
    check(cudaEventRecord(event_, stream.get()), "record");
  }
  // Sleeps until it is reached.
  void wait() const { check(cudaEventSynchronize(event_), "work on the GPU"); }
  // From `earlier` to this one; both have been reached.
  double ns_since(const DeviceEvent& earlier) const;
  friend void swap(DeviceEvent& a, DeviceEvent& b) { std::swap(a.event_, b.event_); }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace datamon::pipeline::gpu
