#include "pipeline/gpu/nvjpeg_decoder.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>

#include "pipeline/error.h"

namespace datamon::pipeline::gpu {
namespace {

constexpr int kCpuThreads = 1;  // for the part of the work that is not on the GPU

// nvJPEG's memory, counted. `Memory` is NvjpegDecoder's, which it does not show.
template <typename Memory, bool kPinned>
int allocate(void* context, void** block, std::size_t bytes, nvjpeg::Stream) {
  auto& memory = *static_cast<Memory*>(context);
  const cudaError_t error = kPinned ? cudaMallocHost(block, bytes) : cudaMalloc(block, bytes);
  if (error != cudaSuccess) return 1;
  const std::lock_guard lock(memory.mutex);
  (kPinned ? memory.pinned : memory.device) += bytes;
  memory.blocks.emplace_back(*block, bytes);
  return 0;
}

template <typename Memory, bool kPinned>
int release(void* context, void* block, std::size_t, nvjpeg::Stream) {
  auto& memory = *static_cast<Memory*>(context);
  {
    const std::lock_guard lock(memory.mutex);
    const auto found = std::find_if(memory.blocks.begin(), memory.blocks.end(),
                                    [&](const auto& one) { return one.first == block; });
    if (found != memory.blocks.end()) {
      (kPinned ? memory.pinned : memory.device) -= found->second;
      memory.blocks.erase(found);
    }
  }
  return (kPinned ? cudaFreeHost(block) : cudaFree(block)) == cudaSuccess ? 0 : 1;
}

}  // namespace

// One backend of the library: its handle, and a state for each batch in flight.
struct NvjpegDecoder::Engine {
  explicit Engine(const nvjpeg::Api& functions) : api(functions) {}
  ~Engine() {
    for (const Lane& lane : lanes) api.state_destroy(lane.state);
    if (header != nullptr) api.stream_destroy(header);
    if (handle != nullptr) api.destroy(handle);
  }
  struct Lane {
    nvjpeg::State state = nullptr;
    int batch = 0;  // that it is initialised for; 0: none
  };
  const nvjpeg::Api& api;
  nvjpeg::DeviceAllocator device{};
  nvjpeg::PinnedAllocator pinned{};
  nvjpeg::Handle handle = nullptr;
  nvjpeg::JpegStream header = nullptr;
  std::vector<Lane> lanes;
};

std::unique_ptr<NvjpegDecoder::Engine> NvjpegDecoder::open(nvjpeg::Backend backend, unsigned flags,
                                                           const Sizes& sizes, int& status) {
  auto engine = std::make_unique<Engine>(api_);
  engine->device = {allocate<Memory, false>, release<Memory, false>, memory_.get()};
  engine->pinned = {allocate<Memory, true>, release<Memory, true>, memory_.get()};
  const auto ok = [&](int result) { return (status = result) == nvjpeg::kSuccess; };
  if (!ok(api_.create(backend, &engine->device, &engine->pinned, flags, &engine->handle)) ||
      !ok(api_.stream_create(engine->handle, &engine->header)))
    return nullptr;
  for (int i = 0; i < sizes.lanes; ++i) {
    Engine::Lane lane;
    if (!ok(api_.state_create(engine->handle, &lane.state))) return nullptr;
    engine->lanes.push_back(lane);
    // Only a head start: what larger images need is taken when they come. Without subsampling,
    // which is what nvJPEG asks for where kinds are mixed: else it takes memory anew with each
    // change.
    api_.batched_preallocate(engine->handle, lane.state, sizes.batch, sizes.width, sizes.height,
                             nvjpeg::kChroma444, nvjpeg::kRgbInterleaved);
    if (!ok(api_.batched_initialize(engine->handle, lane.state, sizes.batch, kCpuThreads,
                                    nvjpeg::kRgbInterleaved)))
      return nullptr;
  }
  return engine;
}

void NvjpegDecoder::check() {
  const nvjpeg::Loaded loaded = nvjpeg::load();
  if (!loaded.found) throw PipelineError(fmt::format("--backend gpu: {}", loaded.error));
}

NvjpegDecoder::NvjpegDecoder(int lanes, int batch, int width, int height)
    : memory_(std::make_unique<Memory>()) {
  const nvjpeg::Loaded loaded = nvjpeg::load();
  if (!loaded.found) throw PipelineError(fmt::format("--backend gpu: {}", loaded.error));
  api_ = loaded.api;
  int status = 0;
  const Sizes sizes{lanes, batch, width, height};
  constexpr unsigned kSmooth = nvjpeg::kUpsamplingWithInterpolation;
  hardware_ = open(nvjpeg::kHardware, kSmooth, sizes, status);
  if (hardware_ == nullptr) hardware_ = open(nvjpeg::kHardware, 0, sizes, status);
  if (hardware_ != nullptr && api_.hardware_info != nullptr) {
    unsigned cores = 0;
    api_.hardware_info(hardware_->handle, &hardware_engines_, &cores);
    if (hardware_engines_ == 0) hardware_.reset();
  }
  cuda_ = open(nvjpeg::kGpuHybrid, kSmooth, sizes, status);
  if (hardware_ == nullptr && cuda_ == nullptr)
    throw PipelineError(
        fmt::format("--backend gpu: {} does not start ({}); use --backend hybrid, which decodes on "
                    "the CPU",
                    loaded.path, nvjpeg::status_name(status)));
  const auto most = static_cast<std::size_t>(batch);
  chosen_.reserve(most);
  data_.reserve(most);
  bytes_.reserve(most);
  images_.reserve(most);
}

NvjpegDecoder::~NvjpegDecoder() = default;

bool NvjpegDecoder::supports(Engine& engine, const JpegJob& job) {
  int unsupported = 1;
  return api_.parse_header(engine.handle, reinterpret_cast<const unsigned char*>(job.file.data()),
                           job.file.size(), engine.header) == nvjpeg::kSuccess &&
         api_.batched_supported(engine.handle, engine.header, &unsupported) == nvjpeg::kSuccess &&
         unsupported == 0;
}

void NvjpegDecoder::decode_with(Engine& engine, int lane, std::span<JpegJob> jobs,
                                nvjpeg::Stream stream) {
  chosen_.clear();
  data_.clear();
  bytes_.clear();
  images_.clear();
  for (JpegJob& job : jobs) {
    if (job.decoded || !supports(engine, job)) continue;
    chosen_.push_back(&job);
    data_.push_back(reinterpret_cast<const unsigned char*>(job.file.data()));
    bytes_.push_back(job.file.size());
    nvjpeg::Image image{};
    image.channel[0] = job.frame;
    image.pitch[0] = static_cast<std::size_t>(job.width) * 3;
    images_.push_back(image);
  }
  if (chosen_.empty()) return;
  Engine::Lane& its = engine.lanes[static_cast<std::size_t>(lane)];
  const int batch = static_cast<int>(chosen_.size());
  if (its.batch != batch) {
    its.batch = 0;
    if (api_.batched_initialize(engine.handle, its.state, batch, kCpuThreads,
                                nvjpeg::kRgbInterleaved) != nvjpeg::kSuccess)
      return;
    its.batch = batch;
  }
  if (api_.batched_decode(engine.handle, its.state, data_.data(), bytes_.data(), images_.data(),
                          stream) != nvjpeg::kSuccess) {
    its.batch = 0;  // a failed batch leaves the state to be initialised again
    return;
  }
  for (JpegJob* job : chosen_) job->decoded = true;
}

void NvjpegDecoder::decode(int lane, std::span<JpegJob> jobs, nvjpeg::Stream stream) {
  for (JpegJob& job : jobs) job.decoded = false;
  if (hardware_ != nullptr) decode_with(*hardware_, lane, jobs, stream);
  if (cuda_ != nullptr) decode_with(*cuda_, lane, jobs, stream);
}

std::string NvjpegDecoder::describe() const {
  return fmt::format("nvJPEG {}, {}", nvjpeg::version(api_),
                     hardware_engines_ == 0 ? "no hardware engine"
                     : hardware_engines_ == 1
                         ? "1 hardware engine"
                         : fmt::format("{} hardware engines", hardware_engines_));
}

std::uint64_t NvjpegDecoder::device_bytes() const {
  const std::lock_guard lock(memory_->mutex);
  return memory_->device;
}
std::uint64_t NvjpegDecoder::pinned_bytes() const {
  const std::lock_guard lock(memory_->mutex);
  return memory_->pinned;
}

}  // namespace datamon::pipeline::gpu
