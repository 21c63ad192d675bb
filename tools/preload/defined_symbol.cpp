#include "defined_symbol.h"

#include <link.h>

#include <cstdint>
#include <cstring>

namespace datamon::preload {
namespace {

struct Tables {
  const ElfW(Sym) * symbols = nullptr;
  const char* strings = nullptr;
  const std::uint32_t* hash = nullptr;  // DT_GNU_HASH
};

// glibc has relocated these entries, but for objects that it may not write to.
template <typename T>
const T* pointer(const dl_phdr_info& object, ElfW(Addr) value) {
  return reinterpret_cast<const T*>(value < object.dlpi_addr ? value + object.dlpi_addr : value);
}

Tables tables_of(const dl_phdr_info& object) {
  Tables tables;
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    if (object.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry =
        reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + object.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_SYMTAB) tables.symbols = pointer<ElfW(Sym)>(object, entry->d_un.d_ptr);
      if (entry->d_tag == DT_STRTAB) tables.strings = pointer<char>(object, entry->d_un.d_ptr);
      if (entry->d_tag == DT_GNU_HASH)
        tables.hash = pointer<std::uint32_t>(object, entry->d_un.d_ptr);
    }
  }
  return tables;
}

std::uint32_t gnu_hash(const char* name) {
  std::uint32_t hash = 5381;
  for (; *name != '\0'; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
  return hash;
}

// The table: bucket count, first hashed symbol, filter words, filter shift;
// filter, buckets, then a chain of hashes whose last one is odd.
const ElfW(Sym) * find_in(const Tables& tables, const char* name) {
  if (tables.symbols == nullptr || tables.strings == nullptr || tables.hash == nullptr)
    return nullptr;
  const std::uint32_t bucket_count = tables.hash[0], first = tables.hash[1];
  if (bucket_count == 0) return nullptr;
  const auto* buckets = tables.hash + 4 + tables.hash[2] * (sizeof(ElfW(Addr)) / 4);
  const auto* chains = buckets + bucket_count;
  const std::uint32_t hash = gnu_hash(name);
  std::uint32_t at = buckets[hash % bucket_count];
  if (at < first) return nullptr;
  for (;; ++at) {
    const std::uint32_t entry = chains[at - first];
    const ElfW(Sym)& symbol = tables.symbols[at];
    if ((entry | 1) == (hash | 1) && symbol.st_shndx != SHN_UNDEF && symbol.st_value != 0 &&
        ELF64_ST_TYPE(symbol.st_info) == STT_FUNC &&
        std::strcmp(tables.strings + symbol.st_name, name) == 0)
      return &symbol;
    if ((entry & 1) != 0) return nullptr;
  }
}

struct Search {
  const char* name;
  const void* own;
  void* found;
};

int look(dl_phdr_info* object, std::size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  const ElfW(Sym)* symbol = find_in(tables_of(*object), search.name);
  if (symbol == nullptr) return 0;
  void* at = reinterpret_cast<void*>(object->dlpi_addr + symbol->st_value);
  if (at == search.own) return 0;
  search.found = at;
  return 1;
}

}  // namespace

void* find_defined_symbol(const char* name, const void* own) {
  Search search{name, own, nullptr};
  ::dl_iterate_phdr(look, &search);
  return search.found;
}

}  // namespace datamon::preload
