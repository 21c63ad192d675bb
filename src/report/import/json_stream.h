// A JSON parser for files larger than memory: it sees a chunk at a time, keeps
// one token and one bit a level, and calls a handler for each token.
//
// Why not a library: traces hold what no strict parser takes (NaN, inf, raw
// control characters in names), a string must not be allowed to be as long as the
// file, and a file that was cut off must still give what it holds.
//
// A handler has, with any return type:
//   begin_object() end_object() begin_array() end_array()
//   key(std::string_view) string(std::string_view) number(std::string_view) literal()
// Texts are valid during the call only; a string longer than kMostText is cut
// there. A number's text may also be NaN or an infinity. Not thread-safe.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "report/import/byte_stream.h"

namespace datamon::report {

class JsonStream {
 public:
  static constexpr std::size_t kMostText = 4096;  // bytes of a string or number that are kept
  static constexpr std::size_t kMostDepth = 256;  // real traces have 5

  explicit JsonStream(ByteStream& bytes) : bytes_(bytes) {}

  // Reads one document. "" when it was whole, else what is wrong.
  template <typename Handler>
  std::string parse(Handler& handler) {
    skip_mark();
    do {
      if (!value(handler)) return error();
    } while (depth_ > 0);
    return bytes_.error();
  }

  // Where parsing stopped, in decompressed bytes.
  std::uint64_t offset() const { return start_ + at_; }

 private:
  // -1 at the end.
  int peek() {
    if (at_ < chunk_.size()) return static_cast<unsigned char>(chunk_[at_]);
    return refill();
  }
  int refill();
  int next_sign();  // the next character that is no space, not consumed
  void skip_mark();
  bool text_until_quote();
  bool escape();
  bool hex(unsigned& code);
  void keep(unsigned code);
  bool word();
  std::string error() const;

  bool fail(const char* what) {
    what_ = what;
    return false;
  }
  bool in_object() const { return objects_[depth_ - 1]; }

  // One value, or the end of a container, with what has to come before it.
  template <typename Handler>
  bool value(Handler& handler) {
    int c = next_sign();
    if (depth_ > 0 && (c == '}' || c == ']')) return close(handler, c);
    if (depth_ > 0 && !first_) {
      if (c != ',') return fail("a comma is missing");
      ++at_;
      c = next_sign();
      // A comma before the end is wrong, but hides nothing.
      if (c == '}' || c == ']') return close(handler, c);
    }
    first_ = false;
    if (depth_ > 0 && in_object()) {
      if (c != '"') return fail("a key is missing");
      ++at_;
      if (!text_until_quote()) return false;
      handler.key(text());
      if (next_sign() != ':') return fail("a colon is missing");
      ++at_;
      c = next_sign();
    }
    return plain_value(handler, c);
  }

  template <typename Handler>
  bool plain_value(Handler& handler, int c) {
    switch (c) {
      case -1:
        return fail("the file ends in the middle of the document");
      case '{':
      case '[':
        if (depth_ == kMostDepth) return fail("values are nested too deeply");
        ++at_;
        objects_[depth_++] = c == '{';
        first_ = true;
        c == '{' ? handler.begin_object() : handler.begin_array();
        return true;
      case '"':
        ++at_;
        if (!text_until_quote()) return false;
        handler.string(text());
        return true;
      default:
        if (!word()) return false;
        is_number() ? handler.number(text()) : handler.literal();
        return true;
    }
  }

  template <typename Handler>
  bool close(Handler& handler, int c) {
    if (in_object() != (c == '}')) return fail("a bracket does not fit");
    ++at_;
    --depth_;
    first_ = false;
    c == '}' ? handler.end_object() : handler.end_array();
    return true;
  }

  std::string_view text() const { return text_; }
  bool is_number() const;

  ByteStream& bytes_;
  std::string_view chunk_;
  std::size_t at_ = 0;       // in the chunk
  std::uint64_t start_ = 0;  // of the chunk in the stream
  std::string_view text_;    // the latest token: in the chunk, or in own_
  std::string own_;          // tokens over chunks, or with escapes
  std::bitset<kMostDepth> objects_;
  std::size_t depth_ = 0;
  bool first_ = true;  // nothing yet in the innermost container
  const char* what_ = "";
};

}  // namespace datamon::report
