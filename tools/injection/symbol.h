// Functions of libraries that are opened at run time.
#pragma once

#include <dlfcn.h>

#include <cstring>

namespace datamon::injection {

// The library's function as `Function`, or nullptr.
template <typename Function>
Function symbol(void* library, const char* name) {
  void* address = ::dlsym(library, name);
  Function function;
  static_assert(sizeof function == sizeof address);
  std::memcpy(&function, &address, sizeof function);
  return function;
}

}  // namespace datamon::injection
