#include "report/data_facts.h"

#include <algorithm>
#include <charconv>

#include "report/loader_notes.h"

namespace datamon::report {
namespace {

constexpr std::size_t kMostTransforms = 64;
// Deeper loops are noted by nobody.
constexpr int kDeepest = 20;

// "name=2,other=3"
std::vector<std::pair<std::string, int>> loops_of(std::string_view text) {
  std::vector<std::pair<std::string, int>> out;
  while (!text.empty() && out.size() < kMostTransforms) {
    const std::string_view entry = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), entry.size() + 1));
    const std::size_t sign = entry.rfind('=');
    if (sign == std::string_view::npos) continue;
    int depth = 0;
    const std::string_view digits = entry.substr(sign + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), depth);
    if (error == std::errc() && end == digits.data() + digits.size() && depth > 0 &&
        depth <= kDeepest)
      out.emplace_back(entry.substr(0, sign), depth);
  }
  return out;
}

}  // namespace

DataFacts data_facts(const LoaderNotes& notes) {
  const auto number = [&](std::string_view key) { return notes.number(key).value_or(0); };
  DataFacts out;
  out.tensors = number("batch_tensors");
  out.objects = number("batch_objects");
  out.batch_bytes = number("batch_bytes");
  out.dtype = notes.text("batch_dtype");
  out.shape = notes.text("batch_shape");
  out.sharing = notes.text("sharing");
  out.image_format = notes.text("image_format");
  out.image_pixels = number("image_pixels");
  out.used_pixels = number("image_used_pixels");
  out.progressive_share = std::min(1.0, number("image_progressive") * 1e-2);
  out.decodes_crop = number("decodes_crop") > 0;
  out.collate = notes.text("collate");
  out.collate_loops = std::min(number("collate_loops"), kDeepest);
  out.transform_loops = loops_of(notes.text("transform_loops"));
  return out;
}

}  // namespace datamon::report
