// What a kernel is called for people: its function with the namespaces, without
// return type, parameters and template arguments. Names come mangled (CUPTI), written
// out (Kineto) or as plain words (Triton, cuBLAS); the same kernel gets the same name
// from all of them. A first template argument that is a plain name is kept, because
// it is all that tells CUTLASS's kernels apart: "cutlass::Kernel2<cutlass_80_...>".
//
// __cxa_demangle is not used: names come from files that nobody vouches for, and a
// few hundred bytes of substitutions make it write without end. What is left out
// here is also what nobody can read.
#pragma once

#include <string>
#include <string_view>

namespace datamon::report {

inline constexpr std::size_t kMostKernelName = 120;  // bytes

// Pure; takes time in proportion to the name. "" only for "". What is no name of
// a function stays as it is, cut at kMostKernelName. Raw bytes.
std::string kernel_function(std::string_view name);

}  // namespace datamon::report
