#include "loader_model.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace datamon::testing {
namespace {

// A small generator of its own: the standard's distributions differ between libraries.
class Jitter {
 public:
  Jitter(std::uint64_t seed, double width) : state_(seed * 2 + 1), width_(width) {}
  double operator()(double time_s) {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    const double unit = static_cast<double>(state_ >> 11) / 9007199254740992.0;
    return time_s * (1 + width_ * (2 * unit - 1));
  }

 private:
  std::uint64_t state_;
  double width_;
};

class Simulation {
 public:
  Simulation(const std::filesystem::path& directory, const LoaderModel& model)
      : directory_(directory), model_(model), jitter_(model.seed, model.jitter) {
    FileOptions root = model.file;
    root.pid = model.first_pid;
    root.is_root = model.is_root;
    root.rank = root.local_rank = model.rank;
    root.world_size = model.world_size;
    next_pid_ = model.first_pid + 1;
    root_ = &files_.emplace_back(root);
    consumer_ = &root_->track(kConsumer, 0, "main", model.loader);
    wait_stage_ = model.loader == 0 ? static_cast<std::uint16_t>(kWait)
                                    : root_->stage("wait", 9, model.loader);
    notes();
  }

  LoaderTruth run() {
    consumer_free_s_ = model_.file.start_s + 0.05;
    for (int epoch = 0; epoch < model_.epochs; ++epoch) run_epoch(epoch);
    consumer_->finish(consumer_free_s_);
    truth_.end_s = consumer_free_s_;
    if (model_.cores > 0) sample();
    for (const FileBuilder& file : files_) file.write(directory_);
    return std::move(truth_);
  }

 private:
  struct Worker {
    TrackBuilder* track = nullptr;
    double free_s = 0;
  };

  void notes() {
    root_->note("loader.workers", std::to_string(model_.workers));
    root_->note("loader.prefetch", std::to_string(model_.prefetch));
    root_->note("loader.batch_size", std::to_string(model_.batch_size));
    if (model_.workers > 0)
      root_->note("loader.worker_kind", model_.processes ? "process" : "thread");
    root_->note("job.command", "python train.py");
    root_->note("machine.cpu_model", "Testchip 9000");
    root_->note("machine.disk", "nvme0n1");
  }

  void start_workers(double at_s) {
    for (int w = 0; w < model_.workers; ++w) {
      FileBuilder* file = root_;
      if (model_.processes) {
        FileOptions options = model_.file;
        options.pid = next_pid_++;
        options.parent_pid = root_->options().pid;
        options.start_s = at_s;
        options.end_state = format::EndState::kOpen;  // they leave through _exit
        if (model_.worker_stored_spans) options.most_stored_spans = *model_.worker_stored_spans;
        options.rank = options.local_rank = model_.rank;
        options.world_size = model_.world_size;
        file = &files_.emplace_back(options);
      }
      Worker& worker = workers_[w];
      worker.track = &file->track(kWorker, static_cast<std::uint32_t>(w),
                                  "worker " + std::to_string(w), model_.loader);
      worker.track->start(at_s);
      worker.free_s = at_s + jitter_(model_.init_s);
      worker.track->span(kInit, at_s, worker.free_s);
      ++truth_.spans;
    }
  }

  void run_epoch(int epoch) {
    if (epoch > 0) consumer_free_s_ += model_.idle_after_epoch_s;
    if (epoch == 0 || model_.respawn) start_workers(consumer_free_s_);
    for (auto& [index, worker] : workers_)
      worker.free_s = std::max(worker.free_s, consumer_free_s_);
    const std::size_t first = truth_.batch.size();
    const std::size_t ahead = static_cast<std::size_t>(model_.workers) * model_.prefetch;
    for (int b = 0; b < model_.batches; ++b) {
      LoaderTruth::Batch batch{};
      batch.id = static_cast<std::uint64_t>(b);
      batch.epoch = epoch;
      if (model_.workers == 0) {
        consume_own(batch);
      } else {
        const std::size_t index = first + static_cast<std::size_t>(b);
        const double may_start_s =
            static_cast<std::size_t>(b) < ahead ? 0 : truth_.batch[index - ahead].wait_to_s;
        if (!make(batch, b % model_.workers, may_start_s)) break;
        consume(batch);
      }
      truth_.batch.push_back(batch);
      ++truth_.batches;
    }
    if (model_.respawn)
      for (auto& [index, worker] : workers_) worker.track->finish(consumer_free_s_);
  }

