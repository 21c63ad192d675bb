#include "report/import/kineto_reader.h"

#include <charconv>
#include <cmath>

#include "report/import/json_stream.h"

namespace datamon::report {
namespace {

constexpr std::size_t kMostDeviceNames = 64;

// FNV-1a: numbers and texts as ids share one space; the top bit keeps them apart.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xCBF29CE484222325u;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return value | std::uint64_t{1} << 63;
}

template <typename Number>
bool parse_whole(std::string_view text, Number& out) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && (at == text.data() + text.size() || *at == '.');
}

class EventHandler {
 public:
  EventHandler(KinetoReading& reading, const std::function<void(const KinetoEvent&)>& use)
      : reading_(reading), use_(use) {}

  void begin_object() {
    open();
    if (depth_ == event_depth_) begin_event();
  }
  void end_object() {
    if (depth_ == event_depth_) end_event();
    if (place_ == Place::kDevices && depth_ == 3) end_device();
    close();
  }
  void begin_array() {
    open();
    // A bare list is an old form of the format.
    if (depth_ == 1 || (depth_ == 2 && place_ == Place::kEvents)) {
      event_depth_ = depth_ + 1;
      reading_.any_event_list = true;
    }
  }
  void end_array() { close(); }

  void key(std::string_view text) {
    if (depth_ == event_depth_) {
      field_ = event_field(text);
    } else if (depth_ == event_depth_ + 1 && in_arguments_) {
      field_ = argument_field(text);
    } else if (depth_ == 1) {
      place_ = place_of(text);
      field_ = Field::kNone;
    } else {
      field_ = place_ == Place::kNone ? Field::kNone : header_field(text);
    }
  }

  void string(std::string_view text) {
    switch (field_) {
      case Field::kPhase:
        complete_ = text == "X";
        break;
      case Field::kName:
        event_.name.assign(text.substr(0, kMostName));
        break;
      case Field::kCategory:
        event_.category.assign(text.substr(0, kMostName));
        break;
      case Field::kDeviceName:
        device_name_.assign(text.substr(0, kMostName));
        break;
      default:
        if (place_ == Place::kHost && depth_ == 1)
          reading_.header.host.assign(text.substr(0, kMostName));
        else
          number(text);  // some versions write numbers as texts
    }
    field_ = Field::kNone;
  }

  void number(std::string_view text) {
    switch (field_) {
      case Field::kPid:
        event_.pid = id(text);
        break;
      case Field::kTid:
        event_.tid = id(text);
        break;
      case Field::kStart:
        has_start_ = parse_us(text, event_.start_ns);
        break;
      case Field::kLength:
        has_length_ = parse_us(text, event_.length_ns) && event_.length_ns >= 0;
        break;
      case Field::kDevice:
        if (!parse_whole(text, event_.device)) event_.device = -1;
        break;
      case Field::kBytes:
        if (!parse_whole(text, event_.bytes)) event_.bytes = 0;
        break;
      case Field::kDeviceId:
        if (!parse_whole(text, device_id_)) device_id_ = -1;
        break;
      case Field::kRank:
        if (!parse_whole(text, reading_.header.rank)) reading_.header.rank = 0;
        break;
      case Field::kRanks:
        if (!parse_whole(text, reading_.header.ranks)) reading_.header.ranks = 1;
        break;
      default:
        break;
    }
    field_ = Field::kNone;
  }

  void literal() { field_ = Field::kNone; }

 private:
  enum class Place : std::uint8_t { kNone, kEvents, kDevices, kDistributed, kHost };
  enum class Field : std::uint8_t {
    kNone,
    kPhase,
    kName,
    kCategory,
    kPid,
    kTid,
    kStart,
    kLength,
    kArguments,
    kDevice,
    kBytes,
    kDeviceId,
    kDeviceName,
    kRank,
    kRanks
  };

  static Place place_of(std::string_view key) {
    if (key == "traceEvents") return Place::kEvents;
    if (key == "deviceProperties") return Place::kDevices;
    if (key == "distributedInfo") return Place::kDistributed;
    return key == "host_name" ? Place::kHost : Place::kNone;
  }
  static Field event_field(std::string_view key) {
    if (key == "ph") return Field::kPhase;
    if (key == "name") return Field::kName;
    if (key == "cat") return Field::kCategory;
    if (key == "pid") return Field::kPid;
    if (key == "tid") return Field::kTid;
    if (key == "ts") return Field::kStart;
    if (key == "dur") return Field::kLength;
    return key == "args" ? Field::kArguments : Field::kNone;
  }
  static Field argument_field(std::string_view key) {
    if (key == "device") return Field::kDevice;
    return key == "bytes" ? Field::kBytes : Field::kNone;
  }
  Field header_field(std::string_view key) const {
    if (place_ == Place::kDevices && depth_ == 3) {
      if (key == "id") return Field::kDeviceId;
      return key == "name" ? Field::kDeviceName : Field::kNone;
    }
    if (place_ == Place::kDistributed && depth_ == 2) {
      if (key == "rank") return Field::kRank;
      return key == "world_size" ? Field::kRanks : Field::kNone;
    }
    return Field::kNone;
  }

  static std::uint64_t id(std::string_view text) {
    std::uint64_t value = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && at == text.data() + text.size();
    return whole ? value & ~(std::uint64_t{1} << 63) : hash(text);
  }

  void open() {
    ++depth_;
    in_arguments_ = depth_ == event_depth_ + 1 && field_ == Field::kArguments;
    field_ = Field::kNone;
  }
  void close() {
    if (depth_ <= event_depth_ + 1) in_arguments_ = false;
    if (depth_ == event_depth_ - 1) event_depth_ = kNowhere;
    --depth_;
    field_ = Field::kNone;
  }
  void begin_event() {
    event_.name.clear();
    event_.category.clear();
    event_.pid = event_.tid = event_.bytes = 0;
    event_.device = -1;
    complete_ = has_start_ = has_length_ = false;
  }
  void end_event() {
    ++reading_.events;
    if (!complete_) return;
    if (has_start_ && has_length_)
      use_(event_);
    else
      ++reading_.unusable;
  }
  void end_device() {
    auto& names = reading_.header.device_names;
    if (!device_name_.empty() && device_id_ >= 0 && names.size() < kMostDeviceNames)
      names[device_id_] = device_name_;
    device_name_.clear();
    device_id_ = -1;
  }

  static constexpr std::size_t kNowhere = 1'000'000;  // deeper than any document

  KinetoReading& reading_;
  const std::function<void(const KinetoEvent&)>& use_;
  KinetoEvent event_;
  std::size_t depth_ = 0;
  std::size_t event_depth_ = kNowhere;
  Place place_ = Place::kNone;
  Field field_ = Field::kNone;
  bool in_arguments_ = false;
  bool complete_ = false, has_start_ = false, has_length_ = false;
  std::int64_t device_id_ = -1;
  std::string device_name_;
};

}  // namespace

KinetoReading read_kineto(ByteStream& bytes, const std::function<void(const KinetoEvent&)>& use) {
  KinetoReading reading;
  EventHandler handler(reading, use);
  JsonStream json(bytes);
  reading.error = json.parse(handler);
  reading.offset = json.offset();
  return reading;
}

}  // namespace datamon::report
