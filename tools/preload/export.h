// How the shim's functions get the names of those that they stand in for. Under
// a C++ name of their own they neither clash with the headers' declarations nor
// hide the functions that the shim itself wants to call.
#pragma once

// DATAMON_STANDS_IN(read, ssize_t, (int fd, void* to, size_t bytes)) { ... }
#define DATAMON_STANDS_IN(name, result, arguments)    \
  extern "C" __attribute__((visibility("default")))   \
  result datamon_preload_##name arguments asm(#name); \
  result datamon_preload_##name arguments