  std::optional<Split> split_of(const Split& split) {
    if (model_.sample_every == 0 || item_ % model_.sample_every != 0) return std::nullopt;
    return split;
  }

  // One item from `at_s` on; returns when it is done.
  double make_item(TrackBuilder& track, double at_s, double factor) {
    track.begin(kFetch, at_s);
    if (model_.item_factor) factor *= model_.item_factor(item_);
    const bool slow = model_.slow_item && *model_.slow_item == static_cast<int>(item_);
    const double read_s = slow ? model_.slow_item_s : jitter_(model_.read_s) * factor;
    const double decode_s = jitter_(model_.decode_s) * factor;
    const double transform_s = jitter_(model_.transform_s) * factor;
    if (slow) track.keep_next_as_slow();
    const double read_to = at_s + read_s, decode_to = read_to + decode_s,
                 transform_to = decode_to + transform_s;
    track.span(kRead, at_s, read_to, {item_, model_.item_bytes, {}, split_of(model_.read_split)});
    track.span(kDecode, read_to, decode_to, {item_, 0, {}, split_of(model_.decode_split)});
    track.span(kTransform, decode_to, transform_to,
               {item_, 0, {}, split_of(model_.transform_split)});
    const double end_s = transform_to + jitter_(model_.other_s) * factor;
    const std::string name = "train/class/photo_" + std::to_string(item_) + ".jpg";
    track.end(end_s, {item_, model_.item_bytes, name, split_of(Split{})});
    truth_.read_s += read_s;
    truth_.decode_s += decode_s;
    truth_.transform_s += transform_s;
    truth_.spans += 4;
    ++truth_.items;
    ++item_;
    return end_s;
  }

  double make_items(TrackBuilder& track, double at_s, double factor, std::uint64_t id) {
    for (int i = 0; i < model_.batch_size; ++i) at_s = make_item(track, at_s, factor);
    const double collate_s = jitter_(model_.collate_s) * factor;
    track.span(kCollate, at_s, at_s + collate_s, {id, 0, {}, split_of(Split{})});
    ++truth_.spans;
    truth_.collate_s += collate_s;
    return at_s + collate_s;
  }

  // False: the worker is dead.
  bool make(LoaderTruth::Batch& batch, int index, double may_start_s) {
    Worker& worker = workers_[index];
    batch.worker = index;
    batch.start_s = std::max(worker.free_s, may_start_s);
    if (index == model_.killed_worker && batch.start_s >= model_.killed_s) return false;
    const double factor = model_.worker_factor ? model_.worker_factor(index) : 1;
    const double collated = make_items(*worker.track, batch.start_s, factor, batch.id);
    batch.ready_s = collated + jitter_(model_.send_s);
    worker.track->span(kSend, collated, batch.ready_s, {batch.id, 0, {}, {}});
    ++truth_.spans;
    worker.free_s = batch.ready_s;
    return true;
  }

  void consume(LoaderTruth::Batch& batch) {
    batch.wait_from_s = consumer_free_s_;
    consumer_->begin(wait_stage_, batch.wait_from_s);
    const double there_s = std::max(batch.wait_from_s, batch.ready_s);
    const double received_s = there_s + jitter_(model_.receive_s);
    consumer_->span(kReceive, there_s, received_s, {batch.id, 0, {}, {}});
    batch.wait_to_s = received_s;
    consumer_->end(received_s, {batch.id, 0, {}, {}});
    consumer_->interval(kQueue, batch.ready_s, there_s, batch.id);
    truth_.spans += 3;
    rest_of_step(batch);
  }

  void consume_own(LoaderTruth::Batch& batch) {
    batch.worker = -1;
    batch.start_s = batch.wait_from_s = consumer_free_s_;
    consumer_->begin(wait_stage_, batch.wait_from_s);
    batch.ready_s = batch.wait_to_s = make_items(*consumer_, batch.wait_from_s, 1, batch.id);
    consumer_->end(batch.wait_to_s, {batch.id, 0, {}, {}});
    ++truth_.spans;
    rest_of_step(batch);
  }

