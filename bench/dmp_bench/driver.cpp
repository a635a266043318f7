// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A round: all processes of a case open the rings of all contenders, then the leader calls slice by
// slice, in turns, with a calibration between any two slices:
//
//   cal │ A │ cal │ B │ cal │ C │ cal │ A │ cal │ B │ …
//
// The host may change the placement of the cores at any time; slices of some milliseconds, each
// known to be near or far, lose little to that.
#include "dmp_bench/driver.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <utility>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/os/memory_object.hpp"
#include "dmp_bench/processes.hpp"
#include "dmp_bench/shared_area.hpp"
#include "dmp_bench/spin.hpp"
#include "dmp_bench/worker.hpp"

namespace disruptor_mp::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_samples = 16'384;

struct Order {
  enum class What : std::uint8_t { calibrate, work, stop };
  What what = What::stop;
  std::uint32_t contender = 0;
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

/// What a follower says about the slice that it just finished.
struct alignas(isolation) Account {
  std::uint64_t end_ns = 0;
  CpuUse used;
  std::uint64_t wrong = 0;
};

/// What the processes of a round share, apart from the rings.
struct Board {
  alignas(isolation) std::atomic<std::uint64_t> order_number;
  Order order;  ///< written by the leader before it counts order_number up
  alignas(isolation) std::atomic<std::uint32_t> ready;  ///< followers about to begin
  alignas(isolation) std::atomic<std::uint32_t> done;   ///< followers that have finished
  alignas(isolation) std::atomic<std::uint64_t> ball;   ///< of the calibration
  std::array<Account, max_producers + max_consumers> accounts;

  // Written by the leader alone; read by the parent afterwards.
  std::size_t sample_count = 0;
  std::array<Sample, max_samples> samples;
  std::array<std::array<RoundTrips, placements>, max_contenders> round_trips;
};

std::unique_ptr<Worker> make_worker(const Part& part) {
  switch (part.contender->kind) {
    case Kind::limit:
      return make_limit_worker(part);
    case Kind::library:
      return make_library_worker(part);
    case Kind::boost_lockfree:
    case Kind::boost_message_queue:
      break;
  }
  return make_peer_worker(part);
}

std::size_t memory_for(const Case& work, const Contender& contender) {
  switch (contender.kind) {
    case Kind::limit:
      return raw_size(work, contender);
    case Kind::boost_lockfree:
      return peer_size(work, contender);
    case Kind::library:
    case Kind::boost_message_queue:
      break;
  }
  return 4096;
}

/// What a process knows when it begins.
struct Round {
  const Case* work = nullptr;
  const Settings* settings = nullptr;
  const Ticks* ticks = nullptr;
  std::uint32_t number = 0;
  unsigned slices = 1;
  bool is_oversubscribed = false;
  Board* board = nullptr;
  std::vector<SharedArea>* raw = nullptr;    ///< one per contender
  std::vector<std::string> ring_names = {};  ///< one per contender

  [[nodiscard]] std::vector<std::unique_ptr<Worker>> open_workers(unsigned process) const {
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t i = 0; i < work->contenders.size(); ++i) {
      const Part part{.work = work,
                      .contender = &work->contenders[i],
                      .process = process,
                      .yields = is_oversubscribed,
                      .raw = &(*raw)[i],
                      .ring_name = ring_names[i],
                      .ticks = ticks};
      workers.push_back(make_worker(part));
    }
    return workers;
  }
};

CpuUse operator-(const CpuUse& after, const CpuUse& before) {
  return {.ns = after.ns - before.ns, .preemptions = after.preemptions - before.preemptions};
}

class Follower {
 public:
  Follower(const Round& round, unsigned process)
      : round_(round),
        board_(*round.board),
        workers_(round.open_workers(process)),
        account_(board_.accounts[process - 1]),
        calibrates_(process == 1) {}

  void run() {
    board_.ready.fetch_add(1, std::memory_order_release);
    for (std::uint64_t number = 1;; ++number) {
      wait_for_order(number);
      const Order order = board_.order;
      if (order.what == Order::What::stop) return;
      if (order.what == Order::What::work) {
        work(order);
      } else if (calibrates_) {
        follow_calibration(board_.ball);
      }
      board_.done.fetch_add(1, std::memory_order_release);
    }
  }

 private:
  void wait_for_order(std::uint64_t number) const {
    Spin spin(round_.is_oversubscribed);
    while (board_.order_number.load(std::memory_order_acquire) != number) {
      // The calibration needs a core; those who take no part in it must not spin.
      if (calibrates_) {
        spin();
      } else {
        std::this_thread::sleep_for(50us);
      }
    }
  }

