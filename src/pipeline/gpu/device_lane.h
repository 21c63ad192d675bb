// One batch's way over the device: a stream, its memory, and events at the ends of its parts.
//
// Thread-safety: none. Ownership: owns everything on the device. Errors: PipelineError.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "pipeline/batch.h"
#include "pipeline/gpu/cut_space.h"
#include "pipeline/gpu/device.h"
#include "pipeline/gpu/nvjpeg_decoder.h"
#include "pipeline/gpu/sample_plan.h"
#include "pipeline/loader.h"
#include "pipeline/ops/jpeg_decoder.h"

namespace datamon::pipeline::gpu {

class DeviceLane {
 public:
  // `decoder`: null when nothing is decoded on the device.
  DeviceLane(const PipelineOptions& options, int index, NvjpegDecoder* decoder);

  // Starts everything on the stream and returns. The batch's memory is used until finish(). Items
  // that neither GPU nor CPU can decode are counted by the loader and stood in for. False: the
  // batch holds no good item at all.
  bool start(const Batch& batch, Loader& loader, DeviceSummary& summary);
  // Waits until the batch is done; returns it, with its pixels in device memory.
  Batch finish(DeviceSummary& summary);

  // Waits until the lane is through, then gives back its device memory; `keep_output`: but for the
  // pixels that finish() is still to return. Before the next start() there must be an acquire().
  void release(bool keep_output);
  // Takes what is missing of its device memory. Throws when there is not enough; to be repeated
  // then.
  void acquire(NvjpegDecoder* decoder);

  std::size_t device_bytes() const { return bytes_.sum(); }

 private:
  void copy(Loader& loader, DeviceSummary& summary);
  void decode(Loader& loader, DeviceSummary& summary);
  bool decode_on_cpu(std::uint32_t place, Loader& loader, DeviceSummary& summary);
  bool stand_in(Loader& loader);
  SampleInput input_of(const CutItem& cut) const;
  void transform(Loader& loader);
  void record_busy(DeviceSummary& summary);
  std::span<const std::byte> file_of(const CutItem& cut) const;
  std::uint8_t* frame_of(const CutItem& cut) const;

  const PipelineOptions& options_;
  int index_;
  NvjpegDecoder* decoder_ = nullptr;
  LaneBytes bytes_;
  DeviceStream stream_;
  DeviceBuffer arena_, frames_, weights_, tasks_, output_;
  PinnedBuffer host_tasks_, host_output_;
  DeviceEvent begun_, copied_, decoded_, done_, anchor_;
  double anchor_ns_ = 0;  // when the anchor was reached, on wall_ns()'s clock
  double issued_ns_ = 0;  // when the batch was started, on the same
  OutputSpec spec_;
  Batch batch_;
  std::vector<SampleInput> inputs_;
  std::vector<JpegJob> jobs_;
  std::vector<std::uint32_t> job_places_;
  std::vector<std::uint8_t> good_;         // by place: it can be used
  std::vector<std::uint8_t> whole_frame_;  // by place: its frame holds the image, not just the crop
  JpegDecoder cpu_decoder_;
};

}  // namespace datamon::pipeline::gpu
