#include "recording_builder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "block_writer.h"

namespace datamon::testing {

using namespace format;

int histogram_bucket(std::uint64_t ticks) {
  for (int bucket = kHistogramBuckets - 1; bucket > 0; --bucket) {
    const int octave = (bucket - 1) / 4, quarter = (bucket - 1) % 4;
    const double lower = std::ldexp(1.0 + quarter / 4.0, kHistogramFirstOctave + octave);
    if (static_cast<double>(ticks) >= lower) return bucket;
  }
  return 0;
}

// ---- tracks

void TrackBuilder::begin(std::uint16_t stage, double at_s) {
  open_.push_back({stage, file_->ticks(at_s)});
}

void TrackBuilder::end(double at_s, const SpanEnd& what) {
  if (open_.empty()) throw std::logic_error("end without begin");
  const Open span = open_.back();
  open_.pop_back();
  const std::uint64_t end = file_->ticks(at_s);
  if (end < span.start) throw std::logic_error("a span ends before it begins");
  const std::uint64_t wall = end - span.start;
  const std::uint64_t self = wall - std::min(wall, span.nested);
  if (!open_.empty()) open_.back().nested += wall;
  const auto depth = static_cast<std::uint8_t>(open_.size());
  const auto flags = static_cast<std::uint8_t>(what.split ? kSpanSampled : 0);
  spans_.push_back({span.start, wall, what.id,
                    static_cast<std::uint32_t>(std::min<std::uint64_t>(what.bytes, UINT32_MAX)),
                    span.stage, depth, flags});
  add_to_cell(span.stage, end, wall, self, what.bytes, what.split);
  slow_parts_[span.stage] += self;
  if (depth == 0) {
    record_.root_ticks += wall;
    ++(what.split ? record_.sampled_roots : record_.skipped_roots);
    if (keep_slow_) keep_slow(span, wall, what);
    slow_parts_.clear();
  }
  file_->last_s_ = std::max(file_->last_s_, at_s);
}

void TrackBuilder::span(std::uint16_t stage, double from_s, double to_s, const SpanEnd& what) {
  begin(stage, from_s);
  end(to_s, what);
}

void TrackBuilder::interval(std::uint16_t stage, double from_s, double to_s, std::uint64_t id,
                            std::uint64_t bytes) {
  const std::uint64_t start = file_->ticks(from_s), end = file_->ticks(to_s);
  spans_.push_back({start, end - start, id,
                    static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, UINT32_MAX)), stage,
                    static_cast<std::uint8_t>(open_.size()), kSpanInterval});
  add_to_cell(stage, end, end - start, end - start, bytes, std::nullopt);
  file_->last_s_ = std::max(file_->last_s_, to_s);
}

void TrackBuilder::start(double at_s) { record_.start_ticks = file_->ticks(at_s); }

void TrackBuilder::finish(double at_s) {
  record_.end_ticks = file_->ticks(at_s);
  file_->last_s_ = std::max(file_->last_s_, at_s);
}

void TrackBuilder::add_to_cell(std::uint16_t stage, std::uint64_t end, std::uint64_t wall,
                               std::uint64_t self, std::uint64_t bytes,
                               const std::optional<Split>& split) {
  const int shift = file_->options().window_shift;
  Cell& cell = cells_[{end >> shift, stage}];
  cell.window = end >> shift;
  cell.shift = static_cast<std::uint8_t>(shift);
  cell.state = static_cast<std::uint8_t>(CellState::kLive);
  cell.stage = stage;
  ++cell.count;
  cell.wall_ticks += wall;
  cell.self_ticks += self;
  cell.bytes += bytes;
  cell.max_ticks = std::max(cell.max_ticks, wall);
  ++cell.histogram[histogram_bucket(wall)];
  ++record_.span_count;
  if (!split) return;
  const double self_ns = static_cast<double>(self) / file_->options().ticks_per_second * 1e9;
  const auto part = [self_ns](double share) {
    return static_cast<std::uint64_t>(std::llround(self_ns * share));
  };
  ++cell.sampled_count;
  cell.sampled_self_ns += part(1);
  cell.cpu_ns += part(split->cpu);
  cell.runqueue_ns += part(split->runqueue);
  cell.fault_ns += part(split->fault);
  if (split->fault > 0) ++cell.major_faults;
}

