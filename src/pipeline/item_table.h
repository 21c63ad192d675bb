// What a source knows of its items: a name, a label and where the bytes are, packed so that a
// million items take tens of megabytes. Filled once, sorted once, then only read.
//
// Thread-safety: const functions from any thread. Ownership: owns the names; views stay valid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace datamon::pipeline {

class ItemTable {
 public:
  // An item called `name` (any bytes; '/' separates folders), `size` bytes at `offset`.
  void add(std::string_view name, std::uint64_t offset, std::uint64_t size);

  // Sorts by class, then by name, and numbers the classes. The class is the first folder of a
  // name after `skip` bytes; an item without a folder is in the class "".
  void finish(std::size_t skip);

  // Of several items of one name keeps the one added last. Call after finish().
  void keep_latest();

  std::size_t size() const { return items_.size(); }
  std::string_view name(std::size_t index) const {
    return {names_.data() + items_[index].name, items_[index].name_bytes};
  }
  int label(std::size_t index) const { return items_[index].label; }
  std::uint64_t offset(std::size_t index) const { return items_[index].offset; }
  std::uint64_t bytes(std::size_t index) const { return items_[index].size; }
  const std::vector<std::string>& classes() const { return classes_; }

 private:
  struct Item {
    std::uint64_t name;  // where it starts in names_
    std::uint64_t offset;
    std::uint64_t size;
    std::uint32_t name_bytes;
    std::int32_t label;
  };
  std::string_view class_of(const Item& item, std::size_t skip) const;

  std::vector<char> names_;  // each ends with a NUL, so that data() can be opened
  std::vector<Item> items_;
  std::vector<std::string> classes_;
};

}  // namespace datamon::pipeline
