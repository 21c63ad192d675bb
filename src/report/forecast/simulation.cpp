#include "report/forecast/simulation.h"

#include <algorithm>
#include <queue>

#include "report/forecast/shared_station.h"

namespace datamon::report {
namespace {

// One who works: so many turns of reading, sleeping and computing.
struct Worker {
  double part_s[3] = {};  // storage, delay, CPU of one turn
  double threads = 1;
  int turns = 0, phase = 0;
  std::size_t batch = 0;
  bool busy = false;
};

// Batches that wait for a thread that handles one after the other.
struct Line {
  std::queue<std::size_t> waiting;
};

enum class Doing { kWaiting, kMaking, kReceiving, kComputing };

class Simulation {
 public:
  Simulation(const LoaderSetup& setup, std::span<const BatchWork> batches,
             std::span<const StepWork> steps)
      : setup_(setup),
        batches_(batches),
        steps_(steps),
        count_(std::min(batches.size(), steps.size())),
        workers_(static_cast<std::size_t>(std::max(0, setup.workers))),
        ahead_(workers_ * static_cast<std::size_t>(std::max(1, setup.prefetch))),
        cores_(setup.cores, setup.other_threads, setup.other_groups),
        storage_(setup.storage_concurrency, 0),
        who_(2 * workers_ + 2),
        lines_(workers_ + 1),
        next_of_(workers_),
        core_since_s_(who_.size(), 0.0) {
    run_.ready_s.assign(count_, -1.0);
    run_.taken_s.resize(count_);
    run_.end_s.resize(count_);
    run_.boundary_wait_s.assign(count_, 0.0);
  }

  SimulatedRun run() {
    begin_epoch();
    while (done_ < count_) {
      const double timer_s = timers_.empty() ? kUnlimited : timers_.top().at_s;
      const double core_s = cores_.next_s(), storage_s = storage_.next_s();
      const double next_s = std::min({timer_s, core_s, storage_s});
      if (!(next_s < kUnlimited)) break;  // nothing will ever happen: work without end
      now_s_ = std::max(now_s_, next_s);
      if (core_s <= now_s_) {
        const int who = cores_.pop(now_s_);
        leave_core(who);
        go_on(who);
      } else if (storage_s <= now_s_) {
        go_on(storage_.pop(now_s_));
      } else {
        const Timer timer = timers_.top();
        timers_.pop();
        timer.starts ? start_next(static_cast<std::size_t>(timer.who)) : go_on(timer.who);
      }
    }
    if (on_core_s_ > 0) run_.core_wait_share = std::max(0.0, 1 - run_.makers_cpu_s / on_core_s_);
    return std::move(run_);
  }

 private:
  struct Timer {
    double at_s;
    std::uint64_t order;
    int who;
    bool starts;                                // a worker becomes able to work
    bool operator<(const Timer& other) const {  // the queue's top is the largest
      return at_s != other.at_s ? at_s > other.at_s : order > other.order;
    }
  };

  int consumer() const { return static_cast<int>(2 * workers_ + 1); }
  int pin_thread() const { return static_cast<int>(2 * workers_); }
  bool has_feeders() const { return setup_.feeder_cpu_s + setup_.feeder_delay_s > 0; }
  bool has_pin() const { return setup_.pin_cpu_s + setup_.pin_delay_s > 0; }

  void begin_epoch() {
    first_ = done_;
    last_ = setup_.epoch_steps > 0 ? std::min(count_, done_ + setup_.epoch_steps) : count_;
    epoch_began_s_ = now_s_;
    const double starting_s = done_ > 0 ? setup_.restart_s : 0;
    for (std::size_t w = 0; w < workers_; ++w) {
      next_of_[w] = first_ + w;
      timers_.push({now_s_ + starting_s, order_++, static_cast<int>(w), true});
    }
    take_next();
  }

  // --- makers

  void start_next(std::size_t w) {
    Worker& worker = who_[w];
    const std::size_t batch = next_of_[w];
    if (worker.busy || batch >= last_ || batch >= done_taking_ + ahead_) return;
    next_of_[w] += workers_;
    const double factor = w < setup_.worker_factor.size() ? setup_.worker_factor[w] : 1.0;
    load(worker, batch, factor);
    begin(static_cast<int>(w));
  }

