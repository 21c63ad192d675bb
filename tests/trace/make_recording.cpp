// Writes one of several recordings for the Python tests of the export:
//     make_recording KIND FOLDER
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "loader_model.h"
#include "recording_builder.h"

namespace {

using namespace datamon;
using namespace datamon::testing;
namespace fs = std::filesystem;

// Four worker processes, epochs with repeated batch numbers, a slow item.
void loader(const fs::path& folder) {
  LoaderModel model;
  model.workers = 4;
  model.batches = 60;
  model.epochs = 2;
  model.jitter = 0.2;
  model.decode_s = 3e-3;
  model.slow_item = 37;
  model.slow_item_s = 0.2;
  write_loader(folder, model);
}

// Long enough to be cut: three epochs, each with workers of its own; a slow item
// late in the first.
void epochs(const fs::path& folder) {
  LoaderModel model;
  model.workers = 4;
  model.batches = 150;
  model.epochs = 3;
  model.jitter = 0.2;
  model.slow_item = 1100;
  model.slow_item_s = 0.15;
  write_loader(folder, model);
}

// Items of every length between 1 and 5 ms, each kept as a slow one.
void slow_items(const fs::path& folder) {
  FileBuilder file({.pid = 6, .is_root = true});
  for (std::uint32_t worker = 0; worker < 2; ++worker) {
    TrackBuilder& track = file.track(kWorker, worker, "worker");
    double at = 0.01;
    for (std::uint64_t i = 0; i < 60; ++i) {
      const double lasts = 1e-3 + 4e-3 * static_cast<double>(i * 7 % 60 * 2 + worker) / 120;
      track.keep_next_as_slow();
      track.begin(kFetch, at);
      track.span(kRead, at, at + lasts / 2);
      track.span(kDecode, at + lasts / 2, at + lasts);
      track.end(at + lasts, {.id = i, .name = "item"});
      at += lasts * 1.1;
    }
  }
  file.write(folder);
}

void threads(const fs::path& folder) {
  LoaderModel model;
  model.processes = false;
  model.transfer_s = 1e-3;
  write_loader(folder, model);
}

// The ring went round: the middle of the run has no spans.
void gap(const fs::path& folder) {
  LoaderModel model;
  model.batches = 400;
  model.file.most_stored_spans = 1000;
  write_loader(folder, model);
}

// Two hosts with the same process numbers; their realtime clocks agree, their
// ticks and boot times do not.
void hosts(const fs::path& folder) {
  for (int host = 0; host < 2; ++host) {
    LoaderModel model;
    model.batches = 30;
    model.rank = static_cast<std::uint32_t>(host);
    model.world_size = 2;
    model.file.host = "host" + std::to_string(host);
    model.file.boot_id = "00000000-0000-0000-0000-00000000000" + std::to_string(host + 1);
    model.file.base_ticks = 7'000'000'000u * (host + 1);
    model.file.ticks_per_second = host == 0 ? 2.5e9 : 3.1e9;
    write_loader(folder / "", model);
  }
}

const std::string kHostile[] = {
    "quote\" backslash\\ slash/",
    "line\nfeed\rtab\tbell\x07",
    std::string("nul\0inside", 10),
    "\xED\xA0\x80 lone surrogate",
    "\xC0\xAF overlong \xF5\x80\x80\x80 beyond",
    "cut off \xE2\x82",
    "\x80\x80 only continuation \xFE\xFF",
    "</script><!-- html & -->",
    "\xEF\xBB\xBF"
    " bom",
    "\xE2\x80\xA8 line separator \xF0\x9F\x90\x8C",
    "",
};

void hostile(const fs::path& folder) {
  FileBuilder file({.pid = 4000, .is_root = true, .host = "h\xFFost\""});
  file.note("command",
            "python \"tr\xFF"
            "ain\".py\n");
  double at = 0.1;
  int number = 0;
  for (const std::string& name : kHostile) {
    const std::uint16_t stage = file.stage(name, static_cast<std::uint16_t>(number % 12));
    TrackBuilder& track = file.track(kWorker, static_cast<std::uint32_t>(number), name);
    track.keep_next_as_slow();
    track.begin(kFetch, at);
    track.span(stage, at + 0.01, at + 0.02, {.id = 7, .bytes = 5, .name = name});
    track.end(at + 0.05, {.id = static_cast<std::uint64_t>(number), .bytes = 99, .name = name});
    ++number;
  }
  file.sample({{"od\xFF\"d metric", "\xFFu", format::MetricKind::kGauge,
                [](double s) { return std::fmod(s, 0.4) < 0.2 ? std::nan("") : 1e300; }},
               {"infinite", "1", format::MetricKind::kGauge,
                [](double) { return std::numeric_limits<double>::infinity(); }}},
              0.1, 2, 0.1);
  file.write(folder);
}

// Every thread number and process number is used twice, some are no numbers of Linux.
void same_numbers(const fs::path& folder) {
  for (int process = 0; process < 3; ++process) {
    FileBuilder file({.pid = process == 2 ? 4'294'967'295u : 77,
                      .is_root = process == 0,
                      .host = "host" + std::to_string(process),
                      .boot_id = "boot" + std::to_string(process)});
    for (std::uint32_t thread = 0; thread < 3; ++thread) {
      TrackBuilder& track = file.track(kOtherRole, 0, "");
      track.record().tid = thread == 2 ? 0 : 77;
      track.span(kRead, 0.1, 0.2);
    }
    file.write(folder);
  }
}

// Slices that touch, start together, end together, and last no time at all.
void touching(const fs::path& folder) {
  FileBuilder file({.pid = 5, .is_root = true, .ticks_per_second = 2.3e9});
  TrackBuilder& track = file.track(kWorker, 0, "worker");
  double at = 0.001;
  const double tick = 1 / 2.3e9;
  for (int i = 0; i < 2000; ++i) {
    track.begin(kFetch, at);
    track.begin(kRead, at);
    track.begin(kDecode, at);
    track.end(at + 3 * tick * (i % 7));
    track.begin(kTransform, at + 3 * tick * (i % 7));
    track.end(at + 40 * tick);
    track.end(at + 40 * tick);
    track.end(at + 40 * tick, {.id = static_cast<std::uint64_t>(i)});
    at += 40 * tick;
  }
  file.write(folder);
}

// One thread takes from two loaders in turn. Each has a worker, whose feeder sends
// a batch some time after the worker's own send has returned.
void two_loaders(const fs::path& folder) {
  FileBuilder job({.pid = 50, .is_root = true});
  job.note("loader.1.name", "train: photos");
  TrackBuilder* consumer[] = {nullptr, &job.track(kConsumer, 0, "main", 1),
                              &job.track(kConsumer, 0, "main", 2)};
  consumer[1]->record().tid = consumer[2]->record().tid = 50;
  double at = 0.1;
  for (std::uint32_t loader = 1; loader <= 2; ++loader) {
    FileBuilder process({.pid = 60 + loader, .parent_pid = 50});
    TrackBuilder& worker = process.track(kWorker, 0, "worker 0", loader);
    TrackBuilder& feeder = process.track(kPinRole, 0, "feeder", loader);
    for (std::uint64_t i = 0; i < 20; ++i) {
      worker.span(kCollate, at, at + 0.004, {.id = i});
      worker.span(kSend, at + 0.004, at + 0.00401, {.id = i});
      feeder.span(kSend, at + 0.005, at + 0.007, {.id = i});
      consumer[loader]->begin(kWait, at);
      consumer[loader]->span(kReceive, at + 0.0065, at + 0.008, {.id = i});
      consumer[loader]->end(at + 0.009, {.id = i});
      consumer[loader]->span(kCompute, at + 0.009, at + 0.010, {.id = i});
      at += 0.010;
    }
    process.write(folder);
  }
  job.write(folder);
}

// Two processes with GPUs: one says what devices and kernels are called, the other (an
// older recording) does not. Work is stored out of order, and some of it overlaps.
void devices(const fs::path& folder) {
  for (int process = 0; process < 2; ++process) {
    const bool named = process == 0;
    FileBuilder file({.pid = named ? 300u : 400u, .is_root = named});
    const std::uint16_t kernel = file.stage("gpu-kernel", 11),
                        memset = file.stage("gpu-memset", 11),
                        pinned = file.stage("gpu-copy/to-device-pinned", 11),
                        pageable = file.stage("gpu-copy/to-device-pageable", 11),
                        wait = file.stage("gpu-wait", 11), load = file.stage("gpu-load", 11);
    if (named) {
      file.note("cupti.device.0", "NVIDIA \"H200\" <b>");
      file.note("cupti.kernel.1", "_ZN2at6native13reduce_kernelILi512ELi1EEEvv");
      file.note("cupti.kernel.2", "odd\xff\n\"kernel</script>");
    }
    TrackBuilder& consumer = file.track(kConsumer, 0, "main");
    TrackBuilder& stream = file.track(kDeviceRole, 2, "gpu 0 stream 7");
    TrackBuilder& copies = file.track(kDeviceRole, 1, "gpu 0 stream 14");
    TrackBuilder& busy = file.track(kDeviceRole, 0, "gpu 0");
    TrackBuilder& other = file.track(kDeviceRole, 1 << 16 | 65535, "gpu 1, other streams");
    TrackBuilder& calls =
        file.track(kDeviceCallsRole, consumer.record().tid, "CUDA calls of thread 1");
    // What libdatamon-cupti.so's thread recorded.
    for (TrackBuilder* track : {&stream, &copies, &busy, &other, &calls}) track->record().tid = 299;
    const double ms = 1e-3;
    for (std::uint64_t i = 0; i < 40; ++i) {
      const double at = 0.1 + static_cast<double>(i) * 10 * ms;
      consumer.span(kWait, at, at + ms, {.id = i});
      consumer.span(kCompute, at + ms, at + 9 * ms, {.id = i});
      const std::uint64_t launched = file.ticks(at + ms);
      copies.interval(i % 2 == 0 ? pinned : pageable, at + 2 * ms, at + 3 * ms, launched, 1 << 20);
      // The second kernel is stored before the first and begins before that has ended.
      stream.interval(kernel, at + 5 * ms, at + 7 * ms, launched, named ? 2 : 0);
      stream.interval(kernel, at + 3 * ms, at + 5.1 * ms, launched, named ? 1 : 0);
      stream.interval(memset, at + 7.5 * ms, at + 7.6 * ms, format::kNoId, 64);
      other.interval(kernel, at + 4 * ms, at + 6 * ms, launched, 65535);
      busy.interval(14, at + 2 * ms, at + 7 * ms, format::kNoId);
      calls.interval(wait, at + 2 * ms, at + 7.7 * ms, format::kNoId);
      calls.interval(load, at + 1.2 * ms, at + 1.4 * ms, format::kNoId);
    }
    file.write(folder);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<void(const fs::path&)>> kinds = {
      {"loader", loader},
      {"epochs", epochs},
      {"slow_items", slow_items},
      {"threads", threads},
      {"gap", gap},
      {"hosts", hosts},
      {"hostile", hostile},
      {"same_numbers", same_numbers},
      {"touching", touching},
      {"two_loaders", two_loaders},
      {"devices", devices}};
  const auto kind = argc == 3 ? kinds.find(argv[1]) : kinds.end();
  if (kind == kinds.end()) {
    std::fprintf(stderr, "make_recording KIND FOLDER\n");
    return 2;
  }
  kind->second(argv[2]);
  return 0;
}
