#include "report/trace_json.h"

#include <cmath>

namespace datamon::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Sequence {
  std::size_t bytes;  // to consume, at least 1
  bool valid;
};

// The UTF-8 sequence at the start of `text` (not empty). An invalid one spans
// the bytes that could have begun a valid one, as the Unicode standard advises.
Sequence utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {1, true};
  std::size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;  // range of the second byte
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;   // overlong
    if (first == 0xED) high = 0x9F;  // surrogates
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;   // overlong
    if (first == 0xF4) high = 0x8F;  // beyond U+10FFFF
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

void append_escaped(std::string& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\0':
      out += kReplacement;
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte != 0x7F) {
    out += c;
  } else {
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

}  // namespace

std::string json_string(std::string_view bytes) {
  std::string out = "\"";
  while (!bytes.empty()) {
    const Sequence sequence = utf8_sequence(bytes);
    if (!sequence.valid)
      out += kReplacement;
    else if (sequence.bytes == 1)
      append_escaped(out, bytes.front());
    else
      out += bytes.substr(0, sequence.bytes);
    bytes.remove_prefix(sequence.bytes);
  }
  out += '"';
  return out;
}

void JsonBuffer::decimal(double value) {
  constexpr double kFixedLimit = 1e15;
  if (!std::isfinite(value)) value = 0;  // callers leave such values out
  char digits[64];
  const bool fixed = std::abs(value) < kFixedLimit;
  const std::to_chars_result result =
      fixed ? std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 3)
            : std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 6);
  std::string_view number(digits, static_cast<std::size_t>(result.ptr - digits));
  if (fixed) {
    while (number.ends_with('0')) number.remove_suffix(1);
    if (number.ends_with('.')) number.remove_suffix(1);
    if (number == "-0") number = "0";
  }
  text(number);
}

void JsonBuffer::flush() {
  sink_.write(data_.get(), used_);
  flushed_ += used_;
  used_ = 0;
}

void JsonBuffer::write_through(std::string_view piece) {
  flush();
  sink_.write(piece.data(), piece.size());
  flushed_ += piece.size();
}

}  // namespace datamon::report
