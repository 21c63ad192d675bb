// The C library's functions behind the shim's own: what the process would have
// called without it, another preloaded library's included.
//
// resolve() looks all of them up once, from the shim's constructor: dlsym() may
// allocate, and a function may be called from within an allocator later on.
// Calls that come before it (from the allocator of a process that is being
// loaded) resolve on their own, or go to the kernel; see before_start().
// Thread-safe. errno is kept.
#pragma once

#include <dlfcn.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cerrno>
#include <type_traits>

namespace datamon::preload {

class NextFunction {
 public:
  constexpr explicit NextFunction(const char* name) : name_(name) {}

  // True until resolve() was there: callers with a system call of their own use
  // it then.
  bool before_start() const { return address_.load(std::memory_order_relaxed) == nullptr; }

  void* resolve() {
    const int error = errno;
    void* const found = ::dlsym(RTLD_NEXT, name_);
    address_.store(found, std::memory_order_relaxed);
    errno = error;
    return found;
  }

 protected:
  void* address() {
    void* const known = address_.load(std::memory_order_relaxed);
    return __builtin_expect(known != nullptr, 1) ? known : resolve();
  }

 private:
  const char* name_;
  std::atomic<void*> address_{nullptr};
};

template <typename Function>
class Next;

template <typename Result, typename... Parameters>
class Next<Result(Parameters...)> : public NextFunction {
 public:
  using NextFunction::NextFunction;

  // A function that this C library does not have fails with ENOSYS.
  Result operator()(Parameters... parameters) {
    void* const found = address();
    if (__builtin_expect(found == nullptr, 0)) {
      errno = ENOSYS;
      if constexpr (std::is_pointer_v<Result> || std::is_unsigned_v<Result>)
        return Result{};
      else
        return Result{-1};
    }
    return reinterpret_cast<Result (*)(Parameters...)>(found)(parameters...);
  }
};

struct Libc {
  Next<int(const char*, int, mode_t)> open{"open"};
  Next<int(const char*, int, mode_t)> open64{"open64"};
  Next<int(int, const char*, int, mode_t)> openat{"openat"};
  Next<int(int, const char*, int, mode_t)> openat64{"openat64"};
  Next<int(const char*, int)> open_2{"__open_2"};
  Next<int(const char*, int)> open64_2{"__open64_2"};
  Next<int(int, const char*, int)> openat_2{"__openat_2"};
  Next<int(int, const char*, int)> openat64_2{"__openat64_2"};
  Next<int(int)> close{"close"};
  Next<int(unsigned, unsigned, int)> close_range{"close_range"};
  Next<int(int)> dup{"dup"};
  Next<int(int, int)> dup2{"dup2"};
  Next<int(int, int, int)> dup3{"dup3"};

  Next<ssize_t(int, void*, size_t)> read{"read"};
  Next<ssize_t(int, void*, size_t, off_t)> pread{"pread"};
  Next<ssize_t(int, void*, size_t, off_t)> pread64{"pread64"};
  Next<ssize_t(int, const iovec*, int)> readv{"readv"};
  Next<ssize_t(int, const iovec*, int, off_t)> preadv{"preadv"};
  Next<ssize_t(int, const iovec*, int, off_t)> preadv64{"preadv64"};
  Next<ssize_t(int, const iovec*, int, off_t, int)> preadv2{"preadv2"};
  Next<ssize_t(int, const iovec*, int, off_t, int)> preadv64v2{"preadv64v2"};
  Next<ssize_t(int, void*, size_t, size_t)> read_chk{"__read_chk"};
  Next<ssize_t(int, void*, size_t, off_t, size_t)> pread_chk{"__pread_chk"};
  Next<ssize_t(int, void*, size_t, off_t, size_t)> pread64_chk{"__pread64_chk"};
  Next<void*(void*, size_t, int, int, int, off_t)> mmap{"mmap"};
  Next<void*(void*, size_t, int, int, int, off_t)> mmap64{"mmap64"};

  Next<FILE*(const char*, const char*)> fopen{"fopen"};
  Next<FILE*(const char*, const char*)> fopen64{"fopen64"};
  Next<FILE*(const char*, const char*, FILE*)> freopen{"freopen"};
  Next<FILE*(const char*, const char*, FILE*)> freopen64{"freopen64"};
  Next<int(FILE*)> fclose{"fclose"};
  Next<size_t(void*, size_t, size_t, FILE*)> fread{"fread"};
  Next<size_t(void*, size_t, size_t, FILE*)> fread_unlocked{"fread_unlocked"};
  Next<size_t(void*, size_t, size_t, size_t, FILE*)> fread_chk{"__fread_chk"};
  Next<size_t(void*, size_t, size_t, size_t, FILE*)> fread_unlocked_chk{"__fread_unlocked_chk"};
  Next<char*(char*, int, FILE*)> fgets{"fgets"};
  Next<char*(char*, size_t, int, FILE*)> fgets_chk{"__fgets_chk"};
  Next<ssize_t(char**, size_t*, FILE*)> getline{"getline"};
  Next<ssize_t(char**, size_t*, int, FILE*)> getdelim{"getdelim"};
  Next<ssize_t(char**, size_t*, int, FILE*)> getdelim_2{"__getdelim"};
  Next<int(FILE*)> fgetc{"fgetc"};
  Next<int(FILE*)> getc{"getc"};

  void resolve() {
    auto* functions = reinterpret_cast<NextFunction*>(this);
    for (size_t i = 0; i < sizeof(Libc) / sizeof(NextFunction); ++i) functions[i].resolve();
  }
};
static_assert(sizeof(Next<int(int)>) == sizeof(NextFunction));

inline constinit Libc libc;

}  // namespace datamon::preload
