// The loader that most forecasts are tried on: two workers, cores enough.
#pragma once

#include "profile_model.h"

namespace datamon::testing {

inline ProfileModel loader() {
  ProfileModel model;
  model.workers = 2;
  model.cores = 64;
  model.steps = 800;
  return model;
}

}  // namespace datamon::testing
