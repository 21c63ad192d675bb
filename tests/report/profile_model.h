// A Profile of a simulated data loader, made in code: W workers make batches in
// turn, each at most `prefetch` ahead, and a consumer takes them in order.
// Deterministic. For tests of the diagnosis and of the renderers; whole
// recordings come from loader_model.h.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "report/profile.h"

namespace datamon::testing {

// Seconds that a batch costs its maker, by stage.
struct BatchCost {
  double read = 1e-3, decode = 2e-3, transform = 1e-3, collate = 0.3e-3, send = 0.1e-3;
  double other = 0;  // dataset code around them
};

struct ProfileModel {
  int workers = 4;  // 0: the consumer makes the batches
  int prefetch = 2;
  int steps = 400;
  int items = 32;  // a batch
  BatchCost cost;
  double receive_s = 0.05e-3, transfer_s = 0, compute_s = 1e-3;
  double jitter = 0.1;        // each time is multiplied by 1 +- this
  double cores = 8;           // allowed and online
  double other_programs = 0;  // cores that they use
  bool splits = true;         // CPU readings were taken
  double decode_blocked = 0;  // share of decode that is blocked
  double crowded = 0;         // share of all CPU stages spent in the run queue
  double start_up_s = 0.05;   // before the first steady step
  std::function<double(int batch, int worker)> slowness;  // factor on a batch's cost
  std::function<double(int step)> longer;                 // factor on a step's compute
  double scale = 1;                                       // on every time
  std::uint64_t seed = 1;
};

report::Profile make_profile(const ProfileModel& model);

// The same steps and batches in epochs of `batches`: numbers start again.
void number_by_epoch(report::Profile& profile, std::uint64_t batches);

// One job of several ranks, each with a consumer and workers of its own.
report::Profile as_ranks(const std::vector<report::Profile>& ranks);

}  // namespace datamon::testing
