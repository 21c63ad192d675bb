// A path in fixed memory, so that readers allocate nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace datamon::system {

// Too long a path becomes empty, which opens nothing.
class Path {
 public:
  Path() = default;
  Path(std::initializer_list<std::string_view> parts) {
    for (std::string_view part : parts) append(part);
  }

  void append(std::string_view part) {
    if (overflowed_ || part.size() >= text_.size() - size_) {
      overflowed_ = true;
      truncate(0);
      return;
    }
    std::copy(part.begin(), part.end(), text_.begin() + size_);
    truncate(size_ + part.size());
  }

  // Cuts behind the first `size` bytes.
  void truncate(std::size_t size) {
    size_ = std::min(size, text_.size() - 1);
    text_[size_] = '\0';
  }

  const char* c_str() const { return text_.data(); }
  std::string_view view() const { return {text_.data(), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  std::array<char, 512> text_{};
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

}  // namespace datamon::system
