#include "monitor/arena.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

namespace datamon::monitor {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxChunks = 4096;

// Where the next memory comes from; lies in the root region, so that a child
// finds it empty.
struct Bump {
  std::byte* data;
  std::size_t left;
};
Bump* g_bump = nullptr;

struct Chunk {
  void* data;
  std::size_t bytes;
};
Chunk g_chunks[kMaxChunks];  // all that were ever made, in parents too
std::size_t g_chunk_count = 0;
bool g_wipe_by_handler = false;

void wipe_in_child() {
  for (std::size_t i = 0; i < g_chunk_count; ++i)
    ::madvise(g_chunks[i].data, g_chunks[i].bytes, MADV_DONTNEED);
}

std::byte* map_chunk(std::size_t bytes) {
  if (g_chunk_count == kMaxChunks) return nullptr;
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return nullptr;
  ::madvise(data, bytes, MADV_NOHUGEPAGE);  // mostly untouched tables
  if (::madvise(data, bytes, MADV_WIPEONFORK) != 0 && !g_wipe_by_handler) {
    g_wipe_by_handler = true;
    ::pthread_atfork(nullptr, nullptr, wipe_in_child);
  }
  g_chunks[g_chunk_count] = {data, bytes};
  ++g_chunk_count;
  return static_cast<std::byte*>(data);
}

}  // namespace

void* arena_root(std::size_t bytes) {
  std::byte* data = map_chunk(bytes + 64);
  if (data == nullptr) return nullptr;
  g_bump = reinterpret_cast<Bump*>(data);
  return data + 64;
}

void* arena_allocate(std::size_t bytes) {
  bytes = (bytes + 63) & ~std::size_t{63};
  if (g_bump->left < bytes) {
    const std::size_t chunk_bytes = std::max(kChunkBytes, bytes);
    std::byte* data = map_chunk(chunk_bytes);
    if (data == nullptr) return nullptr;
    *g_bump = {data, chunk_bytes};
  }
  void* result = g_bump->data;
  g_bump->data += bytes;
  g_bump->left -= bytes;
  return result;
}

}  // namespace datamon::monitor
