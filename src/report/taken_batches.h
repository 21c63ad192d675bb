// Which batch each of the consumers' steps took. Pure functions.
//
// A batch number alone names no batch: numbers start again with each epoch and are
// the same in every rank. With its consumer and the moment of its hand-over, which
// steps and batches both know, it does. Where the moment is not known it is the
// latest batch of that number and consumer that was made before the step ended; it is
// taken once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "report/profile.h"

namespace datamon::report {

inline constexpr std::size_t kNoBatch = SIZE_MAX;

// For each of profile.consumer.step the place in profile.batches of the batch that it
// took; kNoBatch where that is not known or was not kept.
std::vector<std::size_t> taken_batches(const Profile& profile);

// What steady steps waited for each of profile.batches, in seconds.
std::vector<double> waits_for_batches(const Profile& profile);

}  // namespace datamon::report