  // Work of no length ends at a turn of the clock like any other, so that a
  // chain of it does not nest.
  void begin(int who) {
    const Worker& worker = who_[static_cast<std::size_t>(who)];
    if (worker.part_s[0] + worker.part_s[1] + worker.part_s[2] > 0) return go_on(who);
    timers_.push({now_s_, order_++, who, false});
  }

  void load(Worker& worker, std::size_t batch, double factor) {
    const BatchWork& work = batches_[batch];
    worker.turns = std::max(1, setup_.turns);
    const double each = factor / worker.turns;
    worker.part_s[0] = work.storage_s * each;
    worker.part_s[1] = work.delay_s * each;
    worker.part_s[2] = work.cpu_s * each;
    worker.phase = 0;
    worker.batch = batch;
    worker.busy = true;
  }

  void work_alone(int who, std::size_t batch, double delay_s, double cpu_s, double threads = 1) {
    Worker& worker = who_[static_cast<std::size_t>(who)];
    worker.part_s[0] = 0;
    worker.part_s[1] = delay_s;
    worker.part_s[2] = cpu_s;
    worker.threads = threads;
    worker.turns = 1;
    worker.phase = 0;
    worker.batch = batch;
    worker.busy = true;
    begin(who);
  }

  // The next part of somebody's work, or what follows its end.
  void go_on(int who) {
    Worker& worker = who_[static_cast<std::size_t>(who)];
    for (;;) {
      if (worker.phase == 3) {
        if (--worker.turns <= 0) return finish(who);
        worker.phase = 0;
      }
      const int phase = worker.phase++;
      const double part_s = worker.part_s[phase];
      if (!(part_s > 0)) continue;
      if (phase == 0)
        storage_.add(now_s_, part_s, 1, who);
      else if (phase == 1)
        timers_.push({now_s_ + part_s, order_++, who, false});
      else
        enter_core(who, part_s, worker.threads);
      return;
    }
  }

  void enter_core(int who, double cpu_s, double threads) {
    core_since_s_[static_cast<std::size_t>(who)] = now_s_;
    if (makes_batches(who)) run_.makers_cpu_s += cpu_s;
    cores_.add(now_s_, cpu_s, threads, who);
  }

  void leave_core(int who) {
    if (makes_batches(who)) on_core_s_ += now_s_ - core_since_s_[static_cast<std::size_t>(who)];
  }

  bool makes_batches(int who) const {
    return static_cast<std::size_t>(who) < workers_ ||
           (who == consumer() && doing_ == Doing::kMaking);
  }

  void finish(int who) {
    Worker& worker = who_[static_cast<std::size_t>(who)];
    worker.busy = false;
    const std::size_t batch = worker.batch;
    if (who == consumer()) return finish_consumer(batch);
    if (who == pin_thread()) {
      serve(lines_[workers_], who, setup_.pin_delay_s, setup_.pin_cpu_s);
      return deliver(batch);
    }
    const auto index = static_cast<std::size_t>(who);
    if (index >= workers_) {
      serve(lines_[index - workers_], who, setup_.feeder_delay_s, setup_.feeder_cpu_s);
      return to_pin(batch);
    }
    if (has_feeders())
      enqueue(lines_[index], who + static_cast<int>(workers_), batch, setup_.feeder_delay_s,
              setup_.feeder_cpu_s);
    else
      to_pin(batch);
    if (setup_.serves_between_batches) receive_if_served();
    start_next(index);
  }

  void to_pin(std::size_t batch) {
    if (!has_pin()) return deliver(batch);
    enqueue(lines_[workers_], pin_thread(), batch, setup_.pin_delay_s, setup_.pin_cpu_s);
  }

  void enqueue(Line& line, int who, std::size_t batch, double delay_s, double cpu_s) {
    line.waiting.push(batch);
    if (!who_[static_cast<std::size_t>(who)].busy) serve(line, who, delay_s, cpu_s);
  }

