// Remedies where decoding, transforms or collating lead.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "report/diagnosis_advice.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

std::string pixels_text(double pixels) { return fmt::format("{:.2g} Mpixel", pixels * 1e-6); }

// Images that are larger than what is used of them: all that is decoded in vain.
void help_large_images(const Case& c, Advice& out) {
  const DataFacts& data = c.profile.data;
  const double ratio = data.pixel_ratio();
  if (ratio > 0 && ratio < th::kPixelsMatter) {
    out.unhelpful.push_back(
        {"smaller images",
         fmt::format("they have only {} the pixels that are used", factor_text(ratio))});
    return;
  }
  const double each = bytes_each(c.profile, StageClass::kRead);
  const std::string file = each > 0 ? fmt::format("; a file has {}", bytes_text(each)) : "";
  const std::string decoding =
      fmt::format("decoding is {} of a batch and grows with the number of pixels",
                  share_text(c, Cost::kDecode));
  // Decoding less is worth what the pixels say; where that is not known, all of it.
  const Change less =
      ratio > 0 ? faster("decode", ratio / th::kStoredOverUsed) : without(StageClass::kDecode);
  const std::string seen =
      ratio > 0
          ? fmt::format(": {} an image, of which {} are used ({})", pixels_text(data.image_pixels),
                        pixels_text(data.used_pixels), factor_text(ratio))
          : file;
  out.remedies.push_back(
      at_best({"store the images at the size that is used (shorter side 256 px for crops of 224)",
               decoding + seen},
              less));
  const bool jpeg = data.image_format.empty() || data.image_format == "JPEG";
  if (jpeg && !data.decodes_crop)
    out.remedies.push_back(at_best(
        {"decode only what the crop needs (libjpeg-turbo: crop and skip scanlines, or scaled "
         "decoding; Pillow: Image.draft)",
         ratio > 0
             ? fmt::format("an image has {} the pixels that are used of it", factor_text(ratio))
             : "if crops are smaller than the photographs, the rest is decoded in vain"},
        less));
}

// Formats that take longer to decode than a baseline JPEG of the same size.
void help_format(const Case& c, Advice& out) {
  const DataFacts& data = c.profile.data;
  if (data.image_format == "PNG" || data.image_format == "TIFF" || data.image_format == "BMP")
    out.remedies.push_back(at_best(
        {fmt::format("store the images as JPEG (quality 95), once, instead of {}",
                     printable(data.image_format)),
         "photographs are then a fraction of the bytes, and a decoder for them can skip what is "
         "not used"},
        without(StageClass::kDecode)));
  if (data.progressive_share >= th::kProgressive)
    out.remedies.push_back(at_best(
        {"re-encode progressive JPEGs as baseline ones, without loss (jpegtran -copy all)",
         fmt::format("{} of the images are progressive, which are decoded in several passes",
                     percent_text(data.progressive_share))},
        faster("decode", 2)));
}

// Transforms that act on a whole batch as well as on one image, on any device.
bool moves_to_device(std::string_view name) {
  constexpr std::array<std::string_view, 14> kNames = {
      "Normalize",       "ColorJitter",          "RandomHorizontalFlip", "RandomVerticalFlip",
      "RandomGrayscale", "GaussianBlur",         "RandomErasing",        "ConvertImageDtype",
      "ToDtype",         "RandomSolarize",       "RandomPosterize",      "RandomAutocontrast",
      "RandomInvert",    "RandomAdjustSharpness"};
  constexpr std::string_view kPrefix = "transform/";
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// "at most" speaks of the named ones alone.
void move_to_device(const Case& c, Advice& out) {
  std::vector<std::string> names;
  std::vector<Change> gone;
  bool told_apart = false;
  for (const StageProfile& stage : c.profile.stages) {
    if (stage.stage_class != StageClass::kTransform ||
        stage.on_consumer != c.evidence.makers.on_consumer)
      continue;
    told_apart = told_apart || stage.name.find('/') != std::string::npos;
    if (!moves_to_device(stage.name)) continue;
    names.push_back(printable(stage.name.substr(stage.name.find('/') + 1)));
    gone.push_back(without(stage.name));
  }
  if (told_apart && names.empty()) return;
  if (!told_apart) gone = {without(StageClass::kTransform)};
  out.remedies.push_back(at_best(
      {told_apart
           ? fmt::format("do {} on the device, for the whole batch at once", fmt::join(names, ", "))
           : "do flips, normalisation and colour changes on the device, for the "
             "whole batch at once",
       "the workers then only decode and crop"},
      std::move(gone)));
}

// The job's own Python code, how deep loops nest in it; 0: it is not known to loop.
int loops_in(const DataFacts& data, std::string_view stage) {
  const std::string_view name = stage.substr(stage.find('/') + 1);
  for (const auto& [transform, depth] : data.transform_loops)
    if (transform == name) return depth;
  return 0;
}

}  // namespace

