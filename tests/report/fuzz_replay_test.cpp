// The fuzzer's corpus and random changes to it, in every build: what libFuzzer
// looks for in CI must not come back unseen.
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "damage.h"
#include "recording_input.h"

namespace datamon::testing {
namespace {

std::vector<Bytes> corpus() {
  std::vector<Bytes> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(DATAMON_FUZZ_CORPUS))
    inputs.push_back(read_bytes(entry.path()));
  return inputs;
}

TEST(FuzzReplay, Corpus) {
  const auto inputs = corpus();
  ASSERT_GE(inputs.size(), 5u);
  for (const Bytes& input : inputs) exercise(input);
}

// Values that lengths and counts break at.
std::uint64_t odd_value(Dice& dice) {
  constexpr std::uint64_t values[] = {0,         1, 255, 4096, UINT32_MAX, std::uint64_t{1} << 63,
                                      UINT64_MAX};
  return values[dice.below(std::size(values))];
}

void mutate(Bytes& bytes, Dice& dice) {
  const std::size_t changes = 1 + dice.below(4);
  for (std::size_t i = 0; i < changes && bytes.size() > 8; ++i) {
    const std::size_t page = dice.below(bytes.size()) / 4096 * 4096;
    // The first 256 bytes of a page hold most of what can go wrong.
    const std::size_t at =
        std::min(page + dice.below(dice.below(2) == 0 ? 256 : 4096), bytes.size() - 8);
    switch (dice.below(5)) {
      case 0:
        bytes[at] ^= std::byte{1} << dice.below(8);
        break;
      case 1:
        put(bytes, at, odd_value(dice));
        break;
      case 2:
        put(bytes, at, static_cast<std::uint32_t>(odd_value(dice)));
        break;
      case 3:
        put(bytes, at, dice.next());
        break;
      default:
        if (dice.below(8) == 0) bytes.resize(at);
    }
  }
}

// The thread sanitizer is slow, and what it looks for does not depend on the bytes.
#if defined(__SANITIZE_THREAD__)
constexpr int kChanges = 50;
#else
constexpr int kChanges = 2000;
#endif

TEST(FuzzReplay, RandomChanges) {
  const auto inputs = corpus();
  Dice dice(3);
  for (int i = 0; i < kChanges; ++i) {
    Bytes bytes = inputs[dice.below(inputs.size())];
    mutate(bytes, dice);
    exercise(bytes);
  }
}

}  // namespace
}  // namespace datamon::testing
