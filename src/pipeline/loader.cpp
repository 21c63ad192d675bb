#include "pipeline/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "pipeline/batch_maker.h"
#include "pipeline/batch_plan.h"
#include "pipeline/crew.h"
#include "pipeline/error.h"
#include "pipeline/gpu/cut_space.h"
#include "pipeline/memory.h"
#include "pipeline/slots.h"

namespace datamon::pipeline {
namespace {

constexpr int kLookEvery_ms = 50;  // for dead workers and signals, while waiting

template <typename T>
void check(const char* flag, T value, T low, T high) {
  if (value < low || value > high)
    throw PipelineError(fmt::format("{} {}: it must be from {} to {}", flag, value, low, high));
}

const PipelineOptions& checked(const PipelineOptions& options) {
  check("--workers", options.workers, 0, kMaxWorkers);
  check("--batch", options.batch, 1, kMaxBatch);
  check("--prefetch", options.prefetch, 1, kMaxPrefetch);
  check("--size", options.size, 1, kMaxSize);
  check("--image-pixels", options.image_pixels, 1, kMaxImagePixels);
  for (const SlowSpec& spec : options.slow) {
    if (spec.kind == SlowKind::worker && spec.worker >= options.workers)
      throw PipelineError(fmt::format("--slow {}: there is no worker {}, --workers is {}",
                                      spec.text, spec.worker, options.workers));
  }
  check_memory(options);
  return options;
}

}  // namespace

struct Loader::State {
  State(const Source& from, const PipelineOptions& with, const StopFlag& interrupted_flag);

  bool goes_on() const {
    return interrupted.load(std::memory_order_relaxed) == 0 &&
           (received < asked || plan.next_epoch().has_value());
  }
  bool take(StageTimer& wait, std::optional<Batch>& got);
  void release();
  bool ready() const;
  bool make_here(StageTimer& wait);
  bool receive(StageTimer& wait);
  void ask();
  void fill(std::uint32_t slot, const PlannedBatch& planned);
  void begin_epoch();
  bool await(int worker, std::uint32_t index);
  void throw_trouble();
  void note_failures();
  void note_failure(std::uint32_t item, const std::string& reason);
  Batch held_batch(int worker) const;
  std::uint64_t held_bytes() const;

  const Source& source;
  const PipelineOptions options;
  const StopFlag& interrupted;
  BatchPlan plan;
  SlotMemory slots;
  Crew crew;
  StageTotals own_totals{};
  StageClock clock;
  std::optional<BatchMaker> maker;  // with 0 workers

  std::vector<std::uint32_t> free_slots;
  std::vector<std::uint32_t> held_slots;  // the consumer's, the oldest first
  std::uint32_t held = 0;                 // the latest of them
  std::uint64_t asked = 0, received = 0;  // since the workers were started
  std::uint64_t first_of_crew = 0;        // number of the batch that was asked first
  std::uint64_t epoch = 0;                // that the workers work on (new_workers)

