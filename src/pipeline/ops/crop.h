// Which part of an image a sample shows: torchvision's RandomResizedCrop and RandomHorizontalFlip.
//
// Pure functions of the image's size and the generator. The algorithm is torchvision's
// (get_params); the numbers are not torch's, as the generator is not torch's.
#pragma once

#include "pipeline/ops/image.h"
#include "pipeline/ops/random.h"

namespace datamon::pipeline {

struct Range {
  double low = 0;
  double high = 0;
};

inline constexpr Range kDefaultScale{0.08, 1.0};             // of the image's area
inline constexpr Range kDefaultRatio{3.0 / 4.0, 4.0 / 3.0};  // width : height

// Ten tries at a box of random area and aspect ratio, then the largest central box whose ratio is
// allowed. The box always lies inside the image and holds at least one pixel.
// Preconditions: width, height > 0; 0 < low <= high in both ranges.
CropBox random_resized_crop(int width, int height, Random& random, Range scale = kDefaultScale,
                            Range ratio = kDefaultRatio);

// Whether to mirror the sample, left to right.
bool random_flip(Random& random, double probability = 0.5);

}  // namespace datamon::pipeline
