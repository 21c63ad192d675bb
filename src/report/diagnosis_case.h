// What the advice on one diagnosis is made from. Internal to the diagnosis.
#pragma once

#include <algorithm>
#include <vector>

#include "report/diagnosis_ranks.h"
#include "report/diagnosis_remedies.h"

namespace datamon::report {

struct Case {
  const Profile& profile;
  const Evidence& evidence;
  const Ruling& ruling;
  const std::vector<Qualifier>& qualifiers;

  bool has(Qualifier qualifier) const { return is_among(qualifiers, qualifier); }
  int ranks() const { return std::max(1, profile.job.ranks); }
  // Of one rank, as options count them.
  int workers() const { return std::max({0, workers_each(profile), profile.job.workers}); }
  // Batches ahead of each worker.
  int prefetch() const { return profile.job.prefetch > 0 ? profile.job.prefetch : kUsualPrefetch; }
  // Behind a number of workers, where there are ranks.
  const char* in_each_rank() const { return ranks() > 1 ? " in each rank" : ""; }
};

// Its adapter is one of Python's.
inline bool is_python(const JobFacts& job) {
  return job.adapter.starts_with("python ") || job.adapter.starts_with("torch ");
}

// How many ranks share a host's cores.
inline int ranks_of_host(const Profile& profile) {
  const int hosts = std::max(1, profile.machine.hosts), ranks = std::max(1, profile.job.ranks);
  return (ranks - 1) / hosts + 1;
}

// How many workers of each rank would keep its consumer from waiting, as far as the
// cores allow; 0 if that cannot be said or is not more than there are.
int workers_to_have(const Case& c);

// So many workers in each rank.
inline Change change_to_workers(int workers) {
  return {ChangeKind::kWorkers, static_cast<double>(workers), ""};
}

// Adds the changes that people try and that will not help here, each with why.
void say_unhelpful(const Case& c, Advice& out);

}  // namespace datamon::report
