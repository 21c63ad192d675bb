#include "chain.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "injection/say.h"
#include "injection/symbol.h"

extern "C" int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t table);

namespace datamon::nvtx {
namespace {

constexpr unsigned kMostCallbacks = 32;
constexpr unsigned kSizes[NVTX_CB_MODULE_SIZE] = {
    0,
    NVTX_CBID_CORE_SIZE,
    NVTX_CBID_CUDA_SIZE,
    NVTX_CBID_OPENCL_SIZE,
    NVTX_CBID_CUDART_SIZE,
    NVTX_CBID_CORE2_SIZE,
    NVTX_CBID_SYNC_SIZE,
};
static_assert(*std::max_element(std::begin(kSizes), std::end(kSizes)) < kMostCallbacks);

using ExtensionEntry = int (*)(void* module);
NvtxInitializeInjectionNvtxFunc_t g_entry = nullptr;
ExtensionEntry g_extension_entry = nullptr;

// One more than the callbacks: the last is null, as in NVTX's own tables.
NvtxFunctionPointer g_functions[NVTX_CB_MODULE_SIZE][kMostCallbacks + 1];
NvtxFunctionPointer* g_tables[NVTX_CB_MODULE_SIZE][kMostCallbacks + 1];

int NVTX_API module_table(NvtxCallbackModule module, NvtxFunctionTable* table, unsigned* size) {
  if (module <= NVTX_CB_MODULE_INVALID || module >= NVTX_CB_MODULE_SIZE) return 0;
  if (size != nullptr) *size = kSizes[module];
  if (table != nullptr) *table = g_tables[module];
  return 1;
}

void NVTX_API take_version(std::uint32_t) {}

NvtxExportTableCallbacks g_callbacks{sizeof(NvtxExportTableCallbacks), module_table};
NvtxExportTableVersionInfo g_version{sizeof(NvtxExportTableVersionInfo), NVTX_VERSION, 0,
                                     take_version};

const void* NVTX_API export_table(std::uint32_t id) {
  if (id == NVTX_ETID_CALLBACKS) return &g_callbacks;
  if (id == NVTX_ETID_VERSIONINFO) return &g_version;
  return nullptr;
}

void complain(const char* path, const char* why) {
  injection::say("datamon: the NVTX tool %s=%s is left out: %s", kChainVariable, path, why);
}

}  // namespace

void open_chain() {
  const char* path = ::secure_getenv(kChainVariable);
  if (path == nullptr || path[0] == '\0') return;
  void* library = ::dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return complain(path, ::dlerror());
  g_entry =
      injection::symbol<NvtxInitializeInjectionNvtxFunc_t>(library, "InitializeInjectionNvtx2");
  g_extension_entry =
      injection::symbol<ExtensionEntry>(library, "InitializeInjectionNvtxExtension");
  if (g_entry == nullptr) complain(path, "it has no InitializeInjectionNvtx2");
  if (g_entry == InitializeInjectionNvtx2) {  // this library itself
    g_entry = nullptr;
    g_extension_entry = nullptr;
  }
}

NvtxInitializeInjectionNvtxFunc_t chain_entry() { return g_entry; }

int start_chain_extension(void* module) {
  return g_extension_entry != nullptr ? g_extension_entry(module) : 1;
}

void start_chain(NvtxGetExportTableFunc_t table) {
  if (g_entry == nullptr) return;
  for (std::size_t module = 0; module < NVTX_CB_MODULE_SIZE; ++module)
    for (unsigned i = 1; i < kSizes[module]; ++i) g_tables[module][i] = &g_functions[module][i];
  const auto* version =
      static_cast<const NvtxExportTableVersionInfo*>(table(NVTX_ETID_VERSIONINFO));
  if (version != nullptr) g_version.version = version->version;
  if (g_entry(export_table) != 0) return;
  std::memset(g_functions, 0, sizeof g_functions);  // it declined
}

NvtxFunctionPointer chained(NvtxCallbackModule module, unsigned callback) {
  return callback < kSizes[module] ? g_functions[module][callback] : nullptr;
}

}  // namespace datamon::nvtx
