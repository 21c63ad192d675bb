// What a job's adapter noted of a loader's first batches and images, and of the
// job's own code on their way (docs/recording-format.md). Plain values.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace datamon::report {

class LoaderNotes;

// 0 or "": not noted.
struct DataFacts {
  int tensors = 0;  // tensors and arrays in a batch
  int objects = 0;  // whatever else is in it: numbers, strings
  double batch_bytes = 0;
  std::string dtype, shape;  // of the largest tensor
  std::string sharing;       // how tensors go from process to process

  std::string image_format;      // as Pillow calls it: "JPEG", "PNG"
  double image_pixels = 0;       // of an image that is decoded, mean
  double used_pixels = 0;        // of an image in a batch
  double progressive_share = 0;  // of the images
  bool decodes_crop = false;     // the decoder leaves out what the crop does not use

  std::string collate;    // the job's own, by name
  int collate_loops = 0;  // how deep loops nest in its Python code
  std::vector<std::pair<std::string, int>> transform_loops;  // likewise, of its own transforms

  // How many times the pixels that are used an image has; 0 if not known.
  double pixel_ratio() const {
    return image_pixels > 0 && used_pixels > 0 ? image_pixels / used_pixels : 0;
  }
};

// Never throws; what is noted wrongly counts as not noted.
DataFacts data_facts(const LoaderNotes& notes);

}  // namespace datamon::report
