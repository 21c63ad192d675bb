#include "summary.h"

#include <fmt/format.h>

#include <cstdlib>
#include <datamon/monitor.hpp>
#include <nlohmann/json.hpp>

#include "pipeline/gpu/cut_space.h"

namespace datamon::pipeline {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownProblems = 10;

double mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 0x1p20; }

std::string plural(std::uint64_t count, std::string_view what, std::string_view end = "s") {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : end);
}

Json stages_json(const StageTotals& totals) {
  Json stages = Json::object();
  for (int i = 0; i < kStages; ++i) {
    const StageTotal& total = totals[static_cast<std::size_t>(i)];
    if (total.count == 0) continue;
    stages[to_string(static_cast<Stage>(i))] = {
        {"count", total.count},
        {"wall_s", static_cast<double>(total.wall_ns) * 1e-9},
        {"bytes", total.bytes}};
    if (total.cpu_ns > 0)
      stages[to_string(static_cast<Stage>(i))]["cpu_s"] = static_cast<double>(total.cpu_ns) * 1e-9;
  }
  return stages;
}

Json options_json(const PipelineOptions& options) {
  Json slow = Json::array();
  for (const SlowSpec& spec : options.slow) slow.push_back(spec.text);
  return {{"backend", to_string(options.backend)},
          {"workers", options.workers},
          {"worker_kind", to_string(options.worker_kind)},
          {"batch", options.batch},
          {"prefetch", options.prefetch},
          {"seed", options.seed},
          {"size", options.size},
          {"layout", to_string(options.layout)},
          {"compute_ms", options.compute_ms},
          {"compute", to_string(options.compute)},
          {"on_error", to_string(options.on_error)},
          {"new_workers", options.new_workers},
          {"slow", slow}};
}

Json memory_json(const PipelineOptions& options, const RunSummary& summary) {
  Json json = {{"batch_bytes", summary.memory.batch},
               {"batches", summary.memory.batches},
               {"batches_bytes", summary.memory.total},
               {"worker_buffers_bytes", summary.worker_memory_bytes}};
  if (options.backend != Backend::cpu) {
    const auto planned = gpu::device_memory_for(options);
    json["device_bytes"] = planned.device;
    json["pinned_bytes"] = planned.pinned;
  }
  return json;
}

Json device_json(const std::optional<DeviceSummary>& device) {
  if (!device) return {};
  return {{"name", device->name},
          {"decoder", device->decoder},
          {"copy_s", device->copy_s},
          {"decode_s", device->decode_s},
          {"transform_s", device->transform_s},
          {"copied_bytes", device->copied_bytes},
          {"decoded_on_gpu", device->decoded_on_gpu},
          {"decoded_on_cpu", device->decoded_on_cpu},
          {"resized_on_cpu", device->resized_on_cpu},
          {"allocated_bytes", device->device_bytes},
          {"nvjpeg_device_bytes", device->nvjpeg_device_bytes},
          {"nvjpeg_pinned_bytes", device->nvjpeg_pinned_bytes}};
}

std::string describe_device(const PipelineOptions& options, const RunSummary& summary) {
  if (!summary.device) return {};
  const DeviceSummary& device = *summary.device;
  std::string text = fmt::format(
      "{} was busy: copies {:.2f} s, decoding {:.2f} s, transforms {:.2f} s (they overlap)\n",
      printable(device.name), device.copy_s, device.decode_s, device.transform_s);
  if (options.backend == Backend::gpu)
    text += fmt::format("decoded by {}: {}, by the CPU: {}\n", device.decoder,
                        device.decoded_on_gpu, device.decoded_on_cpu);
  if (device.resized_on_cpu > 0)
    text += fmt::format(
        "{} did not fit into the GPU's memory for a batch and were resized by the CPU; a larger "
        "--image-pixels makes room\n",
        plural(device.resized_on_cpu, "image"));
  return text;
}

Json errors_json(const RunSummary& summary) {
  Json items = Json::array();
  for (const auto& [name, problem] : summary.problems)
    items.push_back({{"item", name}, {"reason", problem.reason}, {"count", problem.times}});
  return {{"count", summary.failed_items},
          {"batches_left_out", summary.empty_batches},
          {"items", items}};
}

// Where the recording is, if there is one, and how to see it.
std::string next_command() {
  if (!active())
    return "next: MON=1 records such a run; datamon report then says what holds it back";
  const char* const folder = std::getenv("MON_DIR");
  return fmt::format("next: datamon report{}{}", folder != nullptr ? " " : "",
                     folder != nullptr ? printable(folder) : "");
}

std::string describe_problems(const RunSummary& summary) {
  if (summary.failed_items == 0) return {};
  std::string text = fmt::format("{} could not be used; others of their batches stood in:\n",
                                 plural(summary.failed_items, "image"));
  std::size_t shown = 0;
  for (const auto& [name, problem] : summary.problems) {
    if (shown++ == kShownProblems) {
      text += fmt::format("  and {} more (--json names them)\n",
                          summary.problems.size() - kShownProblems);
      break;
    }
    text += fmt::format("  {}: {}{}\n", printable(name), printable(problem.reason),
                        problem.times > 1 ? fmt::format(" ({} times)", problem.times) : "");
  }
  if (summary.empty_batches > 0)
    text += fmt::format("  {} without a good image left out\n",
                        plural(summary.empty_batches, "batch", "es"));
  return text;
}

