#include "pipeline/options.h"

namespace datamon::pipeline {

const char* to_string(Backend backend) {
  switch (backend) {
    case Backend::cpu:
      return "cpu";
    case Backend::hybrid:
      return "hybrid";
    case Backend::gpu:
      return "gpu";
  }
  return "?";
}

const char* to_string(WorkerKind kind) { return kind == WorkerKind::thread ? "thread" : "process"; }

const char* to_string(SampleFormat layout) {
  switch (layout) {
    case SampleFormat::float32_nchw:
      return "nchw-f32";
    case SampleFormat::float16_nchw:
      return "nchw-f16";
    case SampleFormat::uint8_nhwc:
      return "nhwc-u8";
  }
  return "?";
}

const char* to_string(ComputeKind kind) { return kind == ComputeKind::burn ? "burn" : "wait"; }

const char* to_string(OnError on_error) { return on_error == OnError::skip ? "skip" : "fail"; }

}  // namespace datamon::pipeline
