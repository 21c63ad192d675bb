// What kernels are called, from names as compilers, libraries and hostile files give them.
#include "report/kernel_name.h"

#include <gtest/gtest.h>

#include "damage.h"
#include "report/kernel_times.h"

namespace datamon::report {
namespace {

struct Named {
  const char* recorded;
  const char* shown;
};

TEST(KernelName, IsTheFunctionOfAMangledName) {
  for (const Named& each : {
           Named{"_Z6kernelPfi", "kernel"},
           Named{"_ZL6kernelPfi", "kernel"},
           Named{"_Z6kernelIfEvPT_i", "kernel"},
           Named{"_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_11FillFunctorIfEESt5arrayI"
                 "PcLm1EEEEviT0_T1_",
                 "at::native::vectorized_elementwise_kernel"},
           Named{"_ZN2at6native54_GLOBAL__N__d32e4f1b_15_DistributionNormal_cu_0c5b6e8543"
                 "distribution_elementwise_grid_stride_kernelIfEEviNS_15PhiloxCudaStateE",
                 "at::native::(anonymous namespace)::distribution_elementwise_grid_stride_kernel"},
           Named{"_ZN12_GLOBAL__N_14workEv", "(anonymous namespace)::work"},
           Named{"_ZN7cutlass7Kernel2I58cutlass_80_tensorop_s16816gemm_bf16_256x128_32x3_nn_align8"
                 "EEvNT_6ParamsE",
                 "cutlass::Kernel2<cutlass_80_tensorop_s16816gemm_bf16_256x128_32x3_nn_align8>"},
           Named{"_ZN8internal5gemvx6kernelIiifffLb0ELb1ELb1ELb0ELi7ELb0E18cublasGemvParamsExIiEEE"
                 "NSt9enable_ifIXntT5_EvE4typeET11_",
                 "internal::gemvx::kernel"},
           Named{"_ZSt4fillIPfEvT_", "std::fill"},
       })
    EXPECT_EQ(kernel_function(each.recorded), each.shown) << each.recorded;
}

TEST(KernelName, IsTheSameWrittenOut) {
  for (const Named& each : {
           Named{"kernel(float*, int)", "kernel"},
           Named{"void kernel<float>(float*, int)", "kernel"},
           Named{
               "void at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<float>, "
               "std::array<char*, 1ul> >(int, at::native::FillFunctor<float>, std::arr",
               "at::native::vectorized_elementwise_kernel"},
           Named{
               "void at::native::(anonymous namespace)::distribution_elementwise_grid_stride_kernel"
               "<float, 4>(int)",
               "at::native::(anonymous namespace)::distribution_elementwise_grid_stride_kernel"},
           Named{
               "void cutlass::Kernel2<cutlass_80_tensorop_s16816gemm_bf16_256x128_32x3_nn_align8>("
               "cutlass_80_tensorop",
               "cutlass::Kernel2<cutlass_80_tensorop_s16816gemm_bf16_256x128_32x3_nn_align8>"},
           Named{
               "std::enable_if<!(false), void>::type internal::gemvx::kernel<int, int, float>(int)",
               "internal::gemvx::kernel"},
           Named{"std::enable_if<((8)>(4)), void>::type k<((1)>(0)), int>(int)", "k"},
           Named{"(anonymous namespace)::work()", "(anonymous namespace)::work"},
       })
    EXPECT_EQ(kernel_function(each.recorded), each.shown) << each.recorded;
}

TEST(KernelName, PlainNamesStay) {
  for (const char* name : {"ampere_sgemm_128x64_nn", "triton_poi_fused_add_0", "two words", "_Z",
                           "_Zfoo", "_Z99short", "_ZNS_3fooE", "<", "(", "_ZN", "_Z0"})
    EXPECT_EQ(kernel_function(name), name);
  EXPECT_EQ(kernel_function("void sgemm"), "sgemm");
  EXPECT_EQ(kernel_function(""), "");
}

TEST(KernelName, IsItsOwnName) {
  for (const char* name :
       {"_ZN7cutlass7Kernel2I7some_opEEvv", "_ZN12_GLOBAL__N_14workEv", "void a::b<int>(int)"})
    EXPECT_EQ(kernel_function(kernel_function(name)), kernel_function(name)) << name;
}

// Substitutions that double what they stand for: demanglers write 2^100 names.
TEST(KernelName, IsShortAndSoonFound) {
  std::string bomb = "_Z1kI1AIS_S_E";
  for (int i = 0; i < 100; ++i) bomb += "1AIS" + std::to_string(i % 10) + "_S_E";
  EXPECT_EQ(kernel_function(bomb), "k<A>");
  for (const std::string& piece :
       {std::string("1a"), std::string("<"), std::string("("), std::string("St"), std::string("L"),
        std::string("a::"), std::string("(anonymous namespace)"), std::string("9")}) {
    std::string name = "_ZN";
    while (name.size() < 1 << 20) name += piece;
    EXPECT_LE(kernel_function(name).size(), kMostKernelName);
    EXPECT_LE(kernel_function(name.substr(3)).size(), kMostKernelName);
  }
}

TEST(KernelName, NoBytesAreAnError) {
  testing::Dice dice(11);
  constexpr std::string_view kSigns = "_ZNLISEt0123456789ak<>(): \n\"\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string name = dice.below(2) == 0 ? "_Z" : "";
    for (std::uint64_t length = dice.below(40); name.size() < length;)
      name += kSigns[dice.below(kSigns.size())];
    const std::string shown = kernel_function(name);
    EXPECT_EQ(shown.empty(), name.empty()) << name;
  }
}

TEST(KernelTimes, AddUpByFunction) {
  KernelTimes times;
  times.add("_Z1aIiEvv", 30);
  times.add("void a<float>()", 30);
  times.add("b", 25);
  times.add("c", 5);
  times.add("d", 5);
  times.add("", 5);
  const auto longest = times.longest(3);
  ASSERT_EQ(longest.size(), 3u);
  EXPECT_EQ(longest[0].name, "a");
  EXPECT_EQ(longest[0].count, 2u);
  EXPECT_DOUBLE_EQ(longest[0].time_s, 60e-9);
  EXPECT_DOUBLE_EQ(longest[0].share, 0.6);
  EXPECT_EQ(longest[1].name, "b");
  EXPECT_EQ(longest[2].name, "c");  // of equal ones the first by name
}

TEST(KernelTimes, AreBounded) {
  KernelTimes times;
  for (int i = 0; i < 10'000; ++i) times.add("kernel_" + std::to_string(i), 1);
  times.add("kernel_0", 1);
  times.add("late", INT64_MAX);
  EXPECT_EQ(times.longest(SIZE_MAX).size(), KernelTimes::kMostNames);
  EXPECT_EQ(times.longest(1).front().name, "kernel_0");
  EXPECT_TRUE(KernelTimes().longest(3).empty());
}

}  // namespace
}  // namespace datamon::report
