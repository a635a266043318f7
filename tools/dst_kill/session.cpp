// SPDX-License-Identifier: MIT OR Apache-2.0
#include "session.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>
#include <random>
#include <system_error>
#include <thread>

#include "crew.hpp"
#include "disruptor_mp/os/memory_object.hpp"
#include "evidence/event_log.hpp"
#include "points.hpp"
#include "tracer.hpp"

namespace disruptor_mp::kill {
namespace {

using namespace std::chrono_literals;

/// A round is judged after so many kills, or so long: the oracle's work grows with its events.
constexpr std::uint64_t kills_per_round = 50;
constexpr auto round_time = 500ms;

Board& share_board() {
  void* const memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  return *new (memory) Board{};
}

/// Says once a second how far it is, if somebody looks.
class Progress {
 public:
  explicit Progress(const Options& options)
      : is_shown_(!options.json && isatty(2) != 0), wanted_(options.kills) {}
  ~Progress() {
    if (has_shown_) fmt::print(stderr, "\n");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  [[nodiscard]] double seconds() const {
    return std::max(std::chrono::duration<double>(Clock::now() - start_).count(), 1e-9);
  }
  void show(std::uint64_t kills) {
    const double now = seconds();
    if (!is_shown_ || now < next_ || kills == 0) return;
    next_ = now + 1;
    has_shown_ = true;
    const double rate = static_cast<double>(kills) / now;
    fmt::print(stderr, "\r{:.0f} s, {} of {} kills, {:.0f}/s, {:.0f} s left    ", now, kills,
               wanted_, rate, static_cast<double>(wanted_ - std::min(kills, wanted_)) / rate);
  }

 private:
  bool is_shown_;
  bool has_shown_ = false;
  std::uint64_t wanted_;
  Clock::time_point start_ = Clock::now();
  double next_ = 1;
};

class Session {
 public:
  explicit Session(const Options& options)
      : options_(options),
        profile_(profile_named(options.profile)),
        ring_(profile_.backend == os::Backend::shm ? place_.shm_ring() : place_.file_ring()),
        board_(share_board()),
        random_(options.seed),
        progress_(options) {}

  Totals run() {
    while (totals_.kills < options_.kills && totals_.code == exit_pass) play_round();
    totals_.seconds = progress_.seconds();
    if (options_.at == At::point) find_unmet();
    return std::move(totals_);
  }

 private:
  [[nodiscard]] const std::filesystem::path& logs() const { return place_.logs(); }

  void play_round() {
    ++totals_.rounds;
    round_.clear();
    std::filesystem::remove_all(logs());
    std::filesystem::create_directory(logs());
    new (&board_) Board{};  // nobody else is there
    board_.has_slow_readers = totals_.rounds % 2 == 0;
    try {
      Crew crew(profile_, board_, ring_, logs(), random_(),
                std::chrono::milliseconds(options_.patience_ms));
      crew.await_attached();
      const auto end = Clock::now() + round_time;
      const std::uint64_t last = std::min(options_.kills, totals_.kills + kills_per_round);
      while (totals_.kills < last && Clock::now() < end) {
        strike(crew);
        progress_.show(totals_.kills);
      }
      crew.end();
      require_nothing_remains();
    } catch (const Violation& violation) {
      give_verdict(violation.code, {violation.what()});
      return;
    }
    judge();
  }

  void require_nothing_remains() {
    const std::filesystem::path object = os::ObjectName::parse(ring_).path();
    if (std::filesystem::exists(object))
      throw Violation(exit_safety, "all have left a closed ring: found " + object.string() +
                                       ", expected nothing");
  }

  void judge() {
    tamper();
    evidence::Verdict verdict = evidence::judge(logs());
    evidence::Verdict& all = totals_.evidence;
    all.acknowledged += verdict.acknowledged;
    all.in_doubt += verdict.in_doubt;
    all.in_doubt_seen += verdict.in_doubt_seen;
    all.handled += verdict.handled;
    all.handled_again += verdict.handled_again;
    all.missed += verdict.missed;
    all.voids += verdict.voids;
    if (!verdict.violations.empty()) give_verdict(exit_safety, std::move(verdict.violations));
  }

