#include "pipeline/ops/huffman_table.h"

#include <algorithm>
#include <cstring>

namespace datamon::pipeline {
namespace {

constexpr int kLongestCode = 16;
constexpr int kSixteenZeros = 15;  // the run of a symbol without a number that ends nothing

}  // namespace

HuffmanToken HuffmanTable::token_of(std::uint8_t symbol, int code_bits) const {
  HuffmanToken token;
  token.size = symbol & 15;
  token.code_bits = static_cast<std::uint8_t>(code_bits);
  token.bits = static_cast<std::uint8_t>(code_bits + token.size);
  token.run = symbol >> 4;
  if (!dc_ && token.size == 0 && token.run != kSixteenZeros) {
    token.run = kEndOfBlock;
  }
  return token;
}

// Every look-up that begins with the code.
void HuffmanTable::fill(std::uint32_t code, int code_bits, std::uint8_t symbol) {
  const int spare = kLookBits - code_bits;
  std::fill_n(tokens_.begin() + (code << spare), 1 << spare, token_of(symbol, code_bits));
}

void HuffmanTable::prepare(const JHUFF_TBL& table, bool dc) {
  const bool same = prepared_ && dc == dc_ &&
                    std::memcmp(counts_.data(), table.bits, counts_.size()) == 0 &&
                    std::memcmp(symbols_.data(), table.huffval, symbols_.size()) == 0;
  if (same) {
    return;
  }
  prepared_ = true;
  dc_ = dc;
  std::copy_n(table.bits, counts_.size(), counts_.begin());
  std::copy_n(table.huffval, symbols_.size(), symbols_.begin());
  tokens_.fill({});
  std::uint32_t code = 0;
  std::int32_t symbol = 0;
  for (int length = 1; length <= kLongestCode; ++length, code <<= 1) {
    symbol_offset_[length] = symbol - static_cast<std::int32_t>(code);
    for (int i = 0; i < counts_[length]; ++i, ++code, ++symbol) {
      if (length <= kLookBits) {
        fill(code, length, symbols_[symbol]);
      }
    }
    last_code_[length] = counts_[length] > 0 ? static_cast<std::int32_t>(code) - 1 : -1;
  }
}

HuffmanToken HuffmanTable::look_long(std::uint64_t bits) const {
  for (int length = kLookBits + 1; length <= kLongestCode; ++length) {
    const auto code = static_cast<std::int32_t>(bits >> (64 - length));
    if (code <= last_code_[length]) {
      return token_of(symbols_[(symbol_offset_[length] + code) & 255], length);
    }
  }
  return {};
}

}  // namespace datamon::pipeline
