// What the pipeline can be told. The default is in the declaration, the consequence in the comment;
// the program's flags (tools/datamon-pipeline/flags.cpp) are named after these fields.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/ops/normalise.h"
#include "pipeline/slow.h"

namespace datamon::pipeline {

// Where batches are made.
enum class WorkerKind {
  thread,   // threads of this process: cheapest hand-off
  process,  // forked processes, batches in shared memory: a worker's death is survived and named
};

// Where the recipe runs: one cut, before it the CPU (workers), behind it the GPU. Nothing goes back
// and forth.
enum class Backend {
  cpu,     // everything on the CPU
  hybrid,  // reading and decoding on the CPU, the rest on the GPU: the same bits as cpu
  gpu,     // reading on the CPU, decoding (nvJPEG) and the rest on the GPU: pixels may differ by
           // what the decoders' rounding differs
};

// What the stand-in for the model does in `compute_ms`.
enum class ComputeKind {
  burn,  // keeps the consumer's CPU busy: a model on the CPU; takes a core from the workers
  wait,  // sleeps: a model on a GPU; leaves the cores to the workers
};

// What happens to an image that cannot be read or decoded.
enum class OnError {
  skip,  // named and counted; the next good item of the same batch takes its place
  fail,  // the run ends with an error that names the file
};

struct PipelineOptions {
  Backend backend = Backend::cpu;
  // GPU backends: pixels of an image that memory is laid out for, on average over a batch. What
  // does not fit is resized by the CPU, which costs its time but changes no pixel.
  int image_pixels = 512 * 512;

  int workers = 0;  // 0: batches are made by the consumer itself, in its wait
  WorkerKind worker_kind = WorkerKind::thread;
  int batch = 64;    // items a batch; a batch's memory is this times the image's
  int prefetch = 2;  // batches asked of each worker ahead of the consumer; workers * prefetch + 1
                     // batches are held in memory (PyTorch's prefetch_factor)
  std::uint64_t epochs = 0;  // passes over the data; 0: as many as seconds and steps allow, and one
                             // when neither is given
  double seconds = 0;        // stop after so long; 0: no limit
  std::uint64_t steps = 0;   // stop after so many batches; 0: no limit
  std::uint64_t seed = 0;    // of order, crops and flips; equal seeds give equal batches
  bool shuffle = true;       // a new order every epoch; false: sorted by name
  bool drop_last = false;    // leave out an epoch's last batch when it is not full

  int size = 224;  // width and height of a sample, pixels
  // What lies in a batch: float16 takes half the memory of float32 and uint8 a quarter, but uint8
  // is not normalised: the device has to do that.
  SampleFormat layout = SampleFormat::float32_nchw;

  double compute_ms = 0;  // of the stand-in for the model, each step
  ComputeKind compute = ComputeKind::wait;

  OnError on_error = OnError::skip;
  bool new_workers = false;    // start new workers for each epoch, none prefetches across its end
                               // (PyTorch's persistent_workers=False); false: they live for the run
  bool digest = false;         // hash every batch (costs the consumer time): proves equal batches
  std::vector<SlowSpec> slow;  // bottlenecks made on purpose
};

// The smallest and largest values that make sense; beyond them Loader throws PipelineError.
inline constexpr int kMaxWorkers = 1024;
inline constexpr int kMaxBatch = 65536;
inline constexpr int kMaxPrefetch = 1024;
inline constexpr int kMaxSize = 4096;
inline constexpr int kMaxImagePixels = 1 << 26;

const char* to_string(Backend backend);
const char* to_string(WorkerKind kind);
const char* to_string(SampleFormat layout);  // "nchw-f32", ...
const char* to_string(ComputeKind kind);
const char* to_string(OnError on_error);

}  // namespace datamon::pipeline
