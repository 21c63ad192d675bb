// The names that NVTX hands over, as bytes: bounded, whatever they hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace datamon::nvtx {

// What counts of a name; the rest is cut off.
inline constexpr std::size_t kMostNameBytes = 256;

// A name as it was given: char or wchar_t, may be NULL.
class Text {
 public:
  Text() = default;
  explicit Text(const char* text) {
    if (text != nullptr) view_ = {text, ::strnlen(text, kMostNameBytes)};
  }
  // To UTF-8; what is no character becomes U+FFFD.
  explicit Text(const wchar_t* text) {
    if (text == nullptr) return;
    std::size_t size = 0;
    for (; *text != 0 && size + 4 <= sizeof bytes_; ++text)
      size += encode(static_cast<std::uint32_t>(*text), bytes_ + size);
    view_ = {bytes_, size};
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  std::string_view view() const { return view_; }

 private:
  static std::size_t encode(std::uint32_t code, char* to) {
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
    if (code < 0x80) {
      to[0] = static_cast<char>(code);
      return 1;
    }
    const unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    to[0] = static_cast<char>((0xff << (7 - more)) | (code >> (6 * more)));
    for (unsigned i = 1; i <= more; ++i)
      to[i] = static_cast<char>(0x80 | ((code >> (6 * (more - i))) & 0x3f));
    return more + 1;
  }

  std::string_view view_;
  char bytes_[kMostNameBytes];
};

// FNV-1a's idea, eight bytes at a time. Never 0.
inline std::uint64_t hash_of(std::string_view text, std::uint64_t seed = 0) {
  constexpr std::uint64_t kFactor = 0x9fb21c651e98df25u;
  std::uint64_t hash = seed ^ (text.size() * kFactor) ^ 0x243f6a8885a308d3u;
  const char* at = text.data();
  std::size_t left = text.size();
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kFactor;
    hash ^= hash >> 29;
  };
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
  }
  if (left > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    mix(word);
  }
  hash ^= hash >> 32;
  return hash != 0 && hash != UINT64_MAX ? hash : 1;
}

}  // namespace datamon::nvtx