void help_decoding(const Case& c, Advice& out) {
  help_large_images(c, out);
  help_format(c, out);
  out.remedies.push_back(
      at_best({"decode on the GPU (nvJPEG, DALI), or keep decoded images in memory",
               "it takes the stage off the cores"},
              without(StageClass::kDecode)));
}

void help_transform(const Case& c, Advice& out) {
  const std::string part =
      c.evidence.makers.heaviest_part[static_cast<std::size_t>(Cost::kTransform)];
  const std::string name = printable(part);
  if (c.ruling.leader == Cost::kUnnamed) {
    out.remedies.push_back(
        {"mark the stages inside the dataset code (datamon::Span, or "
         "transform/NAME), and record again",
         fmt::format("{} of a batch is code that no stage names", share_text(c, Cost::kUnnamed))});
    return;
  }
  const double all = c.evidence.makers.wall[static_cast<std::size_t>(Cost::kTransform)];
  const double own = c.evidence.makers.heaviest_part_s[static_cast<std::size_t>(Cost::kTransform)];
  const std::string why = fmt::format(
      "transforms are {} of a batch{}", share_text(c, Cost::kTransform),
      name.empty() || !(all > 0)
          ? ""
          : fmt::format(", {} is {} of that", name, percent_text(std::min(1.0, own / all))));
  const Change gone = part.empty() ? without(StageClass::kTransform) : without(part);
  if (const int depth = loops_in(c.profile.data, part); depth >= th::kElementwiseLoops)
    out.remedies.push_back(at_best(
        {fmt::format("rewrite {} with operations on whole arrays (NumPy, torch) instead of loops "
                     "over pixels in Python",
                     name),
         fmt::format("{}; its own code has loops nested {} deep", why, depth)},
        gone));
  else
    out.remedies.push_back(at_best(
        {fmt::format("make {} cheaper: crop first and convert to float last, so that it works on "
                     "fewer and smaller pixels",
                     name.empty() ? "the transform" : name),
         why},
        gone));
  move_to_device(c, out);
  out.remedies.push_back({"do the part that is the same every epoch once, and store the result",
                          "only random augmentation has to be repeated"});
}

void help_collate(const Case& c, Advice& out) {
  const DataFacts& data = c.profile.data;
  if (data.collate_loops >= th::kElementwiseLoops)
    out.remedies.push_back(at_best(
        {fmt::format("fill the batch with whole rows instead of element by element: {} builds it "
                     "in Python (use torch.nn.utils.rnn.pad_sequence, or copy tensors into an "
                     "array that is allocated once)",
                     printable(data.collate)),
         fmt::format("collating is {} of a batch, and its own code has loops nested {} deep",
                     share_text(c, Cost::kCollate), data.collate_loops)},
        without(StageClass::kCollate)));
  else
    out.remedies.push_back(at_best(
        {"let each item be written straight into the batch's memory (allocate it "
         "once and reuse it)",
         fmt::format(
             "collating is {} of a batch; if it copies finished items, each byte is written twice",
             share_text(c, Cost::kCollate))},
        without(StageClass::kCollate)));
  const double each = bytes_each(c.profile, StageClass::kCollate);
  const std::string size =
      data.tensors > 0 ? fmt::format("; a batch has {} tensor{}, {}", data.tensors,
                                     data.tensors == 1 ? "" : "s", bytes_text(data.batch_bytes))
      : each > 0       ? fmt::format("; a batch has {}", bytes_text(each))
                       : "";
  // What is uint8 already, or few bytes, gains nothing from that.
  if (data.dtype == "uint8" && data.tensors <= th::kManyTensors) return;
  out.remedies.push_back(
      at_best({"return few contiguous tensors an item, as uint8, and convert on the "
               "device",
               "collating costs per tensor and per byte; uint8 has a quarter of "
               "float32's bytes" +
                   size},
              without(StageClass::kCollate)));
}

}  // namespace datamon::report
