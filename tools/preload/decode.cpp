#include "decode.h"

namespace datamon::preload {
namespace {

struct OpenImage {
  const void* object;
  std::uint64_t span;
};
__thread OpenImage t_image __attribute__((tls_model("initial-exec"))) = {nullptr, 0};

void end_open(const datamon_api& monitor) {
  const OpenImage image = t_image;
  t_image = {nullptr, 0};
  if (image.span != 0) monitor.end(image.span);
}

}  // namespace

void begin_image(const void* object) {
  if (!recording_wanted() || t_image.object == object) return;
  const datamon_api* table = monitor();
  if (table == nullptr) return;
  const Inside inside;
  if (t_image.object != nullptr) end_open(*table);
  t_image = {object, table->begin_unless_inside(DATAMON_DECODE)};
}

void end_image(const void* object) {
  if (!recording_wanted() || object == nullptr || t_image.object != object) return;
  const datamon_api* table = monitor();
  if (table == nullptr) return;
  const Inside inside;
  end_open(*table);
}

bool is_open_image(const void* object) { return t_image.object == object; }

WholeImage::WholeImage() {
  if (!recording_wanted()) return;
  monitor_ = monitor();
  if (monitor_ == nullptr) return;
  const Inside inside;
  span_ = monitor_->begin_unless_inside(DATAMON_DECODE);
}

WholeImage::~WholeImage() {
  if (span_ == 0) return;
  const Inside inside;
  monitor_->end(span_);
}

}  // namespace datamon::preload
