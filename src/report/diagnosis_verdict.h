// From evidence to label, leading stage and confidence. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/diagnosis_evidence.h"

namespace datamon::report {

// Why the label is what it is.
enum class Ground {
  kNoConsumer,      // nobody takes batches in this recording
  kTooFewSteps,     // too few steady ones
  kNoStages,        // the consumer waits, but no stage of the loader was recorded
  kStraddles,       // the interval of the input wait holds the threshold
  kNoReserve,       // hardly any wait, but the loader works at its limit
  kSmallWait,       // compute-bound
  kTransfer,        // host-to-device copies
  kConsumerLoads,   // no workers: the consumer does it all
  kHandoverOnWait,  // batches are ready, the consumer takes long to get them
  kPinThread,       // the pin-memory thread is at its limit
  kFeeder,          // the workers' feeder threads are at their limit, the workers are not
  kWorkers,         // workers do not make batches fast enough
};

struct Ruling {
  Label label = Label::kInsufficientData;
  std::optional<Label> leaning;  // too few steps for a verdict, but they point there
  Ground ground = Ground::kNoConsumer;
  Confidence confidence = Confidence::kLow;
  std::optional<Cost> leader, runner_up;  // when input-bound
  Costs costs{};                          // what the ranking went by
  double leads = 1;                       // share of resamples in which the leader leads
  double margin = 1;                      // leader over runner-up
  bool by_cpu = false;                    // ranked by time on a core, as there are no cores left
  bool by_wait = false;                   // ranked by batches that were waited for, as workers idle
  std::vector<std::string> doubts;        // why the confidence is not higher
};

Ruling rule(const Profile& profile, const Evidence& evidence);

bool is_input_bound(Label label);

// The first thing that is wrong with the recording's files; nullptr if nothing is, or if
// they are another tool's.
const Problem* first_damage(const Profile& profile);

// One slow worker holds up the others: batches lie ready behind its own, and they idle.
bool slow_worker_leads(const Evidence& evidence);

// How much of the leading stage's time is unexplained sleep, if that matters; else 0.
double asleep_share(const Evidence& evidence, const Ruling& ruling);

// Other programs take cores, and none is left.
bool disturbed(const MachineEvidence& machine);

// ... and somebody of this job queues for them.
bool interferes(const Evidence& evidence);

// Who serves the reads, as the beginning of a sentence: "storage".
std::string server_of_reads(const MachineEvidence& machine);

// "stops the job 30 % of the time": what the cgroup's CPU limit does.
std::string throttling_text(const MachineEvidence& machine);

// A good part of the wait is asleep in receiving batches whose workers are at
// work on other ones: they serve late what they have sent.
bool waits_for_senders(const StepEvidence& step);

// Qualifiers, most important first.
std::vector<Qualifier> qualify(const Evidence& evidence, const Ruling& ruling);

// The evidence for the verdict, a sentence each.
std::vector<std::string> explain(const Profile& profile, const Evidence& evidence,
                                 const Ruling& ruling, const std::vector<Qualifier>& qualifiers);

}  // namespace datamon::report
