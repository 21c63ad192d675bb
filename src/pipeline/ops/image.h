// What the image operators pass one another: sizes, boxes, views and errors as values.
//
// Ownership: views own nothing; each operator states how long the pixels behind one stay valid.
// Thread-safety: plain data.
// Units: pixels; strides in bytes. Pixels are interleaved RGB, one byte a channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace datamon::pipeline {

inline constexpr int kChannels = 3;

// A rectangle inside an image: x to the right, y down, from the top left pixel.
struct CropBox {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  friend bool operator==(const CropBox&, const CropBox&) = default;
};

// Rows of RGB pixels; row r starts at data + r * stride.
struct ImageView {
  const std::uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;

  const std::uint8_t* row(int r) const { return data + r * stride; }
};

// What kept an image from being used. The kind is for programs (counting, skipping), the message
// for people: it names what is wrong with the image, not which image it is (the caller knows).
struct ImageError {
  enum class Kind {
    empty,        // no bytes
    not_jpeg,     // does not start like a JPEG
    truncated,    // ends before the image does
    corrupt,      // a JPEG whose content contradicts itself
    unsupported,  // a valid JPEG of a kind that this library does not decode
    too_large,    // beyond the decoder's limits (decompression bombs)
    bad_box,      // a crop box outside the image: the caller's mistake
  };
  Kind kind = Kind::corrupt;
  std::string message;
};

// Either a value or why there is none. Success allocates nothing.
template <typename T>
class Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}           // NOLINT
  Result(ImageError error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  explicit operator bool() const { return state_.index() == 0; }
  bool has_value() const { return state_.index() == 0; }
  // Precondition: has_value().
  const T& value() const { return *std::get_if<0>(&state_); }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }
  // Precondition: !has_value().
  const ImageError& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, ImageError> state_;
};

}  // namespace datamon::pipeline
