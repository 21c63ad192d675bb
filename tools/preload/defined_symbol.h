// Looks for a symbol in the tables of all objects of the process, also of those
// that were loaded RTLD_LOCAL and that dlsym() hides.
#pragma once

namespace datamon::preload {

// Its address in the first object that defines it, other than `own`; nullptr if
// none does. Objects without a GNU hash table are passed over. Thread-safe.
void* find_defined_symbol(const char* name, const void* own);

}  // namespace datamon::preload