  void work(const Order& order) {
    const CpuUse before = cpu_use();
    board_.ready.fetch_add(1, std::memory_order_release);
    account_.wrong = workers_[order.contender]->run(order.first, order.end, unused_);
    account_.end_ns = now_ns();
    account_.used = cpu_use() - before;
  }

  const Round& round_;
  Board& board_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Account& account_;
  RoundTrips unused_;
  bool calibrates_;
};

class Leader {
 public:
  explicit Leader(const Round& round)
      : round_(round),
        board_(*round.board),
        followers_(round.work->processes() - 1),
        workers_(round.open_workers(0)),
        next_(workers_.size()),
        rate_(workers_.size()) {}

  void run() {
    wait_until(board_.ready, followers_);
    for (std::uint32_t contender = 0; contender < workers_.size(); ++contender) warm_up(contender);
    double before = calibrate();
    for (unsigned slice = 0; slice < round_.slices; ++slice) {
      for (std::uint32_t contender = 0; contender < workers_.size(); ++contender) {
        Sample sample = run_slice(contender, events_per_slice(contender));
        sample.before_ns = before;
        sample.after_ns = before = calibrate();
        record(sample);
      }
    }
    give({.what = Order::What::stop});
  }

 private:
  static constexpr std::uint64_t first_guess = 2048;

  /// Touches every page of the rings on every side, and finds out how fast the contender is.
  void warm_up(std::uint32_t contender) {
    const std::uint64_t slice_ns = slice_length_ns();
    std::uint64_t events = std::min(round_up(first_guess), longest_slice(contender));
    for (;;) {
      const Sample sample = run_slice(contender, events);
      const bool has_lapped = next_[contender] >= 2 * round_.work->capacity;
      const bool is_long = sample.ns >= slice_ns / 2 || events == longest_slice(contender);
      if (is_long && (has_lapped || sample.ns >= 50 * slice_ns)) return;
      events = round_up(
          std::min(events * 4, 1 + events * slice_ns / std::max<std::uint64_t>(sample.ns, 1)));
      if (!has_lapped) events = std::max(events, round_up(first_guess));
      events = std::min(events, longest_slice(contender));
    }
  }

  Sample run_slice(std::uint32_t contender, std::uint64_t events) {
    board_.ready.store(0, std::memory_order_relaxed);
    const Order order{.what = Order::What::work,
                      .contender = contender,
                      .first = next_[contender],
                      .end = next_[contender] + events};
    next_[contender] = order.end;
    give(order);
    slice_ = {};
    const CpuUse cpu_before = cpu_use();
    wait_until(board_.ready, followers_);

    const std::uint64_t start_ns = now_ns();
    std::uint64_t wrong = workers_[contender]->run(order.first, order.end, slice_);
    std::uint64_t end_ns = now_ns();
    const CpuUse used = cpu_use() - cpu_before;
    wait_until(board_.done, followers_);

    Sample sample{.contender = contender,
                  .round = round_.number,
                  .events = events * round_.work->producers,
                  .cpu_ns = used.ns,
                  .preemptions = used.preemptions,
                  .typical_ns = slice_.typical_ns()};
    for (unsigned i = 0; i < followers_; ++i) {
      const Account& account = board_.accounts[i];
      end_ns = std::max(end_ns, account.end_ns);
      sample.cpu_ns += account.used.ns;
      sample.preemptions += account.used.preemptions;
      wrong |= account.wrong;
    }
    wrong |= workers_[contender]->read_what_is_left(order.end);
    if (wrong != 0)
      throw std::runtime_error(
          fmt::format("{}, {}: wrong bytes in events {} to {}", round_.work->name,
                      round_.work->contenders[contender].label, order.first, order.end));
    sample.ns = end_ns - start_ns;
    rate_[contender] = static_cast<double>(events) / static_cast<double>(sample.ns);
    return sample;
  }

  void record(Sample& sample) {
    sample.placement = round_.settings->thresholds.classify(sample.before_ns, sample.after_ns);
    board_.round_trips[sample.contender][static_cast<std::size_t>(sample.placement)].merge(slice_);
    if (board_.sample_count < max_samples) board_.samples[board_.sample_count++] = sample;
  }

  double calibrate() {
    give({.what = Order::What::calibrate});
    const double round_trip = lead_calibration(board_.ball);
    wait_until(board_.done, followers_);
    return round_trip;
  }

  void give(const Order& order) {
    board_.done.store(0, std::memory_order_relaxed);
    board_.order = order;
    board_.order_number.fetch_add(1, std::memory_order_release);
  }

