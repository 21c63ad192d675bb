#include "flags.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <vector>

#include "pipeline/error.h"

namespace datamon::pipeline {
namespace {

constexpr const char* kFooter =
    R"(--slow makes bottlenecks on purpose; a knob's time lies inside its stage's span:
  STAGE=+TIME   each pass takes TIME longer: asleep for read and compute, on the CPU
                for decode, transform, resize, flip-normalise, collate, send, receive;
                STAGE=+TIME:sleep and STAGE=+TIME:burn say which
  STAGE=xN      each pass uses N times its CPU time (burns)
  worker1=xN    worker 1 uses N times its CPU time in every stage (burns)
  consumer=xN   the step's compute takes N times as long (as --compute does)
  item=0.01:+200ms        this share of items, the same every epoch, is slow to read
                          (asleep); :burn: slow to decode
  read-bandwidth=50MB/s   all workers share a device of this rate (asleep)
  read-latency=2ms        each read waits for the device (asleep)
  start=+2s               each start of a worker takes longer (asleep)

--backend says where the recipe runs; all the same options hold for each:
  cpu           everything on the CPU
  hybrid        read and decode on the CPU, the rest on the GPU: the same bits
  gpu           read on the CPU, decode (nvJPEG) and the rest on the GPU

Examples:
  datamon-pipeline photos --workers 4 --batch 64 --compute-ms 30 --seconds 10
  MON=1 datamon-pipeline photos --workers 2 --slow decode=x3 && datamon report
  datamon-pipeline photos.tar --worker-kind process --json
  datamon-pipeline photos --backend hybrid --workers 8 --layout nchw-f16 --max-batch 4GiB
  datamon-pipeline photos --rates rates.json && datamon report --rates rates.json

Exit codes: 0 done, 1 an error, 2 a wrong flag, 130 and 143 ended by SIGINT and SIGTERM.
)";

// An option whose values have names. `shown` lists them: "thread|process".
template <typename Value>
void add_choice(CLI::App& app, const std::string& name, Value& value,
                const std::map<std::string, Value>& names, const std::string& description,
                const std::string& shown) {
  const auto take = [&value, name, names, shown](const std::string& text) {
    const auto found = names.find(text);
    if (found == names.end())
      throw CLI::ValidationError(name, "'" + text + "' is not one of " + shown);
    value = found->second;
  };
  app.add_option_function<std::string>(name, take, description)
      ->type_name(shown)
      ->default_str(to_string(value));
}

void add_loader_flags(CLI::App& app, PipelineOptions& options) {
  const std::map<std::string, WorkerKind> kinds{{"thread", WorkerKind::thread},
                                                {"process", WorkerKind::process}};
  app.add_option("-w,--workers", options.workers,
                 "Workers that make batches; 0: the consumer makes them itself")
      ->capture_default_str();
  add_choice(app, "--worker-kind", options.worker_kind, kinds, "What a worker is",
             "thread|process");
  app.add_option("-b,--batch", options.batch, "Items a batch")->capture_default_str();
  app.add_option("-p,--prefetch", options.prefetch, "Batches asked of each worker ahead")
      ->capture_default_str();
  app.add_flag("--new-workers", options.new_workers, "Start new workers for each epoch");
  const std::map<std::string, OnError> on_error{{"skip", OnError::skip}, {"fail", OnError::fail}};
  add_choice(app, "--on-error", options.on_error, on_error,
             "An image that cannot be used: skip (another of its batch stands in, it is named and "
             "counted) or fail",
             "skip|fail");
}

void add_gpu_flags(CLI::App& app, Flags& flags) {
  const std::map<std::string, Backend> backends{
      {"cpu", Backend::cpu}, {"hybrid", Backend::hybrid}, {"gpu", Backend::gpu}};
  add_choice(app, "--backend", flags.options.backend, backends, "Where the recipe runs (see below)",
             "cpu|hybrid|gpu");
  app.add_option("--image-pixels", flags.options.image_pixels,
                 "GPU backends: mean size of an image that memory is laid out for; what does not "
                 "fit is resized by the CPU")
      ->capture_default_str();
  app.add_option(
         "--max-batch", flags.max_batch_bytes,
         "Use the largest batch whose memory fits into so much: the batches in host memory, "
         "or with a GPU backend the memory of the GPU (4GB, 512MiB)")
      ->transform(CLI::AsSizeValue(true));
}

// What a measurement of all placements decides by itself.
void add_rates_flag(CLI::App& app, Flags& flags) {
  CLI::Option* const rates = app.add_option(
      "--rates", flags.rates_file,
      "Measure what an image costs in each placement that can run here (--seconds each, default "
      "3), and write it to FILE for datamon report --rates and datamon forecast --rates");
  rates->type_name("FILE");
  for (const char* const name : {"--backend", "--worker-kind", "--epochs", "--steps", "--slow",
                                 "--compute-ms", "--digest", "--max-batch"})
    rates->excludes(app.get_option(name));
}

void add_run_flags(CLI::App& app, PipelineOptions& options) {
  app.add_option("-e,--epochs", options.epochs,
                 "Passes over the data (default: 1, or no limit with --seconds or --steps)");
  app.add_option("-s,--seconds", options.seconds, "Stop after this time")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--steps", options.steps, "Stop after so many batches");
  app.add_option("--seed", options.seed,
                 "Of order, crops and flips: the same seed gives the same batches")
      ->capture_default_str();
  app.add_flag("!--no-shuffle", options.shuffle, "Take the items in order of their names");
  app.add_flag("--drop-last", options.drop_last, "Leave out an epoch's last, smaller batch");
}

void add_sample_flags(CLI::App& app, PipelineOptions& options) {
  const std::map<std::string, SampleFormat> layouts{{"nchw-f32", SampleFormat::float32_nchw},
                                                    {"nchw-f16", SampleFormat::float16_nchw},
                                                    {"nhwc-u8", SampleFormat::uint8_nhwc}};
  app.add_option("--size", options.size, "Width and height of a sample, pixels")
      ->capture_default_str();
  add_choice(app, "--layout", options.layout, layouts,
             "What a batch holds: normalised planes, or interleaved bytes",
             "nchw-f32|nchw-f16|nhwc-u8");
}

void add_compute_flags(CLI::App& app, PipelineOptions& options) {
  const std::map<std::string, ComputeKind> kinds{{"burn", ComputeKind::burn},
                                                 {"wait", ComputeKind::wait}};
  app.add_option("-c,--compute-ms", options.compute_ms,
                 "What the stand-in for the model takes for a batch")
      ->check(CLI::Range(0.0, 3.6e6));
  add_choice(app, "--compute", options.compute, kinds,
             "How: sleeping, as with a GPU, or keeping a CPU busy", "wait|burn");
  app.add_flag("--digest", options.digest, "Hash every batch, to compare runs (costs time)");
}

}  // namespace

ParsedFlags parse_flags(int argc, char** argv) {
  Flags flags;
  std::vector<std::string> slow;
  CLI::App app(
      "Loads a folder of folders of JPEGs, or a .tar of them, as a training job would:\n"
      "read, decode, random resized crop, flip, normalise, collate. MON=1 records it.",
      "datamon-pipeline");
  app.footer(kFooter);
  app.add_option("DATASET", flags.dataset, "A folder of folders of JPEGs, or a .tar")->required();
  add_loader_flags(app, flags.options);
  add_gpu_flags(app, flags);
  add_run_flags(app, flags.options);
  add_sample_flags(app, flags.options);
  add_compute_flags(app, flags.options);
  app.add_option("--slow", slow, "Make something slower by a known amount (see below)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--json", flags.json, "Print one JSON object instead of text");
  add_rates_flag(app, flags);
  try {
    app.parse(argc, argv);
    for (const std::string& text : slow) flags.options.slow.push_back(parse_slow(text));
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? 0 : 2};
  } catch (const PipelineError& error) {
    std::cerr << error.what() << '\n';
    return {std::nullopt, 2};
  }
  return {flags, 0};
}

}  // namespace datamon::pipeline
