// The consumer's steps out of a trace's ranges. Pure.
#pragma once

#include <optional>
#include <vector>

#include "report/import/kineto_collector.h"

namespace datamon::report {

enum class StepKind : std::uint8_t { kStartUp, kSteady, kBoundary };

struct KinetoStep {
  std::int64_t from_ns = 0, to_ns = 0;
  StepKind kind = StepKind::kSteady;
};

struct KinetoSteps {
  bool consumer_known = false;
  std::uint32_t consumer = 0;     // its thread
  bool marked_by_user = false;    // ProfilerStep#N rather than from one wait to the next
  bool makes_batches = false;     // num_workers=0
  std::vector<KinetoStep> steps;  // by time, disjoint
  std::vector<WaitRange> waits;   // the consumer's, disjoint
  TimeSpans wait_spans;           // the same
  TimeSpans steady;
};

KinetoSteps kineto_steps(const KinetoCollector& events);

}  // namespace datamon::report
