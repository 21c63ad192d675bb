#include "pipeline/gpu/device_lane.h"

#include <algorithm>
#include <datamon/monitor.hpp>

#include "pipeline/clock.h"
#include "pipeline/gpu/kernels.h"

namespace datamon::pipeline::gpu {
namespace {

// A moment of wall_ns()'s clock, in the past, on the monitor's clock: both are read now, and the
// monitor's rate is what it was since the program's first reading.
std::uint64_t ticks_at(double wall) {
  struct Pair {
    std::int64_t ns = wall_ns();
    std::uint64_t ticks = datamon_now();
  };
  static const Pair first;
  const Pair now;
  if (now.ns <= first.ns) return now.ticks;
  const double ticks_per_ns =
      static_cast<double>(now.ticks - first.ticks) / static_cast<double>(now.ns - first.ns);
  const double back = std::max(0.0, static_cast<double>(now.ns) - wall) * ticks_per_ns;
  return now.ticks - std::min(now.ticks, static_cast<std::uint64_t>(back));
}

}  // namespace

DeviceLane::DeviceLane(const PipelineOptions& options, int index, NvjpegDecoder* decoder)
    : options_(options),
      index_(index),
      bytes_(lane_bytes_for(options)),
      host_tasks_(bytes_.tasks),
      host_output_(options.digest ? bytes_.output : 0) {
  acquire(decoder);
  const auto batch = static_cast<std::size_t>(options.batch);
  inputs_.resize(batch);
  good_.resize(batch);
  whole_frame_.resize(batch);
  jobs_.reserve(batch);
  job_places_.reserve(batch);
  anchor_.record(stream_);
  anchor_.wait();
  anchor_ns_ = static_cast<double>(wall_ns());
}

void DeviceLane::acquire(NvjpegDecoder* decoder) {
  decoder_ = decoder;
  const auto take = [](DeviceBuffer& buffer, std::size_t bytes) {
    if (buffer.bytes() != bytes) buffer = DeviceBuffer(bytes);
  };
  take(arena_, bytes_.arena);
  take(frames_, bytes_.frames);
  take(weights_, bytes_.weights);
  take(tasks_, bytes_.tasks);
  take(output_, bytes_.output);
  spec_ = output_spec(options_.layout, options_.size, options_.size, output_.data());
}

void DeviceLane::release(bool keep_output) {
  check(cudaStreamSynchronize(stream_.get()), "work");
  for (DeviceBuffer* const buffer : {&arena_, &frames_, &weights_, &tasks_})
    *buffer = DeviceBuffer();
  if (!keep_output) output_ = DeviceBuffer();
  decoder_ = nullptr;
}

std::span<const std::byte> DeviceLane::file_of(const CutItem& cut) const {
  return batch_.arena.subspan(cut.offset, cut.bytes);
}

std::uint8_t* DeviceLane::frame_of(const CutItem& cut) const {
  return frames_.data<std::uint8_t>() + cut.frame_offset;
}

bool DeviceLane::start(const Batch& batch, Loader& loader, DeviceSummary& summary) {
  batch_ = batch;
  issued_ns_ = static_cast<double>(wall_ns());
  begun_.record(stream_);
  copy(loader, summary);
  copied_.record(stream_);
  decode(loader, summary);
  decoded_.record(stream_);
  const bool any = stand_in(loader);
  if (any) transform(loader);
  done_.record(stream_);
  return any;
}

// Pixels go to the same offsets of the device's arena; neighbours in one copy. Files stay where
// they are: nvJPEG takes them from there.
void DeviceLane::copy(Loader& loader, DeviceSummary& summary) {
  StageTimer timer(loader.clock(), Stage::transfer);
  std::uint64_t sum = 0;
  std::uint64_t from = 0, to = 0;
  const auto flush = [&] {
    if (to == from) return;
    check(cudaMemcpyAsync(arena_.data() + from, batch_.arena.data() + from, to - from,
                          cudaMemcpyHostToDevice, stream_.get()),
          "copy a batch");
    sum += to - from;
  };
  for (std::uint32_t place = 0; place < batch_.cuts.size(); ++place) {
    const CutItem& cut = batch_.cuts[place];
    if (cut.owner != place || cut.kind != CutKind::pixels) continue;
    if (cut.offset != to) {
      flush();
      from = cut.offset;
    }
    to = cut.offset + aligned_bytes(cut.bytes);
  }
  flush();
  summary.copied_bytes += sum;
  timer.item(batch_.number, sum);
}

void DeviceLane::decode(Loader& loader, DeviceSummary& summary) {
  std::fill(good_.begin(), good_.end(), std::uint8_t{1});
  std::fill(whole_frame_.begin(), whole_frame_.end(), std::uint8_t{0});
  if (decoder_ == nullptr) return;
  StageTimer timer(loader.clock(), Stage::decode);
  jobs_.clear();
  job_places_.clear();
  std::uint64_t bytes = 0;
  for (std::uint32_t place = 0; place < batch_.cuts.size(); ++place) {
    const CutItem& cut = batch_.cuts[place];
    if (cut.owner != place || cut.kind != CutKind::file) continue;
    jobs_.push_back({file_of(cut), frame_of(cut), cut.image_width, false});
    job_places_.push_back(place);
    bytes += cut.bytes;
  }
  timer.item(batch_.number, bytes);
  if (!jobs_.empty()) decoder_->decode(index_, jobs_, stream_.get());
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    if (jobs_[i].decoded) {
      whole_frame_[job_places_[i]] = 1;
      summary.decoded_on_gpu += 1;
    } else {
      good_[job_places_[i]] = decode_on_cpu(job_places_[i], loader, summary);
    }
  }
}

