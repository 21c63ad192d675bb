#include "pipeline/ops/jpeg_arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

namespace datamon::pipeline {
namespace {

// SIMD code of libjpeg-turbo loads and stores whole vectors: rows start on 64 bytes and are padded
// to twice that, because upsampling by two writes two vectors for each it reads.
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kRowPadding = 2 * kAlignment;
constexpr std::size_t kFirstChunkBytes = 256 * 1024;

constexpr std::size_t round_up(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

[[noreturn]] void fail_out_of_memory(j_common_ptr cinfo) {
  cinfo->err->msg_code = JERR_OUT_OF_MEMORY;
  cinfo->err->msg_parm.i[0] = 0;
  cinfo->err->error_exit(cinfo);
  __builtin_unreachable();
}

}  // namespace

// libjpeg knows these only as opaque jvirt_sarray_ptr and jvirt_barray_ptr. They are always wholly
// in memory: there is no backing store.
struct JpegArena::VirtualArray {
  VirtualArray* next = nullptr;
  void** rows = nullptr;
  std::size_t row_bytes = 0;
  JDIMENSION row_count = 0;
  bool pre_zero = false;
};

struct JpegArena::Callbacks {
  static JpegArena& arena(j_common_ptr cinfo) {
    return *static_cast<JpegArena*>(cinfo->client_data);
  }

  static void* take(j_common_ptr cinfo, std::size_t bytes) {
    void* memory = arena(cinfo).allocate(bytes);
    if (memory == nullptr) {
      fail_out_of_memory(cinfo);
    }
    return memory;
  }

  static void* alloc_small(j_common_ptr cinfo, int pool, std::size_t bytes) {
    return pool == JPOOL_IMAGE ? take(cinfo, bytes)
                               : arena(cinfo).original_.alloc_small(cinfo, pool, bytes);
  }

  static void* alloc_large(j_common_ptr cinfo, int pool, std::size_t bytes) {
    return pool == JPOOL_IMAGE ? take(cinfo, bytes)
                               : arena(cinfo).original_.alloc_large(cinfo, pool, bytes);
  }

  static void** take_rows(j_common_ptr cinfo, std::size_t row_bytes, std::size_t count) {
    auto** rows = static_cast<void**>(take(cinfo, count * sizeof(void*)));
    auto* bytes = static_cast<std::byte*>(take(cinfo, row_bytes * count));
    for (std::size_t i = 0; i < count; ++i) {
      rows[i] = bytes + i * row_bytes;
    }
    return rows;
  }

  static JSAMPARRAY alloc_sarray(j_common_ptr cinfo, int pool, JDIMENSION samples,
                                 JDIMENSION rows) {
    if (pool != JPOOL_IMAGE) {
      return arena(cinfo).original_.alloc_sarray(cinfo, pool, samples, rows);
    }
    const std::size_t row_bytes = round_up(samples * sizeof(JSAMPLE), kRowPadding);
    return reinterpret_cast<JSAMPARRAY>(take_rows(cinfo, row_bytes, rows));
  }

  static JBLOCKARRAY alloc_barray(j_common_ptr cinfo, int pool, JDIMENSION blocks,
                                  JDIMENSION rows) {
    if (pool != JPOOL_IMAGE) {
      return arena(cinfo).original_.alloc_barray(cinfo, pool, blocks, rows);
    }
    return reinterpret_cast<JBLOCKARRAY>(take_rows(cinfo, blocks * sizeof(JBLOCK), rows));
  }

  static VirtualArray* request(j_common_ptr cinfo, std::size_t row_bytes, JDIMENSION rows,
                               bool pre_zero) {
    auto* array = new (take(cinfo, sizeof(VirtualArray))) VirtualArray;
    array->row_bytes = row_bytes;
    array->row_count = rows;
    array->pre_zero = pre_zero;
    array->next = arena(cinfo).pending_;
    arena(cinfo).pending_ = array;
    return array;
  }

  // libjpeg requests virtual arrays from the image pool only.
  static jvirt_sarray_ptr request_virt_sarray(j_common_ptr cinfo, int, boolean pre_zero,
                                              JDIMENSION samples, JDIMENSION rows, JDIMENSION) {
    const std::size_t row_bytes = round_up(samples * sizeof(JSAMPLE), kRowPadding);
    return reinterpret_cast<jvirt_sarray_ptr>(request(cinfo, row_bytes, rows, pre_zero != FALSE));
  }

