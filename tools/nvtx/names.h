// The stage of a range, by its name (and domain): the first rule that matches,
// else the stage that is called so, else one of its own, of class "other".
//
// A number that stands alone is not part of the name: "step 17" and "step 18"
// are both "step #". Of names without a rule the first kMostNames become stages;
// those that come later share one. Names of any bytes.
//
// Thread-safe, without locks but in the monitor when a name is new; never
// allocates. A forked child finds it usable.
#pragma once

#include <string_view>

#include "datamon/monitor.h"
#include "domains.h"

namespace datamon::nvtx {

inline constexpr unsigned kMostNames = 256;

// DATAMON_NO_STAGE if a rule says that it is not recorded. An empty name is
// "unnamed range".
datamon_stage stage_of(const Domain& domain, std::string_view name);

// The stage of ranges whose name is not kept (see above).
datamon_stage stage_of_others();

// `name` with "#" for each number that stands alone, in `to`; `changed` says
// whether it has any. At most `name`'s own length, or `room`.
std::string_view without_numbers(std::string_view name, char* to, std::size_t room, bool& changed);

}  // namespace datamon::nvtx
