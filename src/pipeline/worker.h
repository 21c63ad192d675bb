// What a worker does all its life: take a request from its lane, make the batch, deliver it. The
// same for a thread and for a forked process.
//
// Ownership: refers to everything it is given. Thread-safety: one call per lane.
// Errors: an exception ends the worker; the lane says why.
#pragma once

#include "pipeline/lane.h"
#include "pipeline/options.h"
#include "pipeline/slots.h"
#include "pipeline/source.h"

namespace datamon::pipeline {

struct WorkerJob {
  const Source& source;
  const PipelineOptions& options;
  const SlotMemory& slots;
  Control& control;
  Lane& lane;
  int index;
};

// Runs until the control says stop. `orphaned` is asked now and then; true ends the worker.
void run_worker(const WorkerJob& job, bool (*orphaned)());

}  // namespace datamon::pipeline
