#include "report/import/megengine_log.h"

#include <algorithm>

namespace datamon::report {
namespace {

constexpr std::size_t kMostLine = 64 * 1024;  // a longer line is read in pieces
constexpr std::size_t kLongestRecord = 512;   // pieces overlap by this
constexpr std::string_view kStart = "pid: ";

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool literal(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }
  bool whole(std::uint64_t& value) {
    const std::size_t from = at_;
    value = 0;
    for (; at_ < text_.size() && digit(text_[at_]); ++at_) {
      if (at_ - from == 18) return false;  // no such number is printed
      value = value * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
    }
    return at_ > from;
  }
  // As "%.6f" prints it.
  bool seconds(double& value) {
    const bool negative = literal("-");
    std::uint64_t whole_part = 0, decimals = 0;
    if (!whole(whole_part) || !literal(".")) return false;
    const std::size_t from = at_;
    if (!whole(decimals) || at_ - from != 6) return false;
    value = static_cast<double>(whole_part) + static_cast<double>(decimals) * 1e-6;
    if (negative) value = -value;
    return true;
  }
  std::size_t at() const { return at_; }

 private:
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  std::string_view text_;
  std::size_t at_ = 0;
};

// Bytes that the line at the front of `text` takes; 0 if there is none.
std::size_t parse(std::string_view text, MonitorLine& line) {
  Cursor cursor(text);
  if (!cursor.literal(kStart) || !cursor.whole(line.pid) || !cursor.literal(", ")) return 0;
  const bool numbered = cursor.literal("idx: ");
  if (numbered && (!cursor.whole(line.idx) || !cursor.literal(", "))) return 0;
  if (numbered && cursor.literal("IPC_time: ")) {
    line.kind = MonitorLine::Kind::kConsumer;
    return cursor.seconds(line.ipc_s) ? cursor.at() : 0;
  }
  line.kind = numbered ? MonitorLine::Kind::kWorker : MonitorLine::Kind::kSerial;
  const bool all = cursor.literal("dataset_time: ") && cursor.seconds(line.dataset_s) &&
                   cursor.literal(", transform_time: ") && cursor.seconds(line.transform_s) &&
                   cursor.literal(", collate_time: ") && cursor.seconds(line.collate_s);
  const bool possible = line.dataset_s >= 0 && line.transform_s >= 0 && line.collate_s >= 0;
  return all && possible ? cursor.at() : 0;
}

// Removes colour escapes (ESC [ ... letter).
void strip_escapes(std::string& text) {
  if (text.find('\x1b') == std::string::npos) return;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b' || i + 1 >= text.size() || text[i + 1] != '[') {
      out.push_back(text[i]);
      continue;
    }
    for (i += 2; i < text.size() && (text[i] < '@' || text[i] > '~'); ++i) {
    }
  }
  text = std::move(out);
}

class LineReader {
 public:
  LineReader(LogReading& reading, const std::function<void(const MonitorLine&)>& use)
      : reading_(reading), use_(use) {}

  void add(std::string_view chunk) {
    while (!chunk.empty()) {
      const std::size_t end = chunk.find('\n');
      const std::string_view part = chunk.substr(0, end);
      if (pending_.empty()) line_start_ = offset_;
      // Lines without any hint are most of a log: they are not copied.
      if (pending_.empty() && end != std::string_view::npos) {
        if (part.find(kStart) != std::string_view::npos ||
            part.find('\x1b') != std::string_view::npos)
          line(std::string(part));
        else
          note_failures(part);
      } else {
        pending_ += part;
        if (end != std::string_view::npos)
          flush();
        else if (pending_.size() > kMostLine)
          flush_piece();
      }
      offset_ += part.size();
      if (end == std::string_view::npos) return;
      ++offset_;
      chunk.remove_prefix(end + 1);
    }
  }
  void finish() { flush(); }

 private:
  void flush() {
    line(std::move(pending_));
    pending_.clear();
  }
  // What begins in the last bytes may go on; it is read with the next piece.
  void flush_piece() {
    const std::size_t keep = pending_.rfind(kStart);
    const bool open = keep != std::string::npos && pending_.size() - keep < kLongestRecord;
    const std::size_t cut = open ? keep : pending_.size() - kStart.size();
    std::string rest = pending_.substr(cut);
    pending_.resize(cut);
    line(std::move(pending_));
    pending_ = std::move(rest);
    line_start_ += cut;
  }

  void line(std::string text) {
    strip_escapes(text);
    note_failures(text);
    const std::string_view all = text;
    for (std::size_t at = all.find(kStart); at != std::string_view::npos;
         at = all.find(kStart, at + 1)) {
      MonitorLine found;
      const std::size_t taken = parse(all.substr(at), found);
      if (taken > 0)
        use_(found);
      else if (promises_times(all.substr(at)))
        damaged();
    }
  }

  // The monitor's own source, in a traceback, has braces for the numbers.
  static bool promises_times(std::string_view text) {
    const std::string_view own = text.substr(0, std::min(text.find(kStart, 1), kLongestRecord));
    return own.find("_time: ") != std::string_view::npos && own.find('{') == std::string_view::npos;
  }
  void damaged() {
    if (reading_.damaged++ == 0) reading_.first_damaged = line_start_;
  }
  void note_failures(std::string_view text) {
    if (text.find("unsupported format string passed to tuple.__format__") != std::string_view::npos)
      reading_.map_workers_failed = true;
    if (text.find("if monitor_workers[0] == 0:") != std::string_view::npos)
      reading_.serial_failed = true;
  }

  LogReading& reading_;
  const std::function<void(const MonitorLine&)>& use_;
  std::string pending_;
  std::uint64_t offset_ = 0;      // of the bytes seen so far
  std::uint64_t line_start_ = 0;  // of the line, or piece of one, that is being read
};

}  // namespace

LogReading read_megengine_log(ByteStream& bytes,
                              const std::function<void(const MonitorLine&)>& use) {
  LogReading reading;
  LineReader lines(reading, use);
  for (std::string_view chunk = bytes.next(); !chunk.empty(); chunk = bytes.next())
    lines.add(chunk);
  lines.finish();
  reading.error = bytes.error();
  return reading;
}

}  // namespace datamon::report
