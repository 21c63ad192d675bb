// From a profile to an answer. diagnose() is pure: the same profile gives the
// same answer, on any machine, at any time. How a verdict is reached, and each
// threshold with its reason: docs/diagnosis.md and diagnosis_thresholds.h.
#pragma once

#include <string>
#include <vector>

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
  kInterference
};
const char* to_string(Qualifier qualifier);  // "too-few-workers", ...

enum class Confidence { kLow, kMedium, kHigh };
const char* to_string(Confidence confidence);

// A measured value with its 95 % interval.
struct Interval {
  double value = 0, low = 0, high = 0;
};

struct Verdict {
  Label label = Label::kInsufficientData;
  std::vector<Qualifier> qualifiers;  // most important first
  Confidence confidence = Confidence::kLow;
  Interval input_wait_share;              // of a steady step
  double speedup_without_wait = 1;        // step rate if no batch had to be waited for
  StageClass stage = StageClass::kOther;  // that holds the loader back; kOther if none does
  StageClass runner_up = StageClass::kOther;
  std::vector<std::string> why;  // the evidence, a sentence each, numbers included
};

// A concrete change. Every verdict has at least one.
struct Remedy {
  std::string change;  // imperative, concrete: option and value where there is one
  std::string why;     // the evidence for it
};

// A number that the verdict rests on; the JSON report lists them.
struct Fact {
  std::string name;
  double value = 0;
};

struct Diagnosis {
  Verdict verdict;
  std::vector<Remedy> remedies;        // best first
  std::vector<std::string> unhelpful;  // changes people try that will not help here, with why
  std::string next;                    // what to do to learn more, a command where there is one
  std::vector<Fact> facts;             // inputs of the conclusions, all finite
};

Diagnosis diagnose(const Profile& profile);

}  // namespace datamon::report
