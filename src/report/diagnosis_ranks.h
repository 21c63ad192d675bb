// Ranks go in step: where one waits for data, the others wait for it, inside of what is
// compute for them. What all of them wait together then says little. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "report/profile.h"

namespace datamon::report {

// The consumer (as Step::consumer) that holds the others up: its input wait matters, and
// is clearly longer than that of all together. None: they are alike, do not go in step,
// or nobody waits.
std::optional<std::uint32_t> slowest_consumer(const Profile& profile);

// The profile as that consumer has it: its steps, workers and batches, and as much of
// each stage as those took. The job's ranks and machine stay; how long single spans took is
// known of all consumers together only, and left out.
Profile of_consumer(const Profile& profile, std::uint32_t consumer);

// How many times as long as the other consumers' its workers take for a batch; 0: not known.
double batch_factor(const Profile& profile, std::uint32_t consumer);

// The number that people know it by.
std::uint32_t rank_of(const Profile& profile, std::uint32_t consumer);

// How many consumers the steps are of; at least 1.
std::size_t consumers_of(const Profile& profile);

// How many workers a consumer has: the one with most of them.
int workers_each(const Profile& profile);

}  // namespace datamon::report
