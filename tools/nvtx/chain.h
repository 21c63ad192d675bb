// Another NVTX tool behind this library (MON_NVTX_CHAIN names it; the one that
// NVTX_INJECTION64_PATH named before). It is given one set of NVTX function
// tables, ours; what it installs there is called for every NVTX call of every
// shared object of the job, with the job's own arguments: handles and ids that
// it gives out are the ones that the job gets.
//
// open_chain() and start_chain() are called once each, by the thread that
// initialises; the rest is thread-safe. Nothing throws.
#pragma once

#include <nvtx3/nvToolsExt.h>

namespace datamon::nvtx {

inline constexpr const char* kChainVariable = "MON_NVTX_CHAIN";

// Opens the library, if one is named. Prints a line if it cannot be used.
void open_chain();

// The tool's entry points, or nullptr.
NvtxInitializeInjectionNvtxFunc_t chain_entry();

// Hands an extension's module to the tool: its answer, or 1 if it takes none.
int start_chain_extension(void* module);

// Initialises the tool with our tables; `table` tells it NVTX's version.
void start_chain(NvtxGetExportTableFunc_t table);

// What the tool installed for a call, or nullptr.
NvtxFunctionPointer chained(NvtxCallbackModule module, unsigned callback);

}  // namespace datamon::nvtx
