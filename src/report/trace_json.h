// Puts JSON together: a buffer in front of a TraceSink with fast numbers, and
// strings made valid whatever bytes they hold.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "report/trace_sink.h"

namespace datamon::report {

// `bytes` as a JSON string with its quotes: strict UTF-8, each invalid sequence
// replaced by U+FFFD, control characters escaped. NUL becomes U+FFFD too: some
// viewers take it for the end of the string.
std::string json_string(std::string_view bytes);

// Collects text and hands it to the sink in large pieces. Used by one thread.
class JsonBuffer {
 public:
  explicit JsonBuffer(TraceSink& sink) : sink_(sink), data_(new char[kCapacity]) {}
  JsonBuffer(const JsonBuffer&) = delete;
  JsonBuffer& operator=(const JsonBuffer&) = delete;

  void text(std::string_view piece) {
    if (piece.size() > kCapacity - used_) {
      if (piece.size() > kCapacity) return write_through(piece);
      flush();
    }
    std::memcpy(data_.get() + used_, piece.data(), piece.size());
    used_ += piece.size();
  }

  void number(std::uint64_t value) {
    need(kNumberBytes);
    used_ = static_cast<std::size_t>(put_number(data_.get() + used_, value) - data_.get());
  }

  // Nanoseconds as microseconds with three decimals: exact. Not negative.
  void microseconds(std::int64_t ns) {
    need(kNumberBytes);
    used_ = static_cast<std::size_t>(put_microseconds(data_.get() + used_, ns) - data_.get());
  }

  // For the events there are millions of: room for `bytes` at once, filled with
  // the put functions, then taken() with the end of what was put.
  char* room(std::size_t bytes) {
    need(bytes);
    return data_.get() + used_;
  }
  void taken(const char* end) { used_ = static_cast<std::size_t>(end - data_.get()); }

  static constexpr std::size_t kNumberBytes = 24;  // of any number or microseconds
  static char* put(char* out, std::string_view piece) {
    std::memcpy(out, piece.data(), piece.size());
    return out + piece.size();
  }
  static char* put_number(char* out, std::uint64_t value) {
    return std::to_chars(out, out + kNumberBytes, value).ptr;
  }
  static char* put_microseconds(char* out, std::int64_t ns) {
    const auto value = static_cast<std::uint64_t>(ns);
    const std::uint64_t whole = value / 1000;
    const auto rest = static_cast<unsigned>(value - whole * 1000);
    out = put_number(out, whole);
    out[0] = '.';
    out[1] = static_cast<char>('0' + rest / 100);
    out[2] = static_cast<char>('0' + rest / 10 % 10);
    out[3] = static_cast<char>('0' + rest % 10);
    return out + 4;
  }

  // A finite number with at most three decimals (six digits beyond 10^15).
  void decimal(double value);

  // Hands over what is left. The destructor does not: an export that failed
  // must not write more.
  void flush();

  std::uint64_t bytes_written() const { return flushed_ + used_; }

 private:
  static constexpr std::size_t kCapacity = 1 << 20;

  void need(std::size_t bytes) {
    if (kCapacity - used_ < bytes) flush();
  }
  void write_through(std::string_view piece);

  TraceSink& sink_;
  std::unique_ptr<char[]> data_;
  std::size_t used_ = 0;
  std::uint64_t flushed_ = 0;
};

}  // namespace datamon::report