  std::map<std::string, ItemProblem> problems;
  std::uint64_t failed_items = 0, empty_batches = 0, empty_in_a_row = 0;
  std::uint64_t resized_on_cpu = 0, decoded_on_cpu = 0;
};

Loader::State::State(const Source& from, const PipelineOptions& with,
                     const StopFlag& interrupted_flag)
    : source(from),
      options(checked(with)),
      interrupted(interrupted_flag),
      plan(from.size(), options),
      slots(options),
      crew(source, options, slots),
      clock(own_totals, plan_slow(options.slow, kNoWorker), interrupted) {
  if (clock.slow.any) sharpen_sleep();
  for (std::uint32_t i = slots.slots(); i > 0; --i) free_slots.push_back(i - 1);
  held_slots.reserve(SlotMemory::held_by_consumer(options));
  if (options.workers == 0) maker.emplace(source, options, clock, crew.control());
  begin_epoch();
}

// Starts the workers and asks each for as many batches as it may prefetch.
void Loader::State::begin_epoch() {
  epoch = plan.next_epoch().value_or(0);
  if (options.workers == 0) return;
  asked = received = 0;
  crew.start();
  for (int i = 0; i < options.workers * options.prefetch; ++i) ask();
}

void Loader::State::fill(std::uint32_t slot, const PlannedBatch& planned) {
  const Slot memory = slots.slot(slot);
  *memory.header = SlotHeader();
  memory.header->batch = planned.number;
  memory.header->epoch = planned.epoch;
  memory.header->count = static_cast<std::uint32_t>(planned.items.size());
  std::copy(planned.items.begin(), planned.items.end(), memory.items);
}

// Asks the worker whose turn it is for the next batch, if there is one.
void Loader::State::ask() {
  const auto next_epoch = plan.next_epoch();
  if (!next_epoch || (options.new_workers && *next_epoch != epoch)) return;
  const auto planned = plan.next();
  if (asked == 0) first_of_crew = planned->number;
  const auto workers = static_cast<std::uint64_t>(options.workers);
  Lane& lane = crew.lane(static_cast<int>(asked % workers));
  const std::uint32_t slot = free_slots.back();
  free_slots.pop_back();
  fill(slot, *planned);
  lane.request(static_cast<std::uint32_t>(asked / workers),
               static_cast<std::uint32_t>(options.prefetch)) = slot;
  lane.requested.raise();
  ++asked;
}

// One batch; `got` stays empty when it holds no good item. False: interrupted.
bool Loader::State::take(StageTimer& wait, std::optional<Batch>& got) {
  release();
  const int worker = options.workers == 0
                         ? 0
                         : static_cast<int>(received % static_cast<std::uint64_t>(options.workers));
  if (!(options.workers == 0 ? make_here(wait) : receive(wait))) return false;
  held_slots.push_back(held);
  note_failures();
  if (slots.slot(held).header->count > 0) {
    got = held_batch(worker);
  } else {
    held_slots.pop_back();
    free_slots.push_back(held);
  }
  return true;
}

// The oldest of the consumer's slots is free again when it takes one more than it may hold.
void Loader::State::release() {
  if (held_slots.size() < SlotMemory::held_by_consumer(options)) return;
  free_slots.push_back(held_slots.front());
  held_slots.erase(held_slots.begin());
}

bool Loader::State::ready() const {
  if (options.workers == 0 || received == asked) return false;
  const auto workers = static_cast<std::uint64_t>(options.workers);
  const Lane& lane = crew.lane(static_cast<int>(received % workers));
  return lane.sent.value() != static_cast<std::uint32_t>(received / workers);
}

// With 0 workers: the consumer makes the batch, in its wait.
bool Loader::State::make_here(StageTimer& wait) {
  const auto planned = plan.next();
  held = free_slots.back();
  fill(held, *planned);
  wait.item(planned->number);
  const bool whole =
      maker->make(slots.slot(held)) && interrupted.load(std::memory_order_relaxed) == 0;
  if (whole) free_slots.pop_back();
  return whole;
}

bool Loader::State::receive(StageTimer& wait) {
  if (received == asked) {  // the epoch is over, and its workers with it
    StageTimer init(clock, Stage::init);
    crew.stop();
    begin_epoch();
  }
  const auto workers = static_cast<std::uint64_t>(options.workers);
  const int worker = static_cast<int>(received % workers);
  const auto index = static_cast<std::uint32_t>(received / workers);
  if (!await(worker, index)) return false;
  StageTimer timer(clock, Stage::receive);
  held = crew.lane(worker).request(index, static_cast<std::uint32_t>(options.prefetch));
  ++received;
  const SlotHeader& header = *slots.slot(held).header;
  const std::uint64_t bytes = held_bytes();
  datamon_record(DATAMON_QUEUE, header.sent_ticks, datamon_now(), header.batch, bytes);
  StageTotal& queue = own_totals[static_cast<std::size_t>(Stage::queue)];
  queue.count += 1;
  queue.wall_ns += wall_ns() - header.sent_ns;
  queue.bytes += bytes;
  wait.item(header.batch);
  timer.item(header.batch, bytes);
  ask();
  return true;
}

// Waits until the worker has delivered its batch number `index`; false when interrupted.
bool Loader::State::await(int worker, std::uint32_t index) {
  Counter& sent = crew.lane(worker).sent;
  while (sent.value() == index) {
    if (interrupted.load(std::memory_order_relaxed) != 0) return false;
    sent.wait(index, kLookEvery_ms);
    if (sent.value() == index) throw_trouble();
  }
  return true;
}

void Loader::State::throw_trouble() {
  const auto trouble = crew.trouble();
  if (!trouble) return;
  const std::uint64_t delivered = crew.lane(trouble->worker).sent.value();
  const std::uint64_t batch = first_of_crew +
                              delivered * static_cast<std::uint64_t>(options.workers) +
                              static_cast<std::uint64_t>(trouble->worker);
  throw PipelineError(fmt::format("{}; its next batch was {}, {} batches were delivered{}{}",
                                  trouble->what, batch, first_of_crew + received,
                                  trouble->hint.empty() ? "" : "; ", trouble->hint));
}

void Loader::State::note_failures() {
  const Slot slot = slots.slot(held);
  const std::span<const ItemFailure> failures(slot.failures, slot.header->failures);
  for (const ItemFailure& failure : failures) {
    note_failure(failure.item, std::string(failure.reason, failure.reason_bytes));
  }
  resized_on_cpu += slot.header->resized_on_cpu;
  decoded_on_cpu += slot.header->decoded_on_cpu;
  if (slot.header->count > 0) {
    empty_in_a_row = 0;
    return;
  }
  ++empty_batches;
  if (++empty_in_a_row >= plan.batches_per_epoch())
    throw PipelineError(fmt::format(
        "{}: not one image of a whole epoch could be used; the first: {}: {}", source.path(),
        source.name(failures[0].item), std::string(failures[0].reason, failures[0].reason_bytes)));
}

void Loader::State::note_failure(std::uint32_t item, const std::string& reason) {
  const std::string name(source.name(item));
  if (options.on_error == OnError::fail)
    throw PipelineError(
        fmt::format("{}/{}: {}; repair or remove it, or go on without it with --on-error skip",
                    source.path(), name, reason));
  ++failed_items;
  const auto known = problems.find(name);
  if (known != problems.end()) {
    ++known->second.times;
  } else if (problems.size() < kMaxProblems) {
    problems.emplace(name, ItemProblem{reason, 1});
  }
}

// Of the images in the latest slot.
std::uint64_t Loader::State::held_bytes() const {
  const Slot slot = slots.slot(held);
  if (options.backend == Backend::cpu)
    return slot.header->count * sample_bytes(options.layout, options.size, options.size);
  std::uint64_t sum = 0;
  for (std::uint32_t place = 0; place < slot.header->count; ++place)
    if (slot.cuts[place].owner == place) sum += slot.cuts[place].bytes;
  return sum;
}

Batch Loader::State::held_batch(int worker) const {
  const Slot slot = slots.slot(held);
  const std::size_t count = slot.header->count;
  const std::size_t bytes = sample_bytes(options.layout, options.size, options.size);
  Batch batch;
  batch.slot = held;
  batch.number = slot.header->batch;
  batch.epoch = slot.header->epoch;
  batch.worker = worker;
  batch.layout = options.layout;
  batch.size = options.size;
  if (options.backend == Backend::cpu) {
    batch.pixels = {slot.pixels, count * bytes};
  } else {
    batch.cuts = {slot.cuts, count};
    batch.arena = {slot.pixels, gpu::arena_bytes(options)};
  }
  batch.labels = {slot.labels, count};
  batch.items = {slot.items, count};
  batch.failures = {slot.failures, slot.header->failures};
  return batch;
}

Loader::Loader(const Source& source, const PipelineOptions& options, const StopFlag& interrupted)
    : state_(std::make_unique<State>(source, options, interrupted)) {}

Loader::~Loader() = default;

std::optional<Batch> Loader::next() {
  std::optional<Batch> batch;
  while (state_->goes_on()) {
    StageTimer wait(state_->clock, Stage::wait);
    if (!state_->take(wait, batch) || batch) break;
  }
  return batch;
}

std::optional<Batch> Loader::take(StageTimer& wait) {
  std::optional<Batch> batch;
  while (state_->goes_on() && state_->take(wait, batch) && !batch) {
  }
  return batch;
}

void Loader::drop_latest() {
  state_->free_slots.push_back(state_->held_slots.back());
  state_->held_slots.pop_back();
}

bool Loader::more() const { return state_->goes_on(); }
bool Loader::ready() const { return state_->ready(); }
void Loader::add_failure(Batch& batch, std::uint32_t item, const std::string& reason) {
  const Slot slot = state_->slots.slot(batch.slot);
  slot.failures[slot.header->failures++] = item_failure(item, reason);
  batch.failures = {slot.failures, slot.header->failures};
  state_->note_failure(item, reason);
}
std::span<std::int32_t> Loader::labels_of(const Batch& batch) {
  return {state_->slots.slot(batch.slot).labels, batch.count()};
}
std::span<std::uint32_t> Loader::items_of(const Batch& batch) {
  return {state_->slots.slot(batch.slot).items, batch.count()};
}
std::span<std::byte> Loader::memory() const {
  return {state_->slots.data(), state_->slots.bytes()};
}
std::uint64_t Loader::resized_on_cpu() const { return state_->resized_on_cpu; }
std::uint64_t Loader::decoded_on_cpu() const { return state_->decoded_on_cpu; }

void Loader::stop() { state_->crew.stop(); }

StageTotals Loader::totals() const {
  StageTotals sum = state_->own_totals;
  for (int worker = 0; worker < state_->options.workers; ++worker) {
    const StageTotals& its = state_->crew.lane(worker).totals;
    for (std::size_t stage = 0; stage < sum.size(); ++stage) {
      sum[stage].count += its[stage].count;
      sum[stage].wall_ns += its[stage].wall_ns;
      sum[stage].cpu_ns += its[stage].cpu_ns;
      sum[stage].bytes += its[stage].bytes;
    }
  }
  return sum;
}

std::uint64_t Loader::worker_memory_bytes() const {
  if (state_->maker) return state_->maker->memory_bytes();
  std::uint64_t sum = 0;
  for (int worker = 0; worker < state_->options.workers; ++worker)
    sum += state_->crew.lane(worker).memory_bytes;
  return sum;
}

const std::map<std::string, ItemProblem>& Loader::problems() const { return state_->problems; }
std::uint64_t Loader::failed_items() const { return state_->failed_items; }
std::uint64_t Loader::empty_batches() const { return state_->empty_batches; }
std::uint64_t Loader::batches_per_epoch() const { return state_->plan.batches_per_epoch(); }
StageClock& Loader::clock() { return state_->clock; }

}  // namespace datamon::pipeline
