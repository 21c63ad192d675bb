#include "report/import/kineto_event.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace datamon::report {
namespace {

// Twice this is still a number of nanoseconds.
constexpr std::int64_t kMost_ns = std::int64_t{1} << 61;

bool starts(std::string_view text, std::string_view with) { return text.starts_with(with); }
bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Versions up to 1.11 wrote "Kernel", "Memcpy", "Operator", "Runtime".
bool is_kernel(std::string_view category) { return category == "kernel" || category == "Kernel"; }
bool is_copy(std::string_view category) { return category == "gpu_memcpy" || category == "Memcpy"; }
bool is_runtime(std::string_view category) {
  return category == "cuda_runtime" || category == "cuda_driver" || category == "Runtime" ||
         category == "hip_runtime" || category == "xpu_runtime";
}
bool is_operator(std::string_view category) {
  return category == "cpu_op" || category == "Operator" || category == "cpu_instant_event";
}
// Also those of versions that had no category of their own for ranges.
bool is_range(std::string_view category) {
  return category == "user_annotation" || category == "python_function" || is_operator(category);
}

bool waits_for_device(const KinetoEvent& event) {
  const std::string_view name = event.name;
  if (is_runtime(event.category))
    return has(name, "Synchronize") || name == "cudaMemcpy" || name == "hipMemcpy" ||
           name == "hipMemcpyWithStream";
  return is_operator(event.category) &&
         (name == "aten::item" || name == "aten::_local_scalar_dense");
}

struct Word {
  std::string_view text;
  StageClass stage;
};

// Ranges that people name themselves: record_function("decode").
StageClass class_of_annotation(std::string_view name) {
  std::string lower(name.substr(0, 64));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
  });
  static constexpr std::array<Word, 8> kWords = {{{"decod", StageClass::kDecode},
                                                  {"collat", StageClass::kCollate},
                                                  {"transform", StageClass::kTransform},
                                                  {"augment", StageClass::kTransform},
                                                  {"read", StageClass::kRead},
                                                  {"open", StageClass::kRead},
                                                  {"download", StageClass::kRead},
                                                  {"pin_memory", StageClass::kHandoff}}};
  for (const Word& word : kWords)
    if (has(lower, word.text)) return word.stage;
  return StageClass::kOther;
}

// "path.py(12): function" and "<built-in function open>", recorded with with_stack=True.
StageClass class_of_python(std::string_view name) {
  static constexpr std::array<Word, 22> kPlaces = {
      {{"data/_utils/collate.py", StageClass::kCollate},
       {"data/_utils/pin_memory.py", StageClass::kHandoff},
       {"data/_utils/fetch.py", StageClass::kFetch},
       {"built-in function open>", StageClass::kRead},
       {"built-in method open ", StageClass::kRead},
       {"built-in method read of ", StageClass::kRead},
       {"built-in method readinto of ", StageClass::kRead},
       {"PIL/Image.py(", StageClass::kOther},  // decided by function below
       {"PIL/ImageFile.py(", StageClass::kDecode},
       {"built-in method decode of ImagingDecoder", StageClass::kDecode},
       {"built-in function imread>", StageClass::kDecode},
       {"built-in function imdecode>", StageClass::kDecode},
       {"torchvision/io/image.py(", StageClass::kDecode},
       {"torchvision/io/video", StageClass::kDecode},
       {"torchcodec/decoders/", StageClass::kDecode},
       {"torchvision/transforms/", StageClass::kTransform},
       {"torchaudio/transforms/", StageClass::kTransform},
       {"albumentations/", StageClass::kTransform},
       {"kornia/augmentation", StageClass::kTransform},
       {"imgaug/", StageClass::kTransform},
       {"monai/transforms/", StageClass::kTransform},
       {"cv2.resize", StageClass::kTransform}}};
  for (const Word& place : kPlaces) {
    if (!has(name, place.text)) continue;
    if (place.stage != StageClass::kOther) return place.stage;
    if (name.ends_with(": open")) return StageClass::kRead;
    if (name.ends_with(": resize") || name.ends_with(": crop") || name.ends_with(": transpose"))
      return StageClass::kTransform;
    return StageClass::kOther;
  }
  return StageClass::kOther;
}