// Length of the UTF-8 character that `bytes` starts with; 0 when it is none.
std::size_t utf8_length(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  const std::size_t length = lead < 0x80                       ? 1
                             : lead >> 5 == 6 && lead >= 0xc2  ? 2
                             : lead >> 4 == 14                 ? 3
                             : lead >> 3 == 30 && lead <= 0xf4 ? 4
                                                               : 0;
  if (length == 0 || length > bytes.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (static_cast<unsigned char>(bytes[i]) >> 6 != 2) return 0;
  return length;
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const auto lead = static_cast<unsigned char>(bytes[0]);
    const std::size_t length = lead < 0x20 || lead == 0x7f ? 0 : utf8_length(bytes);
    if (length == 0) {
      text += fmt::format("\\x{:02x}", lead);
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

std::string describe_start(const Flags& flags, const Source& source) {
  const PipelineOptions& options = flags.options;
  const LoaderMemory memory = memory_for(options);
  std::string text =
      fmt::format("{}: {} in {}\n", printable(source.path()), plural(source.size(), "image"),
                  plural(source.classes().size(), "class", "es"));
  for (const std::string& remark : source.remarks())
    text += fmt::format("  {}\n", printable(remark));
  if (options.workers == 0) {
    text += "no workers: the consumer makes its batches itself";
  } else {
    text +=
        fmt::format("{} {}{}, each {} ahead", options.workers,
                    options.worker_kind == WorkerKind::thread ? "worker thread" : "worker process",
                    options.workers == 1                        ? ""
                    : options.worker_kind == WorkerKind::thread ? "s"
                                                                : "es",
                    plural(static_cast<std::uint64_t>(options.prefetch), "batch", "es"));
  }
  text += fmt::format(
      "; memory: {} x {:.1f} MiB = {:.0f} MiB for batches, besides each worker's buffers for its "
      "largest image\n",
      memory.batches, mebibytes(memory.batch), mebibytes(memory.total));
  if (options.backend != Backend::cpu) {
    const auto device = gpu::device_memory_for(options);
    text += fmt::format(
        "{} placement: {:.0f} MiB of GPU memory for {} batches of {}{}, {:.0f} MiB of "
        "host memory pinned\n",
        to_string(options.backend), mebibytes(device.device), gpu::kDeviceLanes, options.batch,
        options.backend == Backend::gpu ? ", besides what nvJPEG takes" : "",
        mebibytes(device.pinned));
  }
  if (flags.max_batch_bytes > 0)
    text += fmt::format("batch {}: the largest that fits into {:.0f} MiB\n", options.batch,
                        mebibytes(flags.max_batch_bytes));
  for (const SlowSpec& spec : options.slow) text += fmt::format("slowed: {}\n", spec.text);
  return text;
}

std::string describe_end(const Flags& flags, const RunSummary& summary) {
  std::string text =
      fmt::format("{} ({}) in {:.2f} s: {:.0f} images/s, {:.2f} steps/s; ended by {}\n",
                  plural(summary.steps, "step"), plural(summary.items, "image"), summary.run_s,
                  summary.items_per_s, summary.steps_per_s, to_string(summary.ended_by));
  if (summary.steps > 1)
    text +=
        fmt::format("the consumer waited for data {:.0f} % of the time (first batch: {:.2f} s)\n",
                    100 * summary.input_wait_share, summary.start_s + summary.first_batch_s);
  text += describe_device(flags.options, summary);
  if (summary.digest != 0) text += fmt::format("digest of all batches: {:016x}\n", summary.digest);
  return text + describe_problems(summary) + next_command() + "\n";
}

std::string to_json(const Flags& flags, const Source& source, const RunSummary& summary) {
  const Json json = {
      {"schema_version", 1},
      {"dataset",
       {{"path", source.path()},
        {"items", source.size()},
        {"classes", source.classes().size()},
        {"remarks", source.remarks()}}},
      {"options", options_json(flags.options)},
      {"ended_by", to_string(summary.ended_by)},
      {"steps", summary.steps},
      {"items", summary.items},
      {"epochs", summary.epochs},
      {"items_per_s", summary.items_per_s},
      {"steps_per_s", summary.steps_per_s},
      {"start_s", summary.start_s},
      {"first_batch_s", summary.first_batch_s},
      {"run_s", summary.run_s},
      {"wait_s", summary.wait_s},
      {"compute_s", summary.compute_s},
      {"cpu_s", summary.cpu_s},
      {"input_wait_share", summary.input_wait_share},
      {"stages", stages_json(summary.totals)},
      {"memory", memory_json(flags.options, summary)},
      {"device", device_json(summary.device)},
      {"errors", errors_json(summary)},
      {"digest", summary.digest == 0 ? Json() : Json(fmt::format("{:016x}", summary.digest))},
  };
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace datamon::pipeline
