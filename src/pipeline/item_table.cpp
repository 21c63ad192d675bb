#include "pipeline/item_table.h"

#include <algorithm>
#include <tuple>

namespace datamon::pipeline {

void ItemTable::add(std::string_view name, std::uint64_t offset, std::uint64_t size) {
  items_.push_back({names_.size(), offset, size, static_cast<std::uint32_t>(name.size()), 0});
  names_.insert(names_.end(), name.begin(), name.end());
  names_.push_back('\0');
}

std::string_view ItemTable::class_of(const Item& item, std::size_t skip) const {
  std::string_view name(names_.data() + item.name, item.name_bytes);
  name.remove_prefix(std::min(skip, name.size()));
  const auto slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

void ItemTable::finish(std::size_t skip) {
  const auto key = [&](const Item& item) {
    return std::tuple(class_of(item, skip),
                      std::string_view(names_.data() + item.name, item.name_bytes));
  };
  std::stable_sort(items_.begin(), items_.end(),
                   [&](const Item& a, const Item& b) { return key(a) < key(b); });
  classes_.clear();
  for (Item& item : items_) {
    const auto name = class_of(item, skip);
    if (classes_.empty() || classes_.back() != name) classes_.emplace_back(name);
    item.label = static_cast<std::int32_t>(classes_.size() - 1);
  }
}

void ItemTable::keep_latest() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (i + 1 < items_.size() && name(i) == name(i + 1)) continue;
    items_[kept++] = items_[i];
  }
  items_.resize(kept);
}

}  // namespace datamon::pipeline