  void give_verdict(int code, std::vector<std::string> violations) {
    totals_.code = code;
    totals_.evidence.violations = std::move(violations);
    for (Tally* tally : round_) ++tally->violations;
    if (options_.out.empty()) return;
    std::filesystem::create_directories(options_.out);
    std::filesystem::copy(logs(), options_.out,
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
  }

  void tamper() const {
    if (options_.tamper == Tamper::invented) {
      evidence::EventLog log(logs(), "forger", 1, evidence::LogKind::gating, 1);
      log.note_attached(0, false, 1);
      log.append({.sequence = 0, .origin = {.incarnation = ~0ULL, .number = 0}, .is_proven = 1});
    }
    if (options_.tamper == Tamper::lost) {
      const auto all = evidence::read_logs(logs());
      const auto longest = std::max_element(all.begin(), all.end(), [](auto& one, auto& other) {
        const auto weight = [](const evidence::FinishedLog& log) {
          return log.summary.kind == evidence::LogKind::producer ||
                         log.summary.kind == evidence::LogKind::one_of_several
                     ? log.records.size()
                     : 0;
        };
        return weight(one) < weight(other);
      });
      std::filesystem::remove(logs() / fmt::format("{}.{}.log", longest->id, longest->incarnation));
    }
  }

  // --- Kills

  void strike(Crew& crew) {
    const std::size_t victim = random_() % crew.size();
    switch (options_.at) {
      case At::time:
        return strike_at_time(crew, victim);
      case At::stall:
        return strike_by_stall(crew, victim);
      case At::store:
        return strike_at_store(crew, victim);
      case At::instruction:
        return strike_at_instruction(crew, victim);
      case At::point:
        return strike_at_point(crew);
    }
  }

  /// Whatever it is doing; and every fourth time again before everybody has recovered.
  void strike_at_time(Crew& crew, std::size_t victim) {
    nap(1000);
    kill_and_restart(crew, victim, Phase::none);
    while (random_() % 4 == 0) {
      nap(random_() % 2 == 0 ? 50 : 1000);
      if (random_() % 2 == 0) victim = random_() % crew.size();  // else in its attach, maybe
      kill_and_restart(crew, victim, Phase::none);
    }
    await_recovery(crew);
  }

  /// Stopped wherever it is, while the others go on, or one of them dies.
  void strike_by_stall(Crew& crew, std::size_t victim) {
    nap(1000);
    crew.stop(victim);
    count(crew, victim, place_of(crew, victim), true);
    Tally* const tally = last_;
    nap(random_() % 8 == 0 ? 20'000 : 3000);
    if (const std::size_t other = random_() % crew.size(); other != victim && random_() % 4 == 0) {
      crew.kill(other);
      crew.start(other);
      nap(1000);
    }
    if (options_.tamper != Tamper::stuck) crew.go_on(victim);
    struck_at_ = Clock::now();
    last_ = tally;
    crew.set_goal();
    await_recovery(crew);
  }

  struct Target {
    Word word;
    std::uint64_t address;
    unsigned size;
  };
  /// One of the words that this part stores to.
  Target pick_word(Crew& crew, std::size_t victim) {
    const Seat& seat = crew.seat(victim);
    std::vector<std::size_t> words;
    for (std::size_t i = 0; i < word_count; ++i) {
      if (seat.words.at(i).load(std::memory_order_relaxed) != 0) words.push_back(i);
    }
    return target_of(crew, victim, static_cast<Word>(words.at(random_() % words.size())));
  }
  Target target_of(Crew& crew, std::size_t victim, Word word) {
    const Seat& seat = crew.seat(victim);
    std::uint64_t address =
        seat.words.at(static_cast<std::size_t>(word)).load(std::memory_order_relaxed);
    if (word == Word::payload || word == Word::stamp)
      address += random_() % profile_.capacity * seat.slot_stride.load(std::memory_order_relaxed);
    const bool is_bell = word == Word::data_bell || word == Word::gates_bell;
    return {.word = word, .address = address, .size = is_bell ? 4U : 8U};
  }

  /// Right after one of its next stores to one of its words.
  void strike_at_store(Crew& crew, std::size_t victim) {
    const Target target = pick_word(crew, victim);
    crew.seat(victim).wish.store(work_of(crew, victim), std::memory_order_relaxed);
    bool is_in_place = false;
    if (crew.await_wish(victim)) {
      Tracer tracer(crew.pid(victim));
      tracer.watch(target.address, target.size);
      is_in_place = true;
      for (std::uint64_t left = 1 + random_() % 6; left > 0 && is_in_place; --left)
        is_in_place = tracer.next_hit();
      if (tracer.has_ended()) crew.forget(victim);
    }
    kill_at(crew, victim, to_string(target.word), is_in_place);
    crew.start(victim);
    await_recovery(crew);
  }

  /// At an instruction of its work or of its leaving; half of the time also in the attach of its
  /// next life.
  void strike_at_instruction(Crew& crew, std::size_t victim) {
    const Phase phase = random_() % 2 == 0 ? work_of(crew, victim) : Phase::leave;
    crew.seat(victim).wish.store(phase, std::memory_order_relaxed);
    step_and_kill(crew, victim, phase);
    if (random_() % 2 == 0) {
      crew.start(victim, Phase::attach);
      step_and_kill(crew, victim, Phase::attach);
    }
    crew.start(victim);
    await_recovery(crew);
  }

  /// Steps are slow, and the others are not: from the beginning of its work it would seldom get to
  /// what it does with a claim. So half of the time it runs to one of its stores first. System
  /// calls are passed over in one go: instructions between any two of them are as likely.
  void step_and_kill(Crew& crew, std::size_t victim, Phase phase) {
    bool is_in_place = false;
    if (crew.await_wish(victim)) {
      Tracer tracer(crew.pid(victim));
      const bool has_calls = phase == Phase::attach || phase == Phase::leave;
      std::uint64_t calls = has_calls ? random_() % (phase == Phase::attach ? 60 : 16) : 0;
      const double most = std::log(2000);
      auto steps =
          static_cast<std::uint64_t>(std::exp(most * static_cast<double>(random_() % 1000) / 1000));
      bool goes_on = true;
      if (!has_calls && can_watch_ && random_() % 2 == 0) {
        const Target target = pick_word(crew, victim);
        tracer.watch(target.address, target.size);
        goes_on = tracer.next_hit();
        tracer.watch_nothing();
        steps = std::min<std::uint64_t>(steps, 1 + random_() % 300);
      }
      for (; calls > 0 && goes_on; --calls) goes_on = tracer.next_call();
      for (; steps > 0 && goes_on; --steps) goes_on = tracer.step();
      if (tracer.has_ended()) crew.forget(victim);
      is_in_place =
          !tracer.has_ended() && crew.seat(victim).phase.load(std::memory_order_relaxed) == phase;
    }
    kill_at(crew, victim, to_string(phase), is_in_place);
  }

  /// Points take turns, so that each gets as many deaths as any other.
  void strike_at_point(Crew& crew) {
    const auto points = all_points();
    for (;;) {
      const Point& point = points[next_point_++ % points.size()];
      std::vector<std::size_t> able;
      for (std::size_t i = 0; i < crew.size(); ++i) {
        const bool has_word =
            !point.after ||
            crew.seat(i).words.at(static_cast<std::size_t>(*point.after)).load() != 0;
        if (can_meet(profile_, crew.part(i), point) && has_word) able.push_back(i);
      }
      if (!able.empty()) return strike_at(crew, able.at(random_() % able.size()), point);
    }
  }

  void strike_at(Crew& crew, std::size_t victim, const Point& point) {
    std::optional<std::size_t> dead;
    if (point.when == Point::When::beside_a_death) {
      for (std::size_t i = 0; i < crew.size(); ++i) {
        if (crew.part(i).role == Role::gating) dead = i;
      }
      kill_at(crew, *dead, place_of(crew, *dead), true);
    }
    if (point.phase == Phase::attach) {
      kill_and_restart(crew, victim, Phase::attach);
    } else {
      crew.seat(victim).wish.store(point.phase, std::memory_order_relaxed);
    }
    bool is_in_place = false;
    if (crew.await_wish(victim)) {
      Tracer tracer(crew.pid(victim));
      if (point.after) {
        const Target target = target_of(crew, victim, *point.after);
        tracer.watch(target.address, target.size);
      } else {
        tracer.watch_instruction(point.entry);
      }
      is_in_place = options_.tamper != Tamper::missed && tracer.next_hit();
      if (tracer.has_ended()) crew.forget(victim);
    }
    met_[point.name] = met_[point.name] || is_in_place;
    kill_at(crew, victim, std::string(point.name), is_in_place);
    crew.start(victim);
    if (dead) crew.start(*dead);
    await_recovery(crew);
  }

  void find_unmet() {
    for (const Point& point : all_points()) {
      const auto met = met_.find(point.name);
      using When = Point::When;
      const bool is_promised =
          point.when == When::always || point.when == When::several ||
          (point.when == When::beside_a_death && profile_.producers != ProducerKind::multi);
      if (is_promised && met != met_.end() && !met->second) totals_.unmet.emplace_back(point.name);
    }
    if (options_.needs_points && totals_.code == exit_pass && !totals_.unmet.empty())
      totals_.code = exit_unreached;
  }

  [[nodiscard]] static Phase work_of(const Crew& crew, std::size_t victim) {
    return crew.part(victim).role == Role::producer ? Phase::publish : Phase::poll;
  }
  [[nodiscard]] static std::string place_of(Crew& crew, std::size_t victim) {
    return to_string(crew.seat(victim).phase.load(std::memory_order_relaxed));
  }

  void kill_and_restart(Crew& crew, std::size_t victim, Phase wish) {
    struck_at_ = crew.kill(victim);
    count(crew, victim, place_of(crew, victim), true);
    crew.set_goal();
    crew.start(victim, wish);
  }
  void kill_at(Crew& crew, std::size_t victim, const std::string& place, bool is_in_place) {
    struck_at_ = crew.kill(victim);
    count(crew, victim, place, is_in_place);
    crew.set_goal();
  }

  void count(const Crew& crew, std::size_t victim, const std::string& place, bool is_in_place) {
    last_ = &totals_.tallies[{to_string(crew.part(victim).role), place}];
    ++last_->kills;
    last_->in_place += is_in_place ? 1 : 0;
    ++totals_.kills;
    round_.push_back(last_);
  }

  void await_recovery(Crew& crew) {
    const auto recovered = crew.await_goal();
    const auto took = std::max<Clock::duration>(recovered - struck_at_, 0ns);
    last_->recovery.record(static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count()));
  }

  void nap(std::uint64_t most_us) {
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % most_us));
  }

  const Options& options_;
  const Profile& profile_;
  Place place_;  // first: whatever follows, it is swept
  std::string ring_;
  HeldSignals signals_;
  Board& board_;
  std::mt19937_64 random_;
  bool can_watch_ = Tracer::can_watch();
  Progress progress_;
  Totals totals_;
  std::vector<Tally*> round_;  ///< of each kill of this round
  Tally* last_ = nullptr;      ///< of the last kill
  Clock::time_point struck_at_;
  std::size_t next_point_ = 0;
  std::map<std::string_view, bool> met_;  ///< points that were aimed at
};

}  // namespace

std::string why_not_permitted(At at) {
  if (at == At::time || at == At::stall) return {};
  if (!Tracer::is_permitted())
    return "found that ptrace is forbidden, expected to trace children; remedy: kernel.yama."
           "ptrace_scope below 3, and a container that allows SYS_PTRACE";
  if (at != At::instruction && !Tracer::can_watch())
    return "found no watchpoints, expected x86-64 with debug registers that ptrace may set; "
           "remedy: "
           "--at instruction";
  return {};
}

Totals run(const Options& options) { return Session(options).run(); }

}  // namespace disruptor_mp::kill
