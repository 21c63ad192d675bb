// The line about what the batches and images are.
#include <fmt/format.h>

#include "report/text_sections.h"
#include "report/text_units.h"

namespace datamon::report {

std::string Sections::data() const {
  const DataFacts& data = profile_.data;
  std::string text;
  if (!data.image_format.empty()) {
    text = fmt::format("{} images of {:.2g} Mpixel", printable(data.image_format),
                       data.image_pixels * 1e-6);
    if (data.pixel_ratio() > 0)
      text += fmt::format(", {} of what is used", factor_text(data.pixel_ratio()));
  }
  if (data.tensors > 0) {
    if (!text.empty()) text += " · ";
    text += fmt::format("{} tensor{} a batch, {}", data.tensors, data.tensors == 1 ? "" : "s",
                        bytes_text(data.batch_bytes));
    if (!data.dtype.empty())
      text += fmt::format(" ({} {})", printable(data.dtype), printable(data.shape));
  }
  return fact("data", text);
}

}  // namespace datamon::report
