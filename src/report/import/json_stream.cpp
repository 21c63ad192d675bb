#include "report/import/json_stream.h"

#include <algorithm>

namespace datamon::report {
namespace {

bool is_space(int c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

bool ends_word(int c) {
  return c < 0 || is_space(c) || c == ',' || c == '}' || c == ']' || c == ':' || c == '"' ||
         c == '{' || c == '[';
}

constexpr unsigned kReplacement = 0xFFFD;

}  // namespace

int JsonStream::refill() {
  start_ += chunk_.size();
  at_ = 0;
  chunk_ = bytes_.next();
  return chunk_.empty() ? -1 : static_cast<unsigned char>(chunk_[0]);
}

int JsonStream::next_sign() {
  for (int c = peek();; c = peek()) {
    if (!is_space(c)) return c;
    ++at_;
  }
}

// A byte order mark.
void JsonStream::skip_mark() {
  for (const int c : {0xEF, 0xBB, 0xBF})
    if (peek() == c) ++at_;
}

bool JsonStream::text_until_quote() {
  // Nearly every string lies in one chunk and has no escape: no copy then.
  if (peek() < 0) return fail("the file ends in the middle of a string");
  const char* const from = chunk_.data() + at_;
  const std::size_t left = chunk_.size() - at_;
  if (const void* quote = std::memchr(from, '"', left)) {
    const auto length = static_cast<std::size_t>(static_cast<const char*>(quote) - from);
    if (std::memchr(from, '\\', length) == nullptr) {
      text_ = {from, std::min(length, kMostText)};
      at_ += length + 1;
      return true;
    }
  }
  own_.clear();
  for (;;) {
    const int c = peek();
    if (c < 0) return fail("the file ends in the middle of a string");
    ++at_;
    if (c == '"') break;
    if (c == '\\') {
      if (!escape()) return false;
    } else if (own_.size() < kMostText) {
      own_.push_back(static_cast<char>(c));
    }
  }
  text_ = own_;
  return true;
}

bool JsonStream::escape() {
  const int c = peek();
  if (c < 0) return fail("the file ends in the middle of a string");
  ++at_;
  if (c == 'u') {
    unsigned code = 0;
    if (!hex(code)) return fail("an escape is not four hexadecimal digits");
    // Pairs outside the first plane are not put together: no name that counts has one.
    keep(code >= 0xD800 && code < 0xE000 ? kReplacement : code);
    return true;
  }
  static constexpr std::string_view kSigns = "nrtbf", kMeant = "\n\r\t\b\f";
  const std::size_t found = kSigns.find(static_cast<char>(c));
  keep(found == std::string_view::npos ? static_cast<unsigned>(c)
                                       : static_cast<unsigned>(kMeant[found]));
  return true;
}

bool JsonStream::hex(unsigned& code) {
  for (int i = 0; i < 4; ++i) {
    const int c = peek();
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    ++at_;
    code = code * 16 + static_cast<unsigned>(digit);
  }
  return true;
}

void JsonStream::keep(unsigned code) {
  if (own_.size() >= kMostText) return;
  if (code < 0x80) {
    own_.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    own_.push_back(static_cast<char>(0xC0 | code >> 6));
    own_.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    own_.push_back(static_cast<char>(0xE0 | code >> 12));
    own_.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    own_.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// A number, true, false, null, NaN, inf: everything up to the next sign.
bool JsonStream::word() {
  own_.clear();
  const std::size_t from = at_;
  while (at_ < chunk_.size() && !ends_word(static_cast<unsigned char>(chunk_[at_]))) ++at_;
  if (at_ < chunk_.size()) {
    text_ = chunk_.substr(from, std::min(at_ - from, kMostText));
  } else {
    own_ = chunk_.substr(from, std::min(at_ - from, kMostText));
    for (int c = peek(); !ends_word(c); c = peek()) {
      if (own_.size() < kMostText) own_.push_back(static_cast<char>(c));
      ++at_;
    }
    text_ = own_;
  }
  static constexpr std::array<std::string_view, 3> kLiterals = {"true", "false", "null"};
  const bool literal = std::find(kLiterals.begin(), kLiterals.end(), text_) != kLiterals.end();
  if (literal || is_number()) return true;
  return fail(text_.empty() ? "a value is missing" : "a value is none of JSON's");
}

bool JsonStream::is_number() const {
  if (text_.empty()) return false;
  static constexpr std::string_view kStarts = "0123456789+-.NIi";
  if (text_ == "nan" || text_ == "null") return text_ == "nan";
  return kStarts.find(text_.front()) != std::string_view::npos;
}

std::string JsonStream::error() const { return bytes_.error().empty() ? what_ : bytes_.error(); }

}  // namespace datamon::report