  void wait_until(const std::atomic<std::uint32_t>& count, std::uint32_t value) const {
    Spin spin(round_.is_oversubscribed);
    while (count.load(std::memory_order_acquire) != value) spin();
  }

  [[nodiscard]] std::uint64_t slice_length_ns() const {
    return static_cast<std::uint64_t>(round_.settings->slice_ms * 1e6);
  }
  /// Of each producer.
  [[nodiscard]] std::uint64_t events_per_slice(std::uint32_t contender) const {
    const auto events = static_cast<std::uint64_t>(
        std::ceil(rate_[contender] * static_cast<double>(slice_length_ns())));
    return std::min(round_up(std::max(events, least_events())), longest_slice(contender));
  }
  /// However late somebody's turn came in the slice before: a slice of round trips has one group of
  /// them at least, else there is no typical one.
  [[nodiscard]] std::uint64_t least_events() const {
    return round_.work->pattern == Pattern::ping_pong ? 2 * RoundTrips::group : 1;
  }
  [[nodiscard]] std::uint64_t longest_slice(std::uint32_t contender) const {
    return workers_[contender]->longest_slice();
  }
  [[nodiscard]] std::uint64_t round_up(std::uint64_t events) const {
    const std::uint64_t batch = round_.work->batch;
    return (events + batch - 1) / batch * batch;
  }

  const Round& round_;
  Board& board_;
  unsigned followers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::uint64_t> next_;  ///< by contender: the next event of each producer
  std::vector<double> rate_;  ///< by contender: events of each producer per ns in the last slice
  RoundTrips slice_;
};

/// Rings of processes that were killed keep their names; these must not outlive the benchmark.
void remove_rings(const Round& round) noexcept {
  const auto remove = [](const std::string& name) {
    std::error_code ignored;
    std::filesystem::remove(os::ObjectName::parse(name).path(), ignored);
  };
  for (const std::string& name : round.ring_names) {
    remove(name);
    for (unsigned process = 1; process < round.work->processes(); ++process)
      remove(ring_back_from(name, process));
  }
}

std::string ring_name(const Contender& contender, std::size_t index, const Settings& settings) {
  const std::string name = fmt::format("dmp-bench-{}-{}", getpid(), index);
  return contender.storage == Storage::shm
             ? "shm:" + name
             : fmt::format("file:{}/{}", settings.file_directory, name);
}

void run_round(Round& round) {
  const Case& work = *round.work;
  std::vector<SharedArea> raw;
  round.ring_names.clear();
  for (std::size_t i = 0; i < work.contenders.size(); ++i) {
    const Contender& contender = work.contenders[i];
    const bool in_file = contender.storage == Storage::file;
    raw.emplace_back(memory_for(work, contender),
                     in_file ? round.settings->file_directory : std::string{});
    round.ring_names.push_back(ring_name(contender, i, *round.settings));
  }
  round.raw = &raw;
  const auto expected = std::chrono::milliseconds(static_cast<std::int64_t>(
      round.settings->seconds * 1000.0 * static_cast<double>(raw.size())));
  try {
    run_processes(work.processes(), 60s + 20 * expected, [&](unsigned process) {
      if (process == 0) {
        Leader(round).run();
      } else {
        Follower(round, process).run();
      }
    });
  } catch (...) {
    remove_rings(round);
    throw;
  }
}

}  // namespace

CaseResult run_case(const Case& work, const Settings& settings, const Ticks& ticks) {
  CaseResult result{.work = work,
                    .is_oversubscribed = work.processes() > usable_cores().size(),
                    .round_trips = {work.contenders.size(), std::array<RoundTrips, placements>{}}};
  const double slices = settings.seconds * 1000 / settings.slice_ms / settings.rounds;
  const std::size_t most = max_samples / work.contenders.size();
  for (unsigned number = 0; number < settings.rounds; ++number) {
    const Shared<Board> board;
    Round round{.work = &work,
                .settings = &settings,
                .ticks = &ticks,
                .number = number,
                .slices = static_cast<unsigned>(std::clamp(slices, 1.0, static_cast<double>(most))),
                .is_oversubscribed = result.is_oversubscribed,
                .board = &*board};
    run_round(round);
    result.samples.insert(
        result.samples.end(), board->samples.begin(),
        board->samples.begin() + static_cast<std::ptrdiff_t>(board->sample_count));
    for (std::size_t i = 0; i < work.contenders.size(); ++i) {
      for (std::size_t p = 0; p < placements; ++p)
        result.round_trips[i][p].merge(board->round_trips[i][p]);
    }
  }
  return result;
}

}  // namespace disruptor_mp::bench