void TrackBuilder::keep_slow(const Open& outermost, std::uint64_t duration, const SpanEnd& what) {
  SlowRecord slow{};
  slow.start = outermost.start;
  slow.duration = duration;
  slow.id = what.id;
  slow.bytes = what.bytes;
  slow.stage = outermost.stage;
  const std::string_view tail =
      what.name.substr(what.name.size() - std::min(what.name.size(), sizeof slow.name));
  slow.name_bytes = static_cast<std::uint16_t>(tail.size());
  std::memcpy(slow.name, tail.data(), tail.size());
  for (const auto& [stage, self] : slow_parts_)
    if (slow.parts < std::size(slow.part)) slow.part[slow.parts++] = {self, stage, {}};
  slow_.push_back(slow);
  keep_slow_ = false;
}

// ---- files

FileBuilder::FileBuilder(FileOptions options) : options_(std::move(options)) {
  std::memcpy(header_.magic, kFileMagic, sizeof header_.magic);
  header_.version_major = kVersionMajor;
  header_.version_minor = kVersionMinor;
  header_.byte_order_mark = kByteOrderMark;
  header_.header_bytes = kBlockAlignment;
  header_.pid = options_.pid;
  header_.parent_pid = options_.parent_pid;
  header_.rank = options_.rank;
  header_.local_rank = options_.local_rank;
  header_.world_size = options_.world_size;
  header_.is_root = options_.is_root ? 1 : 0;
  header_.process_start = options_.pid * 10ull;
  options_.boot_id.copy(header_.boot_id, sizeof header_.boot_id - 1);
  options_.host.copy(header_.host, sizeof header_.host - 1);
  header_.clock_kind = static_cast<std::uint32_t>(ClockKind::kInvariantTsc);
  header_.end_state = static_cast<std::uint32_t>(options_.end_state);
  header_.first_pair = pair_at(options_.start_s);
  header_.ticks_per_second = static_cast<std::uint64_t>(options_.ticks_per_second);
  const double ticks_per_ns = options_.ticks_per_second * 1e-9;
  header_.span_cost_ticks_x1024 =
      static_cast<std::uint64_t>(options_.span_cost_ns * ticks_per_ns * 1024);
  header_.reading_ticks =
      static_cast<std::uint64_t>(options_.reading_s * options_.ticks_per_second);
  header_.startup_ticks =
      static_cast<std::uint64_t>(options_.startup_s * options_.ticks_per_second);
  header_.sampler_cpu_ns = static_cast<std::uint64_t>(options_.sampler_cpu_s * 1e9);
  header_.budget_ppm = 5000;
  last_s_ = options_.start_s;
}

std::uint64_t FileBuilder::ticks(double at_s) const {
  return options_.base_ticks +
         static_cast<std::uint64_t>(std::llround(at_s * options_.ticks_per_second));
}

ClockPair FileBuilder::pair_at(double at_s) const {
  const auto ns = [at_s](double offset_s) {
    return static_cast<std::uint64_t>(std::llround((at_s + offset_s) * 1e9));
  };
  return {ticks(at_s), ns(5000), 1'760'000'000'000'000'000ull + ns(options_.realtime_offset_s), 50};
}

std::uint16_t FileBuilder::stage(std::string_view name, std::uint16_t stage_class,
                                 std::uint16_t loader) {
  StageRecord record{};
  record.id = static_cast<std::uint16_t>(kFirstUserStage + stages_.size());
  record.stage_class = stage_class;
  record.loader = loader;
  record.name_bytes = static_cast<std::uint16_t>(std::min(name.size(), sizeof record.name));
  std::memcpy(record.name, name.data(), record.name_bytes);
  stages_.push_back(record);
  return record.id;
}

