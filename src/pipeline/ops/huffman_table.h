// Huffman codes of a JPEG prepared for looking up a code together with what it says about the bits
// behind it.
//
// Thread-safety: plain data.
#pragma once

#include <array>
#include <cstdint>

#include "pipeline/ops/libjpeg.h"

namespace datamon::pipeline {

// A coefficient as the stream holds it: a Huffman code for (run of zeros, size), then a number of
// `size` bits.
struct HuffmanToken {
  std::uint8_t bits = 0;  // of code and number together; 0: a code longer than kLookBits
  std::uint8_t run = 0;   // zeros before the coefficient; kEndOfBlock: no more coefficients
  std::uint8_t code_bits = 0;
  std::uint8_t size = 0;
};

class HuffmanTable {
 public:
  static constexpr int kLookBits = 10;
  static constexpr std::uint8_t kEndOfBlock = 128;

  // Does nothing if the table is the one prepared last. The table must be valid (libjpeg checks it
  // when a scan starts).
  void prepare(const JHUFF_TBL& table, bool dc);

  // The token that the next bits begin with; `bits` holds them from its highest bit on.
  const HuffmanToken& look(std::uint64_t bits) const { return tokens_[bits >> (64 - kLookBits)]; }
  // The same for codes longer than kLookBits; bits is 0 if there is no such code.
  HuffmanToken look_long(std::uint64_t bits) const;

 private:
  HuffmanToken token_of(std::uint8_t symbol, int code_bits) const;
  void fill(std::uint32_t code, int code_bits, std::uint8_t symbol);

  bool prepared_ = false;
  bool dc_ = false;
  std::array<std::uint8_t, 17> counts_{};
  std::array<std::uint8_t, 256> symbols_{};
  std::array<std::int32_t, 18> last_code_{};      // of each length; -1: none
  std::array<std::int32_t, 18> symbol_offset_{};  // symbol of a code = symbols_[offset + code]
  std::array<HuffmanToken, 1 << kLookBits> tokens_{};
};

// The signed number of `size` bits (0 to 15) at the highest bits: JPEG's EXTEND, without a branch.
inline int signed_number(std::uint64_t bits, int size) {
  const auto number = static_cast<int>((bits >> 1) >> (63 - size));
  const int negative = ~static_cast<int>(static_cast<std::int64_t>(bits) >> 63);
  return number + (negative & (1 - (1 << size)));
}

}  // namespace datamon::pipeline
