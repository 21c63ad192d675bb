// datamon-pipeline: runs the reference pipeline over a data set and says how fast it was.
#include <signal.h>

#include <cstdio>
#include <exception>
#include <string>

#include "flags.h"
#include "pipeline/consumer.h"
#include "pipeline/error.h"
#include "pipeline/gpu/device_feed.h"
#include "pipeline/source.h"
#include "rates_command.h"
#include "summary.h"
#include "tune.h"

namespace {

using namespace datamon::pipeline;

StopFlag caught_signal{0};

void end_run(int signal) { caught_signal.store(static_cast<std::uint32_t>(signal)); }

// The first SIGINT or SIGTERM ends the run in order, a second one at once.
void handle_signals() {
  struct sigaction action {};
  action.sa_handler = end_run;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// --max-batch: the batch follows from the budget.
void fit_batch(Flags& flags) {
  if (flags.max_batch_bytes == 0) return;
  const int fits = largest_batch(flags.options, flags.max_batch_bytes);
  if (fits == 0)
    throw PipelineError("--max-batch: not even a batch of 1 fits into " +
                        std::to_string(flags.max_batch_bytes) +
                        " bytes; give it more, or use fewer --workers, less --prefetch, a smaller "
                        "--size or --image-pixels");
  flags.options.batch = fits;
}

int run(Flags flags) {
  handle_signals();
  if (!flags.rates_file.empty())
    return write_rates(flags, *Source::open(flags.dataset), caught_signal);
  if (const std::string wrong = take_tuned_settings(flags.options); !wrong.empty())
    std::fprintf(stderr, "datamon-pipeline: %s\n", printable(wrong).c_str());
  if (flags.options.backend != Backend::cpu) gpu::check_gpu(flags.options);
  fit_batch(flags);
  datamon::Span init(DATAMON_INIT);
  const auto source = Source::open(flags.dataset);
  init.end();
  if (!flags.json) {
    std::fputs(describe_start(flags, *source).c_str(), stdout);
    std::fflush(stdout);
  }
  const RunSummary summary = run_pipeline(*source, flags.options, caught_signal);
  std::fputs((flags.json ? to_json(flags, *source, summary) : describe_end(flags, summary)).c_str(),
             stdout);
  const auto signal = static_cast<int>(caught_signal.load());
  return signal == 0 ? 0 : 128 + signal;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const ParsedFlags parsed = parse_flags(argc, argv);
    return parsed.flags ? run(*parsed.flags) : parsed.exit_code;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "datamon-pipeline: %s\n", printable(error.what()).c_str());
    return 1;
  }
}