  void serve(Line& line, int who, double delay_s, double cpu_s) {
    if (line.waiting.empty()) return;
    const std::size_t batch = line.waiting.front();
    line.waiting.pop();
    work_alone(who, batch, delay_s, cpu_s);
  }

  void deliver(std::size_t batch) {
    run_.ready_s[batch] = now_s_;
    receive_if_served();
  }

  // A worker that is at work on another batch serves the sent one when that is done.
  void receive_if_served() {
    if (doing_ != Doing::kWaiting || run_.ready_s[done_] < 0) return;
    if (setup_.serves_between_batches && who_[(done_ - first_) % workers_].busy) return;
    receive();
  }

  // --- consumer

  void take_next() {
    doing_ = Doing::kWaiting;
    if (workers_ == 0) {
      doing_ = Doing::kMaking;
      load(who_[static_cast<std::size_t>(consumer())], done_, 1);
      who_[static_cast<std::size_t>(consumer())].threads = 1;
      return begin(consumer());
    }
    receive_if_served();
  }

  void receive() {
    if (done_ == first_ && first_ > 0) run_.boundary_wait_s[done_] = now_s_ - epoch_began_s_;
    doing_ = Doing::kReceiving;
    const StepWork& step = steps_[done_];
    work_alone(consumer(), done_, step.receive_delay_s, step.receive_cpu_s);
  }

  void finish_consumer(std::size_t batch) {
    if (doing_ == Doing::kMaking) {
      run_.ready_s[batch] = now_s_;
      return receive();
    }
    if (doing_ == Doing::kReceiving) {
      run_.taken_s[batch] = now_s_;
      ++done_taking_;
      doing_ = Doing::kComputing;
      if (workers_ > 0) start_next((batch - first_) % workers_);
      const StepWork& step = steps_[batch];
      const double threads = std::max(setup_.consumer_threads, 1e-9);
      return work_alone(consumer(), batch, step.delay_s, step.cpu_s / threads, threads);
    }
    run_.end_s[batch] = now_s_;
    ++done_;
    if (done_ >= count_) return;
    if (done_ == last_) return begin_epoch();
    take_next();
  }

  const LoaderSetup& setup_;
  const std::span<const BatchWork> batches_;
  const std::span<const StepWork> steps_;
  const std::size_t count_, workers_, ahead_;
  SharedStation cores_, storage_;
  std::priority_queue<Timer> timers_;
  std::vector<Worker> who_;  // workers, feeders, pin thread, consumer
  std::vector<Line> lines_;  // of the feeders, of the pin thread
  std::vector<std::size_t> next_of_;
  std::vector<double> core_since_s_;
  SimulatedRun run_;
  Doing doing_ = Doing::kWaiting;
  double now_s_ = 0, epoch_began_s_ = 0, on_core_s_ = 0;
  std::size_t first_ = 0, last_ = 0;  // batches of this epoch
  std::size_t done_ = 0, done_taking_ = 0;
  std::uint64_t order_ = 0;
};

}  // namespace

double SimulatedRun::steady_rate(std::size_t warm_up, std::size_t cool_down) const {
  if (end_s.empty()) return 0;
  const std::size_t end = end_s.size() - std::min(cool_down, end_s.size() - 1);
  warm_up = std::min(warm_up, end - 1);
  double time_s = end_s[end - 1] - (warm_up > 0 ? end_s[warm_up - 1] : 0);
  for (std::size_t i = warm_up; i < end; ++i) time_s -= boundary_wait_s[i];
  return time_s > 0 ? static_cast<double>(end - warm_up) / time_s : kUnlimited;
}

double SimulatedRun::whole_rate() const {
  if (end_s.empty()) return 0;
  return end_s.back() > 0 ? static_cast<double>(end_s.size()) / end_s.back() : kUnlimited;
}

SimulatedRun simulate(const LoaderSetup& setup, std::span<const BatchWork> batches,
                      std::span<const StepWork> steps) {
  return Simulation(setup, batches, steps).run();
}

}  // namespace datamon::report
