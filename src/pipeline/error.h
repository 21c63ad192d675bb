// Why a pipeline cannot go on. The message names what happened, to what, and what to do next.
#pragma once

#include <stdexcept>

namespace datamon::pipeline {

class PipelineError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace datamon::pipeline