TrackBuilder& FileBuilder::track(std::uint32_t role, std::uint32_t index, std::string_view name,
                                 std::uint32_t loader) {
  TrackBuilder& track = tracks_.emplace_back();
  track.file_ = this;
  TrackRecord& record = track.record_;
  record.number = static_cast<std::uint32_t>(tracks_.size() - 1);
  record.tid = options_.pid + record.number;
  record.role = role;
  record.index = index;
  record.loader = loader;
  record.threads = 1;
  record.start_ticks = ticks(options_.start_s);
  record.name_bytes = static_cast<std::uint16_t>(std::min(name.size(), sizeof record.name));
  std::memcpy(record.name, name.data(), record.name_bytes);
  return track;
}

void FileBuilder::note(std::string_view key, std::string_view value) {
  notes_.append(key).push_back('\0');
  notes_.append(value).push_back('\0');
}

void FileBuilder::sample(const std::vector<MetricColumn>& columns, double from_s, double to_s,
                         double every_s) {
  for (const MetricColumn& column : columns) {
    MetricRecord record{};
    record.kind = static_cast<std::uint32_t>(column.kind);
    record.unit_bytes =
        static_cast<std::uint16_t>(column.unit.copy(record.unit, sizeof record.unit));
    record.name_bytes =
        static_cast<std::uint16_t>(column.name.copy(record.name, sizeof record.name));
    metrics_.push_back(record);
  }
  const auto rows = static_cast<int>(std::floor((to_s - from_s) / every_s + 1e-9)) + 1;
  for (int i = 0; i < rows; ++i) {
    const double at_s = from_s + i * every_s;
    const std::uint64_t at = ticks(at_s);
    double bits;
    std::memcpy(&bits, &at, sizeof bits);
    rows_.push_back(bits);
    for (const MetricColumn& column : columns) rows_.push_back(column.value(at_s));
  }
  last_s_ = std::max(last_s_, to_s);
}

void FileBuilder::sample_process(double at_s, std::uint32_t pid, double cpu_s,
                                 std::uint64_t rss_bytes, std::uint64_t read_bytes) {
  processes_.push_back(
      {ticks(at_s), pid, 1, static_cast<std::uint64_t>(cpu_s * 1e9), rss_bytes, 0, read_bytes});
}

namespace {

// The halves of a track's spans that a bounded recording keeps.
struct StoredRun {
  std::size_t begin, end;
};

std::vector<StoredRun> stored_runs(std::size_t spans, std::size_t most) {
  if (spans <= most) return {{0, spans}};
  return {{0, most / 2}, {spans - (most - most / 2), spans}};
}

void write_spans(BlockWriter& out, std::uint32_t track, const std::vector<SpanRecord>& spans,
                 const FileOptions& options) {
  const std::size_t each = (options.span_block_bytes - sizeof(BlockHeader)) / sizeof(SpanRecord);
  for (const StoredRun run : stored_runs(spans.size(), options.most_stored_spans)) {
    for (std::size_t at = run.begin; at < run.end; at += each) {
      const std::size_t count = std::min(each, run.end - at);
      out.block(BlockType::kSpans, track, spans.data() + at, count * sizeof(SpanRecord), count,
                options.span_block_bytes, at);
    }
  }
}

template <typename Record>
void write_records(BlockWriter& out, BlockType type, std::uint32_t track,
                   const std::vector<Record>& records) {
  if (!records.empty())
    out.block(type, track, records.data(), records.size() * sizeof(Record), records.size());
}

}  // namespace

// docs/recording-format.md, "Files": written independently of the public header.
static std::uint64_t file_key(std::string_view path) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  for (const std::uint64_t factor : {0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53}) {
    hash ^= hash >> 33;
    hash *= factor;
  }
  hash ^= hash >> 33;
  return hash == 0 ? 1 : hash;
}