  static jvirt_barray_ptr request_virt_barray(j_common_ptr cinfo, int, boolean pre_zero,
                                              JDIMENSION blocks, JDIMENSION rows, JDIMENSION) {
    const std::size_t row_bytes = blocks * sizeof(JBLOCK);
    return reinterpret_cast<jvirt_barray_ptr>(request(cinfo, row_bytes, rows, pre_zero != FALSE));
  }

  static void realize(j_common_ptr cinfo) {
    for (auto*& array = arena(cinfo).pending_; array != nullptr; array = array->next) {
      array->rows = take_rows(cinfo, array->row_bytes, array->row_count);
      if (array->pre_zero) {
        std::memset(array->rows[0], 0, array->row_bytes * array->row_count);
      }
    }
  }

  static void** access(j_common_ptr cinfo, VirtualArray* array, JDIMENSION start, JDIMENSION rows) {
    if (array->rows == nullptr || start > array->row_count || rows > array->row_count - start) {
      cinfo->err->msg_code = JERR_BAD_VIRTUAL_ACCESS;
      cinfo->err->error_exit(cinfo);
    }
    return array->rows + start;
  }

  static JSAMPARRAY access_virt_sarray(j_common_ptr cinfo, jvirt_sarray_ptr array, JDIMENSION start,
                                       JDIMENSION rows, boolean) {
    return reinterpret_cast<JSAMPARRAY>(
        access(cinfo, reinterpret_cast<VirtualArray*>(array), start, rows));
  }

  static JBLOCKARRAY access_virt_barray(j_common_ptr cinfo, jvirt_barray_ptr array,
                                        JDIMENSION start, JDIMENSION rows, boolean) {
    return reinterpret_cast<JBLOCKARRAY>(
        access(cinfo, reinterpret_cast<VirtualArray*>(array), start, rows));
  }

  static void free_pool(j_common_ptr cinfo, int pool) {
    if (pool == JPOOL_IMAGE) {
      arena(cinfo).release_all();
    } else {
      arena(cinfo).original_.free_pool(cinfo, pool);
    }
  }
};

void JpegArena::attach(j_decompress_ptr cinfo) {
  cinfo->client_data = this;
  jpeg_memory_mgr& manager = *cinfo->mem;
  original_ = manager;
  manager.alloc_small = Callbacks::alloc_small;
  manager.alloc_large = Callbacks::alloc_large;
  manager.alloc_sarray = Callbacks::alloc_sarray;
  manager.alloc_barray = Callbacks::alloc_barray;
  manager.request_virt_sarray = Callbacks::request_virt_sarray;
  manager.request_virt_barray = Callbacks::request_virt_barray;
  manager.realize_virt_arrays = Callbacks::realize;
  manager.access_virt_sarray = Callbacks::access_virt_sarray;
  manager.access_virt_barray = Callbacks::access_virt_barray;
  manager.free_pool = Callbacks::free_pool;
}

void JpegArena::detach(j_decompress_ptr cinfo) {
  if (cinfo->mem != nullptr) {
    *cinfo->mem = original_;
  }
}

void* JpegArena::allocate(std::size_t bytes) {
  bytes = round_up(std::max<std::size_t>(bytes, 1), kAlignment);
  if (chunks_.empty() || chunks_.back().size - offset_ < bytes) {
    const std::size_t size = std::max({bytes, kFirstChunkBytes, capacity_bytes_});
    if (!add_chunk(std::min(size, limit_bytes_ - capacity_bytes_), bytes)) {
      return nullptr;
    }
  }
  void* result = chunks_.back().memory.get() + offset_;
  offset_ += bytes;
  return result;
}

bool JpegArena::add_chunk(std::size_t size, std::size_t needed) {
  if (size < needed) {
    return false;
  }
  auto* memory =
      static_cast<std::byte*>(::operator new (size, std::align_val_t{kAlignment}, std::nothrow));
  if (memory == nullptr) {
    return false;
  }
  chunks_.push_back({std::unique_ptr<std::byte[], AlignedDelete>(memory), size});
  capacity_bytes_ += size;
  offset_ = 0;
  return true;
}

// An image that needed several chunks leaves one that is as large as all of them, so that the next
// image of its kind finds everything in place.
void JpegArena::release_all() {
  pending_ = nullptr;
  offset_ = 0;
  if (chunks_.size() > 1) {
    const std::size_t total = capacity_bytes_;
    chunks_.clear();
    capacity_bytes_ = 0;
    add_chunk(total, total);
  }
}

void JpegArena::AlignedDelete::operator()(std::byte* memory) const {
  ::operator delete (memory, std::align_val_t{kAlignment});
}

}  // namespace datamon::pipeline
