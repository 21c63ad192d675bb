// Simulates a whole data loader and writes the recording that it would leave:
// W workers that make batches in turn, a bounded number of batches ahead, and a
// consumer that takes them in order. Deterministic.
//
//     LoaderModel model;
//     model.workers = 4;
//     model.decode_s = 6e-3;
//     const LoaderTruth truth = write_loader(directory, model);
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "recording_builder.h"

namespace datamon::testing {

struct LoaderModel {
  int workers = 2;        // 0: the consumer makes the batches itself, inside its wait
  bool processes = true;  // workers are processes; otherwise threads of the root
  int prefetch = 2;       // batches ahead, of each worker
  int batches = 200;      // an epoch
  int epochs = 1;
  bool respawn = true;  // workers are started afresh for each epoch
  int batch_size = 8;

  // One item's time in each stage, alone; `other` is dataset code around them.
  double read_s = 0.2e-3, decode_s = 1e-3, transform_s = 0.5e-3, other_s = 0.02e-3;
  double collate_s = 0.3e-3, send_s = 0.2e-3;  // a batch
  double receive_s = 0.1e-3, transfer_s = 0, compute_s = 5e-3;
  double init_s = 0.3;                // a worker's start
  double jitter = 0;                  // each time is multiplied by 1 +- this, evenly spread
  std::uint64_t item_bytes = 90'000;  // read for each

  // Three-way splits; every `sample_every`-th item is read (0: none).
  Split read_split{.cpu = 0.1}, decode_split{.cpu = 1.0}, transform_split{.cpu = 1.0};
  int sample_every = 1;

  bool record_compute = true;    // false: only wait is recorded
  int killed_worker = -1;        // this worker dies without a word at killed_s,
  double killed_s = 0;           // and the loader ends with the last batch before
  std::optional<int> slow_item;  // this item takes slow_item_s to read, kept by name
  double slow_item_s = 0.5;
  double idle_after_epoch_s = 0;                    // the job does something else between epochs
  std::function<double(int worker)> worker_factor;  // makes one worker slower
  std::function<double(std::uint64_t item)> item_factor;  // makes some items dearer

  std::uint32_t rank = format::kUnknown, world_size = format::kUnknown;
  std::uint32_t first_pid = 1000;
  bool is_root = true;
  std::uint16_t loader = 0;
  double cores = 4;  // of the simulated machine; 0: no sampler
  std::uint64_t seed = 1;
  std::optional<std::size_t> worker_stored_spans;  // of a worker; otherwise as `file` says
  FileOptions file;  // clock, host, what is stored; pid and root are the model's
};

// What the recording should say.
struct LoaderTruth {
  std::uint64_t items = 0, batches = 0, spans = 0;
  double end_s = 0;
  double wait_s = 0, compute_s = 0, transfer_s = 0;                 // whole run
  double read_s = 0, decode_s = 0, transform_s = 0, collate_s = 0;  // whole run, all workers
  struct Batch {
    std::uint64_t id;
    int worker;
    double start_s, ready_s;                    // made
    double wait_from_s, wait_to_s, step_end_s;  // consumed
    int epoch;
  };
  std::vector<Batch> batch;
};

// Writes the files into `directory`.
LoaderTruth write_loader(const std::filesystem::path& directory, const LoaderModel& model);

}  // namespace datamon::testing
