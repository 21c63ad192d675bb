// How much memory a loader needs for its batches, and how much there is.
//
// Thread-safety: any thread. Units: bytes.
#pragma once

#include <cstdint>

#include "pipeline/options.h"

namespace datamon::pipeline {

// What a loader holds: allocated at start, never more. Workers' buffers come on top: about the
// largest file, 3 bytes a pixel of the largest crop, and what a progressive image needs.
struct LoaderMemory {
  std::uint64_t batch = 0;    // one batch with its labels
  std::uint64_t batches = 0;  // how many of them: workers * prefetch + 1
  std::uint64_t total = 0;
};
LoaderMemory memory_for(const PipelineOptions& options);

// What a budget for this backend counts: the batches in host memory, or the memory of the GPU.
std::uint64_t budgeted_bytes(const PipelineOptions& options);

// What this process may still take: what the machine has available, or less where its control
// group has a lower limit. 0: unknown.
std::uint64_t usable_memory();

// The largest options.batch whose budgeted_bytes() fit into `bytes`, everything else equal; 0: none
// does.
int largest_batch(PipelineOptions options, std::uint64_t bytes);

// Throws PipelineError when the batches do not fit into what there is; it says what would.
void check_memory(const PipelineOptions& options);

}  // namespace datamon::pipeline
