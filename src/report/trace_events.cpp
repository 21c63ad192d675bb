#include "report/trace_events.h"

#include <fmt/format.h>

namespace datamon::report {

TracePlace::TracePlace(std::uint64_t process, std::uint64_t thread)
    : pid(process), tid(thread), text(fmt::format(R"(,"pid":{},"tid":{},"ts":)", pid, tid)) {}

void TraceEvents::metadata(std::string_view kind, std::uint64_t pid, std::uint64_t tid,
                           std::string_view args) {
  separate();
  out_.text(fmt::format(
      R"({{"ph":"M","name":"{}","cat":"__metadata","pid":{},"tid":{},"ts":0,"args":{{{}}}}})", kind,
      pid, tid, args));
}

void TraceEvents::process(std::uint64_t pid, std::string_view name, std::size_t sort_index) {
  metadata("process_name", pid, 0, fmt::format(R"("name":{})", json_string(name)));
  metadata("process_sort_index", pid, 0, fmt::format(R"("sort_index":{})", sort_index));
}

void TraceEvents::thread(std::uint64_t pid, std::uint64_t tid, std::string_view name,
                         std::size_t sort_index) {
  metadata("thread_name", pid, tid, fmt::format(R"("name":{})", json_string(name)));
  metadata("thread_sort_index", pid, tid, fmt::format(R"("sort_index":{})", sort_index));
}

void TraceEvents::slice(const TraceStage& stage, const TracePlace& place, Slice at,
                        const ItemArgs& item) {
  char* out = slice_start(stage.head, place, at);
  out = JsonBuffer::put(out, ",\"args\":{\"id\":");
  out = JsonBuffer::put_number(out, item.id);
  if (item.bytes != 0) {
    out = JsonBuffer::put(out, ",\"bytes\":");
    out = JsonBuffer::put_number(out, item.bytes);
  }
  if (item.name.empty()) {
    out_.taken(JsonBuffer::put(out, "}}"));
    return;
  }
  out_.taken(out);
  out_.text(",\"name\":");
  out_.text(json_string(item.name));
  out_.text("}}");
}

void TraceEvents::device_slice(std::string_view head, const TracePlace& place, Slice at,
                               const DeviceArgs& args) {
  char* out = slice_start(head, place, at);
  const char* before = ",\"args\":{\"";
  const char* end = "}";
  const auto key = [&](std::string_view name) {
    out = JsonBuffer::put(out, before);
    out = JsonBuffer::put(out, name);
    out = JsonBuffer::put(out, "\":");
    before = ",\"";
    end = "}}";
  };
  if (args.bytes != 0) {
    key("bytes");
    out = JsonBuffer::put_number(out, args.bytes);
  }
  if (!args.memory.empty()) {
    key("memory");
    *out++ = '"';
    out = JsonBuffer::put(out, args.memory);
    *out++ = '"';
  }
  const auto time = [&](std::string_view name, std::int64_t ns) {
    if (ns < 0) return;
    key(name);
    out = JsonBuffer::put_microseconds(out, ns);
  };
  time("launched_us", args.launched);
  time("queued_us", args.queued);
  time("lasted_us", args.lasted);
  out_.taken(JsonBuffer::put(out, end));
}

void TraceEvents::arrow(std::uint64_t batch, const TracePlace& from, std::int64_t from_ns,
                        const TracePlace& to, std::int64_t to_ns) {
  const std::uint64_t id = ++arrows_;
  const auto half = [&](std::string_view head, const TracePlace& place, std::int64_t ns) {
    separate();
    out_.text(head);
    out_.number(id);
    out_.text(",\"name\":\"batch ");
    out_.number(batch);
    out_.text("\"");
    out_.text(place.text);
    out_.microseconds(ns);
    out_.text("}");
  };
  half(R"({"ph":"s","cat":"batch","id":)", from, from_ns);
  half(R"({"ph":"f","bp":"e","cat":"batch","id":)", to, to_ns);
}

void TraceEvents::counter(std::uint64_t pid, std::string_view name, std::int64_t ns,
                          std::span<const CounterSeries> series) {
  separate();
  out_.text(R"({"ph":"C","cat":"counter","name":)");
  out_.text(json_string(name));
  out_.text(",\"pid\":");
  out_.number(pid);
  out_.text(",\"tid\":0,\"ts\":");
  out_.microseconds(ns);
  out_.text(",\"args\":{");
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (i > 0) out_.text(",");
    out_.text(json_string(series[i].name));
    out_.text(":");
    out_.decimal(series[i].value);
  }
  out_.text("}}");
  ++counters_;
}

}  // namespace datamon::report
