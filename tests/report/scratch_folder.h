// The tests' folder, by the name that the report's tests use.
#pragma once

#include "temporary_folder.h"

namespace datamon::testing {

using ScratchFolder = test::TemporaryFolder;

}  // namespace datamon::testing