void FileBuilder::data_file(std::string_view path, std::uint64_t uses, std::uint64_t bytes,
                            double read_s, bool listed) {
  const auto read_ticks = static_cast<std::uint64_t>(read_s * options_.ticks_per_second);
  file_totals_.resize(1);
  FileTotals& totals = file_totals_.front();
  totals.uses += uses;
  totals.reads += uses;
  totals.bytes_read += bytes;
  totals.read_ticks += read_ticks;
  const std::uint64_t key = file_key(path);
  std::uint8_t rank = 1;
  for (int bit = 63 - kFileSketchBits; bit >= 0 && (key >> bit & 1) == 0; --bit) ++rank;
  std::uint8_t& most = totals.sketch[key >> (64 - kFileSketchBits)];
  most = std::max(most, rank);
  if (!listed) {
    totals.unlisted_uses += uses;
    return;
  }
  FileRecord& record = files_.emplace_back();
  record.key = key;
  record.uses = record.reads = uses;
  record.bytes_read = bytes;
  record.read_ticks = record.longest_ticks = read_ticks;
  record.path_bytes = static_cast<std::uint16_t>(path.copy(record.path, sizeof record.path));
}

std::vector<std::byte> FileBuilder::bytes() const {
  BlockWriter out;
  write_records(out, BlockType::kStages, kUnknown, stages_);
  if (!notes_.empty())
    out.block(BlockType::kNotes, kUnknown, notes_.data(), notes_.size(), notes_.size());
  std::uint64_t unstored = 0;
  for (const TrackBuilder& track : tracks_) {
    const std::uint32_t number = track.record_.number;
    out.block(BlockType::kTrack, number, &track.record_, sizeof track.record_, 1);
    std::vector<Cell> cells;
    for (const auto& [key, cell] : track.cells_) cells.push_back(cell);
    for (std::size_t at = 0; at < cells.size(); at += kCellsPerBlock) {
      const std::size_t count = std::min<std::size_t>(kCellsPerBlock, cells.size() - at);
      out.block(BlockType::kCells, number, cells.data() + at, count * sizeof(Cell), count);
    }
    write_spans(out, number, track.spans_, options_);
    write_records(out, BlockType::kSlow, number, track.slow_);
    unstored += track.spans_.size() - std::min(track.spans_.size(), options_.most_stored_spans);
  }
  write_records(out, BlockType::kMetrics, kUnknown, metrics_);
  if (!metrics_.empty()) {
    out.block(BlockType::kSamples, kUnknown, rows_.data(), rows_.size() * sizeof(double),
              rows_.size() / (1 + metrics_.size()));
  }
  write_records(out, BlockType::kProcesses, kUnknown, processes_);
  write_records(out, BlockType::kFileTotals, kUnknown, file_totals_);
  write_records(out, BlockType::kFiles, kUnknown, files_);

  FileHeader header = header_;
  const double end_s = options_.end_s >= 0 ? options_.end_s : last_s_;
  header.latest_pair[1] = pair_at(std::max(end_s, options_.start_s + 1e-3));
  header.latest_index = 1;
  if (header.end_state != static_cast<std::uint32_t>(EndState::kOpen))
    header.end_ticks = ticks(end_s);
  header.unstored_spans += unstored;
  return out.file(header);
}

std::filesystem::path FileBuilder::write(const std::filesystem::path& directory) const {
  std::filesystem::create_directories(directory);
  const auto path = directory / (options_.host + "-" + std::to_string(options_.pid) + "-" +
                                 std::to_string(header_.process_start) + ".mon");
  const std::vector<std::byte> content = bytes();
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(content.data()),
            static_cast<std::streamsize>(content.size()));
  if (!out) throw std::runtime_error("cannot write " + path.string());
  return path;
}

}  // namespace datamon::testing
