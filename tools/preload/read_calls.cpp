// read and its kin, and mmap, of data files.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "export.h"
#include "file_use.h"
#include "next.h"

namespace datamon::preload {
namespace {

template <typename Call>
inline ssize_t measured(int descriptor, Call call) {
  OpenFile* file = data_file(descriptor);
  if (__builtin_expect(file == nullptr, 1)) return call();
  Reading reading(*file);
  const ssize_t done = call();
  reading.end(done > 0 ? static_cast<std::uint64_t>(done) : 0);
  return done;
}

inline void* mapped(void* at, size_t bytes, int descriptor) {
  if (at == MAP_FAILED) return at;
  if (OpenFile* file = data_file(descriptor)) count_mapping(*file, bytes);
  return at;
}

}  // namespace

DATAMON_STANDS_IN(read, ssize_t, (int descriptor, void* to, size_t bytes)) {
  if (libc.read.before_start()) return ::syscall(SYS_read, descriptor, to, bytes);
  return measured(descriptor, [=] { return libc.read(descriptor, to, bytes); });
}

DATAMON_STANDS_IN(pread, ssize_t, (int descriptor, void* to, size_t bytes, off_t at)) {
  if (libc.pread.before_start()) return ::syscall(SYS_pread64, descriptor, to, bytes, at);
  return measured(descriptor, [=] { return libc.pread(descriptor, to, bytes, at); });
}

DATAMON_STANDS_IN(pread64, ssize_t, (int descriptor, void* to, size_t bytes, off_t at)) {
  if (libc.pread64.before_start()) return ::syscall(SYS_pread64, descriptor, to, bytes, at);
  return measured(descriptor, [=] { return libc.pread64(descriptor, to, bytes, at); });
}

DATAMON_STANDS_IN(readv, ssize_t, (int descriptor, const iovec* to, int count)) {
  return measured(descriptor, [=] { return libc.readv(descriptor, to, count); });
}

DATAMON_STANDS_IN(preadv, ssize_t, (int descriptor, const iovec* to, int count, off_t at)) {
  return measured(descriptor, [=] { return libc.preadv(descriptor, to, count, at); });
}

DATAMON_STANDS_IN(preadv64, ssize_t, (int descriptor, const iovec* to, int count, off_t at)) {
  return measured(descriptor, [=] { return libc.preadv64(descriptor, to, count, at); });
}

DATAMON_STANDS_IN(preadv2, ssize_t,
                  (int descriptor, const iovec* to, int count, off_t at, int flags)) {
  return measured(descriptor, [=] { return libc.preadv2(descriptor, to, count, at, flags); });
}

DATAMON_STANDS_IN(preadv64v2, ssize_t,
                  (int descriptor, const iovec* to, int count, off_t at, int flags)) {
  return measured(descriptor, [=] { return libc.preadv64v2(descriptor, to, count, at, flags); });
}

// What _FORTIFY_SOURCE makes of them.
DATAMON_STANDS_IN(__read_chk, ssize_t, (int descriptor, void* to, size_t bytes, size_t room)) {
  return measured(descriptor, [=] { return libc.read_chk(descriptor, to, bytes, room); });
}

DATAMON_STANDS_IN(__pread_chk, ssize_t,
                  (int descriptor, void* to, size_t bytes, off_t at, size_t room)) {
  return measured(descriptor, [=] { return libc.pread_chk(descriptor, to, bytes, at, room); });
}

DATAMON_STANDS_IN(__pread64_chk, ssize_t,
                  (int descriptor, void* to, size_t bytes, off_t at, size_t room)) {
  return measured(descriptor, [=] { return libc.pread64_chk(descriptor, to, bytes, at, room); });
}

// Allocators map their memory through this before the shim has started.
DATAMON_STANDS_IN(mmap, void*,
                  (void* where, size_t bytes, int protection, int flags, int file, off_t at)) {
  if (libc.mmap.before_start())
    return reinterpret_cast<void*>(::syscall(SYS_mmap, where, bytes, protection, flags, file, at));
  return mapped(libc.mmap(where, bytes, protection, flags, file, at), bytes, file);
}

DATAMON_STANDS_IN(mmap64, void*,
                  (void* where, size_t bytes, int protection, int flags, int file, off_t at)) {
  if (libc.mmap64.before_start())
    return reinterpret_cast<void*>(::syscall(SYS_mmap, where, bytes, protection, flags, file, at));
  return mapped(libc.mmap64(where, bytes, protection, flags, file, at), bytes, file);
}

}  // namespace datamon::preload
