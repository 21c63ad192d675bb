// From a profile to an answer. diagnose() is pure: the same profile gives the
// same answer, on any machine, at any time. How a verdict is reached, and each
// threshold with its reason: docs/diagnosis.md and diagnosis_thresholds.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/forecast/change.h"
#include "report/interval.h"
#include "report/profile.h"

namespace datamon::report {

enum class Label {
  kIoBound,
  kDecodeBound,
  kTransformBound,
  kCollateBound,
  kHandoffBound,
  kTransferBound,
  kComputeBound,
  kBalanced,
  kInsufficientData
};
const char* to_string(Label label);  // "io-bound", ...

enum class Qualifier {
  kTooFewWorkers,
  kCpuSaturated,
  kStorageSaturated,
  kStragglerItems,
  kOutOfOrderWait,
  kConsumerThreadBound,
  kStartUp,
  kInterference,
  kLaunchBound
};
const char* to_string(Qualifier qualifier);  // "too-few-workers", ...

enum class Confidence { kLow, kMedium, kHigh };
const char* to_string(Confidence confidence);

inline bool is_among(const std::vector<Qualifier>& qualifiers, Qualifier qualifier) {
  return std::find(qualifiers.begin(), qualifiers.end(), qualifier) != qualifiers.end();
}

struct Verdict {
  Label label = Label::kInsufficientData;
  std::vector<Qualifier> qualifiers;  // most important first
  Confidence confidence = Confidence::kLow;
  Interval input_wait_share;              // of a steady step
  std::optional<std::uint32_t> rank;      // it is about this one, which the other ranks wait for
  double speedup_without_wait = 1;        // step rate if no batch had to be waited for
  StageClass stage = StageClass::kOther;  // that holds the loader back; kOther if none does
  StageClass runner_up = StageClass::kOther;
  std::vector<std::string> why;     // the evidence, a sentence each, numbers included
  std::vector<std::string> doubts;  // why the confidence is not higher, a clause each
};

// A concrete change. Every verdict has at least one.
struct Remedy {
  std::string change;  // imperative, concrete: option and value where there is one
  std::string why;     // the evidence for it
  // What a forecast of it simulates; empty if that cannot be put in numbers.
  std::vector<Change> simulated_as{};
  bool at_most = false;                // that is the best that such a change can bring
  bool saves = false;                  // it gives something back rather than being faster
  std::optional<Forecast> forecast{};  // rank_by_forecast() fills it in
};

// A change that people try and that does not help here.
struct Unhelpful {
  std::string change;
  std::string why;
  std::vector<Change> simulated_as{};
  bool at_most = false;
  std::optional<Forecast> forecast{};
  // Why it does help, if that is what the forecast says; "": although `why`.
  std::string if_it_helps{};
};
// "more workers: +0 % (-2 to +2 %), all cores are in use".
std::string to_text(const Unhelpful& unhelpful);

// A number that the verdict rests on; the JSON report lists them.
struct Fact {
  std::string name;
  double value = 0;
};

// One of the recording's data loaders, in short.
struct LoaderVerdict {
  int number = 0;
  std::string name;
  std::uint64_t steps = 0;
  double input_wait_share = 0;  // of a steady step
  Label label = Label::kInsufficientData;
};

struct Diagnosis {
  Verdict verdict;
  std::vector<Remedy> remedies;  // best first
  std::vector<Unhelpful> unhelpful;
  std::string next;         // what to do to learn more, a command where there is one
  std::vector<Fact> facts;  // inputs of the conclusions, all finite
  // All of the recording, the most important first (loaders_of()). diagnose() knows of one loader
  // only and leaves it empty: loader_overview.h.
  std::vector<LoaderVerdict> loaders;
};

Diagnosis diagnose(const Profile& profile);

}  // namespace datamon::report
