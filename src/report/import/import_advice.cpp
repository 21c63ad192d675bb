// What to do where an imported file is not enough for a verdict. The verdict itself
// is diagnose()'s.
#include <fmt/format.h>

#include "report/diagnosis_thresholds.h"
#include "report/import/import.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

constexpr const char* kNext = "MON=1 python train.py, then datamon report";

Remedy record_it(const char* why) {
  return {"record the job with datamon: MON=1 python train.py, then datamon report", why};
}

void advise_megengine(Diagnosis& diagnosis) {
  diagnosis.verdict.why = {
      "the log says how long batches take to make, but not how long the loop waits for them"};
  diagnosis.remedies = {
      record_it("the log has no time of a training step, and none can be "
                "concluded from the times of its batches")};
}

void advise_kineto(const Profile& profile, Diagnosis& diagnosis) {
  const ConsumerProfile& consumer = profile.consumer;
  if (!consumer.present) {
    diagnosis.verdict.why = {"the trace does not say when the loop waits for data"};
    diagnosis.remedies = {
        {"profile the loop over torch.utils.data.DataLoader itself: its __next__ calls are what "
         "the profiler records as enumerate(DataLoader)",
         "there is no such range in the trace"},
        record_it("it needs no such range")};
  } else if (consumer.steady_steps < thresholds::kMinimumSteps) {
    diagnosis.remedies = {
        {fmt::format("profile at least {} steps: schedule(wait=1, warmup=1, active={})",
                     thresholds::kManySteps, thresholds::kManySteps + 2),
         fmt::format("{} steady step{} nothing about the spread; {} give a verdict, {} a firm one",
                     consumer.steady_steps,
                     plural(static_cast<double>(consumer.steady_steps), " says", "s say"),
                     thresholds::kMinimumSteps, thresholds::kManySteps)},
        record_it("it records every step, for about 0.5 % of the job's time")};
  } else {
    diagnosis.remedies = {
        record_it("the trace holds the consumer's process only: it waits, but not for which "
                  "stage")};
  }
}

}  // namespace

const char* to_string(ImportFormat format) {
  return format == ImportFormat::kKineto ? "kineto" : "megengine-log";
}

Diagnosis diagnose_import(const Profile& profile) {
  Diagnosis diagnosis = diagnose(profile);
  if (!profile.import) return diagnosis;
  diagnosis.next = kNext;
  if (diagnosis.verdict.label != Label::kInsufficientData) return diagnosis;
  if (profile.import->format == ImportFormat::kMegEngineLog)
    advise_megengine(diagnosis);
  else
    advise_kineto(profile, diagnosis);
  return diagnosis;
}

}  // namespace datamon::report
