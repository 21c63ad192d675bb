// What the jobs of monitor_job are made of.
#pragma once

#include <sys/types.h>
#include <sys/wait.h>

#include <cstdint>
#include <datamon/monitor.hpp>

namespace datamon::test {

// One item as a loader makes it: three spans.
inline void item(std::uint64_t id) {
  datamon::Span fetch(datamon::fetch);
  { datamon::Span read(datamon::read); }
  { datamon::Span decode(datamon::decode); }
  fetch.item(id, 1000, "photo \"one\".jpg");
}

inline void items(long count) {
  for (long i = 0; i < count; ++i) item(static_cast<std::uint64_t>(i));
}

inline int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace datamon::test
