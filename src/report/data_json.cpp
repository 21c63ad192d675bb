#include "report/data_json.h"

#include <nlohmann/json.hpp>

namespace datamon::report {
namespace {

using nlohmann::ordered_json;

ordered_json noted(double value) { return value > 0 ? ordered_json(value) : ordered_json(); }
ordered_json noted(int value) { return value > 0 ? ordered_json(value) : ordered_json(); }
ordered_json noted(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

}  // namespace

ordered_json to_json(const DataFacts& data) {
  ordered_json loops = ordered_json::object();
  for (const auto& [transform, depth] : data.transform_loops) loops[transform] = depth;
  return {{"batch_tensors", noted(data.tensors)},
          {"batch_objects", noted(data.objects)},
          {"batch_bytes", noted(data.batch_bytes)},
          {"batch_dtype", noted(data.dtype)},
          {"batch_shape", noted(data.shape)},
          {"sharing", noted(data.sharing)},
          {"image_format", noted(data.image_format)},
          {"image_pixels", noted(data.image_pixels)},
          {"image_used_pixels", noted(data.used_pixels)},
          {"image_progressive_share",
           data.image_format.empty() ? ordered_json() : ordered_json(data.progressive_share)},
          {"decodes_crop", data.decodes_crop},
          {"collate", noted(data.collate)},
          {"collate_loops", noted(data.collate_loops)},
          {"transform_loops", loops}};
}

}  // namespace datamon::report