  void rest_of_step(LoaderTruth::Batch& batch) {
    const double transfer_s = model_.transfer_s > 0 ? jitter_(model_.transfer_s) : 0;
    const double computing_from = batch.wait_to_s + transfer_s;
    batch.step_end_s = computing_from + jitter_(model_.compute_s);
    if (transfer_s > 0) {
      consumer_->span(kTransfer, batch.wait_to_s, computing_from, {batch.id, 0, {}, {}});
      ++truth_.spans;
    }
    if (model_.record_compute) {
      consumer_->span(kCompute, computing_from, batch.step_end_s, {batch.id, 0, {}, {}});
      ++truth_.spans;
    }
    truth_.wait_s += batch.wait_to_s - batch.wait_from_s;
    truth_.transfer_s += transfer_s;
    truth_.compute_s += batch.step_end_s - computing_from;
    consumer_free_s_ = batch.step_end_s;
  }

  // A machine with one disk that did what the job did, evenly.
  void sample() {
    const double busy_s =
        truth_.decode_s + truth_.transform_s + truth_.collate_s + truth_.compute_s;
    const double rate = busy_s / std::max(truth_.end_s, 1e-9);
    const double bytes_rate =
        static_cast<double>(truth_.items * model_.item_bytes) / std::max(truth_.end_s, 1e-9);
    const auto level = [](double value) { return [value](double) { return value; }; };
    const auto grows = [](double per_s) {
      return [per_s](double at_s) { return 1e9 + per_s * at_s; };
    };
    const auto counter = format::MetricKind::kCounter;
    const auto gauge = format::MetricKind::kGauge;
    root_->sample(
        {{"cpu.user", "ns", counter, grows(rate * 1e9)},
         {"cpu.system", "ns", counter, grows(0.1e9)},
         {"cpu.idle", "ns", counter, grows(std::max(0.0, model_.cores - rate - 0.1) * 1e9)},
         {"cores.online", "1", gauge, level(model_.cores)},
         {"cores.allowed", "1", gauge, level(model_.cores)},
         {"run.queue", "1", gauge, level(rate + 0.1)},
         {"psi.cpu.some", "ns", counter, grows(0.05e9)},
         {"psi.io.some", "ns", counter, grows(0.2e9)},
         {"psi.io.full", "ns", counter, grows(0.1e9)},
         {"psi.memory.some", "ns", counter, grows(0)},
         {"disk.nvme0n1.read_bytes", "bytes", counter, grows(bytes_rate / 2)},
         {"disk.nvme0n1.reads", "1", counter, grows(100)},
         {"disk.nvme0n1.read_ns", "ns", counter, grows(100 * 0.5e6)},
         {"disk.nvme0n1.busy_ns", "ns", counter, grows(0.3e9)},
         {"memory.total", "bytes", gauge, level(16e9)},
         {"memory.available", "bytes", gauge, level(8e9)},
         {"page.major_faults", "1", counter, grows(3)},
         {"page.in_bytes", "bytes", counter, grows(bytes_rate / 2)},
         {"net.receive_bytes", "bytes", counter, grows(1000)}},
        model_.file.start_s, truth_.end_s, 0.1);
    for (double at_s = model_.file.start_s; at_s <= truth_.end_s; at_s += 0.1)
      root_->sample_process(at_s, root_->options().pid, rate * at_s, 1 << 30,
                            static_cast<std::uint64_t>(bytes_rate / 2 * at_s));
  }

  std::filesystem::path directory_;
  const LoaderModel& model_;
  Jitter jitter_;
  std::deque<FileBuilder> files_;
  FileBuilder* root_ = nullptr;
  TrackBuilder* consumer_ = nullptr;
  std::uint16_t wait_stage_ = kWait;
  std::map<int, Worker> workers_;
  std::uint32_t next_pid_ = 0;
  double consumer_free_s_ = 0;
  std::uint64_t item_ = 0;
  LoaderTruth truth_;
};

}  // namespace

LoaderTruth write_loader(const std::filesystem::path& directory, const LoaderModel& model) {
  return Simulation(directory, model).run();
}

}  // namespace datamon::testing
