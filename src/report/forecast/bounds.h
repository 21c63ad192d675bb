// What each resource alone could do: no loader is faster than the least of these.
#pragma once

#include <span>

#include "report/forecast/simulation.h"

namespace datamon::report {

// Batches a second; infinity for a resource that is not needed or not limited.
struct Bounds {
  double workers = kUnlimited;   // never waiting for anything but their own work
  double cores = kUnlimited;     // shared by workers, hand-off and consumer
  double storage = kUnlimited;   // always at its concurrency
  double hand_off = kUnlimited;  // feeders and the pin thread
  double consumer = kUnlimited;  // never waiting for a batch

  double least() const;
  const char* limit() const;  // its name: "workers", "cores", "storage", "hand-off", "consumer"
};

// For this very work, from the first batch asked for to the last step's end.
// Epoch boundaries are not counted: they only make it slower.
Bounds bounds_of(const LoaderSetup& setup, std::span<const BatchWork> batches,
                 std::span<const StepWork> steps);

}  // namespace datamon::report
