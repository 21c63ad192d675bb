// Writes the seeds of fuzz/corpus/recording, each as small as the format
// allows: make_fuzz_corpus FOLDER. Run again when the format changes.
#include <cstdio>
#include <filesystem>
#include <string>

#include "damage.h"
#include "loader_model.h"
#include "recording_builder.h"

namespace {

using namespace datamon::testing;
namespace fs = std::filesystem;
namespace format = datamon::format;

// The largest file of a simulated loader's recording, by what it holds.
void loader_seeds(const fs::path& folder, const std::string& name, const LoaderModel& model) {
  const fs::path recording = folder / "making";
  write_loader(recording, model);
  int number = 0;
  for (const auto& entry : fs::directory_iterator(recording))
    fs::copy_file(entry.path(), folder / (name + std::to_string(number++) + ".mon"),
                  fs::copy_options::overwrite_existing);
  fs::remove_all(recording);
}

LoaderModel small() {
  LoaderModel model;
  model.batches = 6;
  model.batch_size = 2;
  model.file.span_block_bytes = 4096;
  model.file.window_shift = 33;
  return model;
}

void special_seed(const fs::path& folder) {
  FileBuilder file({.pid = 7, .is_root = true, .span_block_bytes = 4096});
  const std::uint16_t blur = file.stage("transform/blur\xff\n\"", 5, 1);
  TrackBuilder& track = file.track(kConsumer, 0, "main \xc3", 1);
  track.begin(kWait, 1);
  track.begin(kFetch, 1);
  track.keep_next_as_slow();
  track.span(blur, 1, 2, {.id = 1, .bytes = 5'000'000'000, .split = Split{.fault = 0.5}});
  track.end(3);
  track.end(4, {.id = 0, .name = "a photo"});
  track.interval(kQueue, 0.5, 2, 0);
  file.header().latest_index = 3;
  write_file(folder / "special.mon", file.bytes());
}

void files_seed(const fs::path& folder) {
  FileBuilder file({.pid = 7, .is_root = true});
  file.data_file("/data/a.jpg", 2, 5000, 0.01);
  file.data_file("/data/b\xff.jpg", 1, 7000, 0.02);
  file.data_file("/data/c.jpg", 1, 7000, 0.02, false);
  write_file(folder / "files.mon", file.bytes());
}

// Steps, a stream, a device and a thread that waits for it.
void devices_seed(const fs::path& folder) {
  FileBuilder file({.pid = 7, .is_root = true, .window_shift = 33, .span_block_bytes = 4096});
  const std::uint16_t kernel = file.stage("gpu-kernel", 11), wait = file.stage("gpu-wait", 11),
                      copy = file.stage("gpu-copy/to-device-pageable", 11);
  TrackBuilder& consumer = file.track(kConsumer, 0, "main");
  TrackBuilder& stream = file.track(kDeviceRole, 1 << 16 | 1, "gpu 1 stream 7");
  TrackBuilder& calls = file.track(kDeviceCallsRole, consumer.record().tid, "calls");
  for (int i = 0; i < 24; ++i) {
    const double at = 0.01 * i;
    consumer.span(kWait, at, at + 0.002, {.id = static_cast<std::uint64_t>(i)});
    stream.interval(copy, at + 0.003, at + 0.004, format::kNoId, 4096);
    stream.interval(kernel, at + 0.004, at + 0.008, file.ticks(at + 0.003));
    calls.interval(wait, at + 0.005, at + 0.009, format::kNoId);
  }
  file.note("cupti.lost_records", "18446744073709551615");
  write_file(folder / "devices.mon", file.bytes());
}

// Names of a device and of kernels, and spans that refer to what there is and is not.
void device_names_seed(const fs::path& folder) {
  FileBuilder file({.pid = 7, .is_root = true, .window_shift = 33, .span_block_bytes = 4096});
  const std::uint16_t kernel = file.stage("gpu-kernel", 11),
                      copy = file.stage("gpu-copy/to-device-pinned", 11),
                      wait = file.stage("gpu-wait", 11), load = file.stage("gpu-load", 11);
  file.note("cupti.device.1", "NVIDIA H100 80GB HBM3");
  file.note("cupti.kernel.1", "_ZN7cutlass7Kernel2I8some_op_EEvv");
  file.note("cupti.kernel.2", "void at::native::(anonymous namespace)::k<4, (1)>(0)>(int)");
  file.note("cupti.kernel.900", "plain\xff\n\"");
  TrackBuilder& consumer = file.track(kConsumer, 0, "main");
  TrackBuilder& stream = file.track(kDeviceRole, 1 << 16 | 1, "gpu 1 stream 7");
  TrackBuilder& others = file.track(kDeviceRole, 1 << 16 | 65535, "gpu 1, other streams");
  TrackBuilder& busy = file.track(kDeviceRole, 1 << 16, "gpu 1");
  TrackBuilder& calls = file.track(kDeviceCallsRole, consumer.record().tid, "calls");
  for (std::uint64_t i = 0; i < 24; ++i) {
    const double at = 0.01 * static_cast<double>(i);
    consumer.span(kWait, at, at + 0.002, {.id = i});
    stream.interval(kernel, at + 0.004, at + 0.008, file.ticks(at + 0.003), 1 + i % 3);
    stream.interval(copy, at + 0.001, at + 0.002, format::kNoId, 4096);
    others.interval(kernel, at + 0.004, at + 0.006, file.ticks(at + 0.003),
                    i % 2 == 0 ? 900 : 65535);
    others.interval(kernel, at + 0.005, at + 0.007, file.ticks(at + 0.003), 5000);
    busy.interval(14, at + 0.001, at + 0.008, format::kNoId);
    calls.interval(wait, at + 0.005, at + 0.009, format::kNoId);
    calls.interval(load, at + 0.006, at + 0.0095, format::kNoId);
  }
  write_file(folder / "device_names.mon", file.bytes());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: make_fuzz_corpus FOLDER\n", stderr);
    return 1;
  }
  const fs::path folder = arguments[1];
  fs::create_directories(folder);
  LoaderModel model = small();
  model.processes = false;
  model.workers = 1;
  loader_seeds(folder, "threads", model);
  model = small();
  model.workers = 0;
  model.cores = 0;
  model.file.most_stored_spans = 20;
  loader_seeds(folder, "alone", model);
  model = small();
  model.workers = 1;
  model.epochs = 2;
  model.loader = 1;
  loader_seeds(folder, "epochs", model);
  special_seed(folder);
  files_seed(folder);
  devices_seed(folder);
  device_names_seed(folder);
  write_file(folder / "header.mon", FileBuilder({.pid = 1}).bytes());
  return 0;
}
