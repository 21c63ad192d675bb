// The words of the verdict, as every output spells them.
#include "report/diagnosis.h"

namespace datamon::report {

const char* to_string(Label label) {
  switch (label) {
    case Label::kIoBound:
      return "io-bound";
    case Label::kDecodeBound:
      return "decode-bound";
    case Label::kTransformBound:
      return "transform-bound";
    case Label::kCollateBound:
      return "collate-bound";
    case Label::kHandoffBound:
      return "handoff-bound";
    case Label::kTransferBound:
      return "transfer-bound";
    case Label::kComputeBound:
      return "compute-bound";
    case Label::kBalanced:
      return "balanced";
    case Label::kInsufficientData:
      return "insufficient-data";
  }
  return "insufficient-data";
}

const char* to_string(Qualifier qualifier) {
  switch (qualifier) {
    case Qualifier::kTooFewWorkers:
      return "too-few-workers";
    case Qualifier::kCpuSaturated:
      return "cpu-saturated";
    case Qualifier::kStorageSaturated:
      return "storage-saturated";
    case Qualifier::kStragglerItems:
      return "straggler-items";
    case Qualifier::kOutOfOrderWait:
      return "out-of-order-wait";
    case Qualifier::kConsumerThreadBound:
      return "consumer-thread-bound";
    case Qualifier::kStartUp:
      return "start-up";
    case Qualifier::kInterference:
      return "interference";
    case Qualifier::kLaunchBound:
      return "launch-bound";
  }
  return "start-up";
}

const char* to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::kLow:
      return "low";
    case Confidence::kMedium:
      return "medium";
    case Confidence::kHigh:
      return "high";
  }
  return "low";
}

std::string to_text(const Unhelpful& unhelpful) {
  std::string out = unhelpful.change;
  if (unhelpful.forecast) out += ": " + gain_text(*unhelpful.forecast);
  if (!unhelpful.why.empty()) out += (unhelpful.forecast ? ", " : ": ") + unhelpful.why;
  return out;
}

}  // namespace datamon::report
