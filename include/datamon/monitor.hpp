// datamon recording API for C++17 and later: RAII over monitor.h.
//
//     datamon::Span span(datamon::decode);
//     ...                                   // the scope is the span
//     span.item(index, bytes, path);        // optional, before it ends
//
// Thread-safety, ownership and errors as in monitor.h.
#pragma once

#include <datamon/monitor.h>

#include <cstdint>
#include <string_view>

namespace datamon {

inline constexpr std::uint64_t no_id = DATAMON_NO_ID;

// The built-in stages, as constants.
inline constexpr datamon_stage init = DATAMON_INIT, fetch = DATAMON_FETCH, read = DATAMON_READ,
                               decode = DATAMON_DECODE, transform = DATAMON_TRANSFORM,
                               collate = DATAMON_COLLATE, send = DATAMON_SEND,
                               queue = DATAMON_QUEUE, receive = DATAMON_RECEIVE, pin = DATAMON_PIN,
                               transfer = DATAMON_TRANSFER, wait = DATAMON_WAIT,
                               compute = DATAMON_COMPUTE;

inline bool active() { return datamon_active() != 0; }

// Defines a stage of one's own; see datamon_define_stage.
inline datamon_stage define_stage(std::string_view name, datamon_class stage_class,
                                  std::uint32_t loader = 0) {
  return datamon_define_stage(name.data(), name.size(), stage_class, loader);
}

inline void thread(datamon_role role, std::uint32_t index = 0, std::string_view name = {},
                   std::uint32_t loader = 0) {
  datamon_thread(role, index, loader, name.data(), name.size());
}

inline void note(std::string_view key, std::string_view value) {
  datamon_note(key.data(), key.size(), value.data(), value.size());
}

// A span that lasts as long as this object. Neither copied nor moved: it
// belongs to the scope and the thread that made it.
class Span {
 public:
  explicit Span(datamon_stage stage) : handle_(datamon_begin(stage)) {}
  ~Span() { end(); }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  // What the span worked on. `name` must live until the span ends.
  void item(std::uint64_t id, std::uint64_t bytes = 0, std::string_view name = {}) {
    id_ = id;
    bytes_ = bytes;
    name_ = name;
  }

  // Ends the span before its scope does; later calls do nothing.
  void end() {
    if (handle_ == 0) return;
    datamon_end_with(handle_, id_, bytes_, name_.data(), name_.size());
    handle_ = 0;
  }

 private:
  std::uint64_t handle_;
  std::uint64_t id_ = no_id;
  std::uint64_t bytes_ = 0;
  std::string_view name_;
};

}  // namespace datamon
