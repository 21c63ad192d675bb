// Finds the decoder's function that a call to the shim was meant for.
//
// One process may hold several copies of a library, of different ABIs and each
// visible only to who loaded it, while every caller's symbol leads to the shim.
// So the real function is looked up from an address inside the object that knows
// which copy is meant: the caller (its return address), or the library itself.
//
// Thread-safe. Answers are kept for each thread and address, and are void once
// any object was unloaded. errno is kept. Never returns the shim's own function.
#pragma once

namespace datamon::preload {

// nullptr if no object of this process defines `name`: somebody found the
// shim's symbol by dlsym(RTLD_DEFAULT) or a weak reference.
void* find_function(const char* name, const void* own, const void* address);

template <typename Function>
Function* real(const char* name, Function* own, const void* address) {
  return reinterpret_cast<Function*>(
      find_function(name, reinterpret_cast<const void*>(own), address));
}

}  // namespace datamon::preload