// Operators that run in the dataset's code are its transforms, but for a few.
StageClass class_of_operator(std::string_view name) {
  if (starts(name, "image::read_file")) return StageClass::kRead;
  if (starts(name, "image::") || starts(name, "torchcodec")) return StageClass::kDecode;
  if (name == "aten::stack") return StageClass::kCollate;
  if (name == "aten::pin_memory" || name == "aten::_pin_memory") return StageClass::kHandoff;
  if (starts(name, "aten::") || starts(name, "torchvision::")) return StageClass::kTransform;
  return class_of_annotation(name);  // a range, in versions without a category for them
}

}  // namespace

StageClass part_class(const KinetoEvent& event) {
  if (event.category == "python_function") return class_of_python(event.name);
  if (event.category == "user_annotation") return class_of_annotation(event.name);
  if (is_operator(event.category)) return class_of_operator(event.name);
  return StageClass::kOther;
}

KinetoKind kind_of(const KinetoEvent& event) {
  const std::string_view name = event.name;
  if (is_kernel(event.category) || is_memset(event)) return KinetoKind::kKernel;
  if (is_copy(event.category)) return KinetoKind::kCopy;
  if (waits_for_device(event)) return KinetoKind::kSynchronise;
  if (!is_range(event.category)) return KinetoKind::kIgnored;
  if (event.category != "python_function") {
    if (starts(name, "ProfilerStep")) return KinetoKind::kStep;
    if (starts(name, "enumerate(DataLoader)#") && name.ends_with("Iter.__next__"))
      return KinetoKind::kWait;
    if (starts(name, "Optimizer.step#")) return KinetoKind::kOptimizer;
    if (starts(name, "autograd::engine::evaluate_function")) return KinetoKind::kBackward;
  }
  if (event.category == "user_annotation") {
    if (has(name, "forward") || has(name, "Forward")) return KinetoKind::kForward;
    if (has(name, "backward") || has(name, "Backward")) return KinetoKind::kBackward;
  }
  return part_class(event) != StageClass::kOther ? KinetoKind::kPart : KinetoKind::kIgnored;
}

bool is_memset(const KinetoEvent& event) {
  return event.category == "gpu_memset" || event.category == "Memset";
}

bool makes_batch_itself(const KinetoEvent& wait) { return has(wait.name, "_SingleProcess"); }

CopyKind copy_kind(std::string_view name) {
  if (has(name, "HtoD")) {
    if (has(name, "Pageable")) return CopyKind::kToDevicePageable;
    return has(name, "Pinned") ? CopyKind::kToDevicePinned : CopyKind::kToDevice;
  }
  return has(name, "DtoH") ? CopyKind::kToHost : CopyKind::kOther;
}

bool parse_us(std::string_view text, std::int64_t& ns) {
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  auto [at, error] = std::from_chars(text.data(), end, whole);
  if (error != std::errc()) return false;
  if (text.find_first_of("eE") != std::string_view::npos) {  // rare, and exact enough
    double value = 0;
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || !(std::abs(value) < kMost_ns / 1000.0))
      return false;
    ns = static_cast<std::int64_t>(value * 1000);
    return true;
  }
  if (at != end && *at != '.') return false;
  if (whole >= kMost_ns / 1000 || whole <= -kMost_ns / 1000) return false;
  std::int64_t part = 0, unit = 100;
  if (at != end)
    for (++at; at != end && *at >= '0' && *at <= '9'; ++at, unit /= 10) part += (*at - '0') * unit;
  if (at != end) return false;
  ns = whole * 1000 + (text.front() == '-' ? -part : part);
  return true;
}

}  // namespace datamon::report