// The crop, dense, to where its frame would have been.
bool DeviceLane::decode_on_cpu(std::uint32_t place, Loader& loader, DeviceSummary& summary) {
  const CutItem& cut = batch_.cuts[place];
  summary.decoded_on_cpu += 1;
  const auto info = cpu_decoder_.open(file_of(cut));
  std::string error = info ? std::string() : info.error().message;
  if (error.empty()) {
    const auto crop = cpu_decoder_.decode(cut.box);
    if (crop) {
      const std::size_t row = static_cast<std::size_t>(crop->width) * kChannels;
      // From memory that is not pinned: it may be used again when the call returns.
      check(cudaMemcpy2DAsync(
                frame_of(cut), row, crop->data, static_cast<std::size_t>(crop->stride), row,
                static_cast<std::size_t>(crop->height), cudaMemcpyHostToDevice, stream_.get()),
            "copy an image");
      check(cudaStreamSynchronize(stream_.get()), "copy an image");
      return true;
    }
    error = crop.error().message;
  }
  loader.add_failure(batch_, batch_.items[place], error);
  return false;
}

// Puts the next good item in the place of each bad one, as BatchMaker does.
bool DeviceLane::stand_in(Loader& loader) {
  const auto labels = loader.labels_of(batch_);
  const auto items = loader.items_of(batch_);
  const std::size_t count = batch_.count();
  bool any = false;
  // Those that an earlier stand-in shares its bytes with are as good or bad as their owner.
  for (std::size_t place = 0; place < count; ++place) {
    good_[place] = good_[batch_.cuts[place].owner];
    any = any || good_[place] != 0;
  }
  for (std::size_t place = 0; any && place < count; ++place) {
    std::size_t from = place;
    while (good_[from] == 0) from = (from + 1) % count;
    inputs_[place] = input_of(batch_.cuts[from]);
    if (from != place) {
      labels[place] = labels[from];
      items[place] = items[from];
    }
  }
  return any;
}

// Where the crop's pixels are on the device.
SampleInput DeviceLane::input_of(const CutItem& cut) const {
  const bool whole = whole_frame_[cut.owner] != 0;
  SampleInput input;
  input.width = cut.box.width;
  input.height = cut.box.height;
  input.flip = cut.flip != 0;
  input.stride = std::int64_t{whole ? cut.image_width : cut.box.width} * kChannels;
  input.pixels =
      cut.kind == CutKind::pixels ? arena_.data<std::uint8_t>() + cut.offset : frame_of(cut);
  if (whole) input.pixels += cut.box.y * input.stride + std::int64_t{cut.box.x} * kChannels;
  return input;
}

void DeviceLane::transform(Loader& loader) {
  StageTimer timer(loader.clock(), Stage::transform);
  const int count = static_cast<int>(batch_.count());
  timer.item(batch_.number, bytes_.output);
  auto* const tasks = host_tasks_.data<SampleTask>();
  const SamplePlan plan =
      plan_samples({inputs_.data(), batch_.count()}, options_.size, options_.size,
                   weights_.data<std::int32_t>(), {tasks, batch_.count()});
  check(cudaMemcpyAsync(tasks_.data(), tasks, batch_.count() * sizeof(SampleTask),
                        cudaMemcpyHostToDevice, stream_.get()),
        "copy a batch");
  check(
      launch_weights(tasks_.data<SampleTask>(), count, options_.size, options_.size, stream_.get()),
      "start a kernel");
  check(launch_transform(tasks_.data<SampleTask>(), count, plan, spec_, stream_.get()),
        "start a kernel");
  if (options_.digest)
    check(cudaMemcpyAsync(host_output_.data(), output_.data(), bytes_.output,
                          cudaMemcpyDeviceToHost, stream_.get()),
          "copy a batch back");
}

Batch DeviceLane::finish(DeviceSummary& summary) {
  done_.wait();
  record_busy(summary);
  const std::size_t sample = sample_bytes(options_.layout, options_.size, options_.size);
  batch_.device_pixels = output_.data();
  if (options_.digest) batch_.pixels = {host_output_.data(), batch_.count() * sample};
  return batch_;
}

// The device's own times. Where they lie on the host's clock follows from the batch before, whose
// end is the anchor: from event to event the error is that of one reading. Over a long run the two
// clocks drift apart, so that what the host saw of the batch bounds it.
void DeviceLane::record_busy(DeviceSummary& summary) {
  const double copy_ns = copied_.ns_since(begun_);
  const double decode_ns = decoded_.ns_since(copied_);
  const double transform_ns = done_.ns_since(decoded_);
  summary.copy_s += copy_ns * 1e-9;
  summary.decode_s += decode_ns * 1e-9;
  summary.transform_s += transform_ns * 1e-9;
  const double latest = static_cast<double>(wall_ns()) - copy_ns - decode_ns - transform_ns;
  const double begun =
      std::min(std::max(anchor_ns_ + begun_.ns_since(anchor_), issued_ns_), latest);
  const double computing = begun + copy_ns;
  const double done = computing + decode_ns + transform_ns;
  if (active())
    datamon_record(DATAMON_GPU_BUSY, ticks_at(computing), ticks_at(done), batch_.number,
                   bytes_.output);
  swap(anchor_, done_);
  anchor_ns_ = done;
}

}  // namespace datamon::pipeline::gpu
