// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The other process of the process tests: a participant that does what its command line says and
// that dies, or stops, at the very place it is told to.
//
//   ring_peer RING [--option=value …] STEP …
//
// Steps are done in order; each reports one line on stdout where given in quotes.
//
//   create, attach, create_or_attach   become the producer            "attached NEXT"
//   publish:N                          N single events                "published NEXT"
//   claim:N                            N events in one batch          "published NEXT"
//   burst:N,K                          a burst of N, of which K events are published
//                                                                     "published NEXT"
//   fill                               single events until the ring is full   "full NEXT"
//   stream:END                         bursts of random size, with naps, up to sequence END
//                                                                     "published NEXT"
//   fill_then:SIGNAL                   one event; raises SIGNAL when half of it is written
//   claim_then:N,K,SIGNAL              a batch of N; raises SIGNAL when K of them are written
//   burst_then:N,K,SIGNAL              a burst of N; raises SIGNAL when K events are published and
//                                      half of the next is written
//   close, close_for_all, detach       "closed", "closed", "detached"
//
//   join                               become a consumer (--kind, --start)    "attached NEXT"
//   handle:N                           waits for and handles N events, or a few more  "handled
//   NEXT" handle_slowly                      until the end of the stream, with naps "ended WHY NEXT
//   MISSED" handler_then:K,SIGNAL              handles events; raises SIGNAL inside the handler of
//   the
//                                      (K+1)st, before anything of it is done
//   between_then:K,SIGNAL              handles events; raises SIGNAL right after the K-th
//   drain                              until the end of the stream    "ended WHY NEXT MISSED"
//   tally                              the same at full speed: no log, but each event must be whole
//                                      and the next one. How far it has come stands in the file of
//                                      --tally, and the next life must begin there, or at most a
//                                      batch before it.
//   form:N                             a member of a topology of 1 + N rings, by its id: "driver",
//                                      which sends over RING, or worker.0 …, which answer over
//                                      RING-answers.0 …; takes its places and waits for all others
//                                      (--timeout-ms)          "made", "attached 0", "formed"
//   leave, resign                      "left", "resigned"
//
//   visit                              attaches, reads to the end, leaves; over and over, until the
//                                      test hangs up                  "visited ROUNDS EVENTS"
//   cycle:N                            N times: creates, publishes 4 events, closes and leaves
//                                                                     "cycled N"
//   clean, clean:force                 clean_ring                     "removed 1", "removed 0 WHY"
//   poll_end                           one poll that must find nothing        "outcome WHY"
//   fork:idle                          a child that only lives on     "forked PID"
//   fork:use                           a child that tries to use and to leave what it inherited
//                                                                     "child RESULT", "forked PID"
//   fork:in_claim                      the same with an open claim, which the child publishes
//   await                              until the test tells us to go on
//   sleep                              for ever
//   mark                               raises SIGUSR2: a place for a Tracer
//   quiet                              no reports from here on: fewer instructions between marks
//
// With --dawdle=N a producer that streams naps in the middle of every N-th event or so.
// With --revoke-ms=N claims in a new ring are revoked after so long; a publish that is told so
// reports "revoked SEQUENCE", of the first event that was.
// With --passable=1 a consumer may be passed over; it reports "passed_over" while it drains, and
// its log is judged as an observer's, which may miss events but must count them. With
// --producers=multi the ring is, or is made to be, one of several producers.
//
// With --after=A,B a consumer waits for these; in its handler it looks whether all of them have
// committed the event, those that need not hold it excepted, and reports "ahead SEQUENCE OF" if
// not.
//
// SIGNAL is kill or stop. After a stop and a continue the step goes on. An error of the library is
// reported as "error CODE TEXT", exit code 3.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"
#include "evidence/event_log.hpp"
#include "evidence/proof_event.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace evidence;

using namespace std::chrono_literals;

bool is_quiet = false;

void report(const std::string& line) {
  if (is_quiet) return;
  const std::string text = line + "\n";
  // One write: lines of a process and of its child do not mix.
  if (write(STDOUT_FILENO, text.data(), text.size()) < 0) _exit(5);
}

struct Options {
  std::string ring;
  std::map<std::string, std::string> values;
  std::vector<std::string> steps;

  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const {
    const auto found = values.find(name);
    return found == values.end() ? otherwise : found->second;
  }
  [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
    const auto found = values.find(name);
    return found == values.end() ? otherwise : std::stoull(found->second);
  }
};

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument.starts_with("--")) {
      const auto equals = argument.find('=');
      options.values[argument.substr(2, equals - 2)] = argument.substr(equals + 1);
    } else if (options.ring.empty()) {
      options.ring = argument;
    } else {
      options.steps.push_back(argument);
    }
  }
  return options;
}

LogKind log_kind(const std::string& text) {
  if (text == "producer") return LogKind::producer;
  if (text == "required") return LogKind::required;
  if (text == "gating") return LogKind::gating;
  if (text == "observer") return LogKind::observer;
  return LogKind::none;
}

Start start_of(const std::string& text) {
  return text == "latest" ? Start::latest : text == "resume" ? Start::resume : Start::oldest;
}

/// A step's arguments: "8", "K,SIGNAL", "idle".
class Arguments {
 public:
  explicit Arguments(const std::string& text) : text_(text) {
    std::istringstream stream(text);
    for (std::string word; std::getline(stream, word, ',');) {
      numbers_.push_back(word == "kill"   ? SIGKILL
                         : word == "stop" ? SIGSTOP
                                          : std::strtoull(word.c_str(), nullptr, 10));
    }
  }
  [[nodiscard]] std::uint64_t number(std::size_t index) const { return numbers_.at(index); }
  [[nodiscard]] int signal(std::size_t index) const { return static_cast<int>(number(index)); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::uint64_t> numbers_;
};

/// A number in a file, which outlives who counts.
class Tally {
 public:
  explicit Tally(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, sizeof *value_) != 0) std::exit(7);
    void* const bytes = mmap(nullptr, sizeof *value_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) std::exit(7);
    ::close(file);
    value_ = static_cast<volatile std::uint64_t*>(bytes);
  }
  volatile std::uint64_t& operator*() const { return *value_; }

 private:
  volatile std::uint64_t* value_ = nullptr;
};

template <class E>
class RingPeer {
 public:
  explicit RingPeer(Options options) : options_(std::move(options)) {
    LogKind kind = is_passable() ? LogKind::observer : log_kind(options_.text("kind", "none"));
    if (kind == LogKind::producer && is_one_of_several()) kind = LogKind::one_of_several;
    incarnation_ = options_.number("incarnation", 1);
    dawdling_ = options_.number("dawdle", 0);
    random_ = mix(incarnation_ + options_.number("seed", 1));
    if (kind != LogKind::none) {
      log_ = std::make_unique<EventLog>(options_.text("logs", "."), options_.text("id", "peer"),
                                        incarnation_, kind,
                                        options_.number("log-size", std::uint64_t{1} << 16U));
    }
  }

  /// @return false for a word that is no step.
  bool run() {
    // Understood before the first is done: nothing but the operation stands between two marks.
    std::vector<std::pair<Step, Arguments>> steps;
    for (const std::string& text : options_.steps) {
      const auto colon = text.find(':');
      const auto known = all_steps().find(text.substr(0, colon));
      if (known == all_steps().end()) return false;
      steps.emplace_back(known->second,
                         Arguments(colon == std::string::npos ? "" : text.substr(colon + 1)));
    }
    for (const auto& [step, arguments] : steps) (this->*step)(arguments);
    return true;
  }

 private:
  using MutableBytes = std::span<std::byte>;
  using ConstBytes = std::span<const std::byte>;
  using Step = void (RingPeer::*)(const Arguments&);

  static const std::map<std::string, Step>& all_steps() {
    static const std::map<std::string, Step> steps = {
        {"create", &RingPeer::create},
        {"attach", &RingPeer::attach},
        {"create_or_attach", &RingPeer::create_or_attach},
        {"publish", &RingPeer::publish},
        {"claim", &RingPeer::claim},
        {"burst", &RingPeer::burst},
        {"fill", &RingPeer::fill},
        {"stream", &RingPeer::stream},
        {"fill_then", &RingPeer::fill_then},
        {"claim_then", &RingPeer::claim_then},
        {"burst_then", &RingPeer::burst_then},
        {"close", &RingPeer::close},
        {"close_for_all", &RingPeer::close_for_all},
        {"detach", &RingPeer::detach},
        {"join", &RingPeer::join},
        {"handle", &RingPeer::handle},
        {"handle_slowly", &RingPeer::handle_slowly},
        {"handler_then", &RingPeer::handler_then},
        {"between_then", &RingPeer::between_then},
        {"drain", &RingPeer::drain},
        {"tally", &RingPeer::tally},
        {"form", &RingPeer::form},
        {"visit", &RingPeer::visit},
        {"cycle", &RingPeer::cycle},
        {"leave", &RingPeer::leave},
        {"resign", &RingPeer::resign},
        {"clean", &RingPeer::clean},
        {"poll_end", &RingPeer::poll_end},
        {"fork", &RingPeer::make_child},
        {"await", &RingPeer::await},
        {"sleep", &RingPeer::sleep},
        {"mark", &RingPeer::mark},
        {"quiet", &RingPeer::be_quiet}};
    return steps;
  }

  // --- Producer

  void create(const Arguments& /*none*/) {
    producer_.emplace(Producer<E>::create(options_.ring, producer_options()));
    note_producer();
  }
  void attach(const Arguments& /*none*/) {
    producer_.emplace(Producer<E>::attach(options_.ring, producer_options()));
    note_producer();
  }
  void create_or_attach(const Arguments& /*none*/) {
    producer_.emplace(Producer<E>::create_or_attach(options_.ring, producer_options()));
    note_producer();
  }
  void publish(const Arguments& arguments) {
    for (std::uint64_t i = 0; i < arguments.number(0); ++i) publish_one([] {});
    report_published();
  }
  void claim(const Arguments& arguments) {
    claim_and_publish(arguments.number(0), arguments.number(0), 0);
    report_published();
  }
  void burst(const Arguments& arguments) {
    publish_burst(arguments.number(0), arguments.number(1), [](std::uint64_t) {});
    report_published();
  }
  void burst_then(const Arguments& arguments) {
    const std::uint64_t count = arguments.number(0);
    publish_burst(count, count, [&](std::uint64_t published) {
      if (published == arguments.number(1)) raise(arguments.signal(2));
    });
    report_published();
  }
  void fill(const Arguments& /*none*/) {
    while (try_publish_one()) {
    }
    report("full " + std::to_string(producer_->next_sequence().value()));
  }
  void stream(const Arguments& arguments) {
    stream_until(arguments.number(0));
    report_published();
  }
  void fill_then(const Arguments& arguments) {
    publish_one([&] { raise(arguments.signal(0)); });
    report_published();
  }
  void claim_then(const Arguments& arguments) {
    claim_and_publish(arguments.number(0), arguments.number(1), arguments.signal(2));
    report_published();
  }
  void close(const Arguments& /*none*/) {
    producer_->close();
    report("closed");
  }
  void close_for_all(const Arguments& /*none*/) {
    producer_->close_for_all();
    report("closed");
  }
  void detach(const Arguments& /*none*/) {
    producer_->detach();
    report("detached");
  }

  [[nodiscard]] bool is_one_of_several() const {
    return options_.text("producers", "single") == "multi";
  }

  [[nodiscard]] ProducerOptions producer_options() const {
    ProducerOptions options;
    options.producers = is_one_of_several() ? ProducerKind::multi : ProducerKind::single;
    options.capacity = options_.number("capacity", 64);
    options.max_participants = static_cast<std::uint32_t>(options_.number("rows", 8));
    options.id = options_.text("id", "producer");
    options.timeout = std::chrono::milliseconds(options_.number("timeout-ms", 0));
    options.required_patience = std::chrono::milliseconds(options_.number("patience-ms", 1000));
    options.revoke_stopped_after = std::chrono::milliseconds(options_.number("revoke-ms", 0));
    if (options_.text("when-alone", "block") == "run_free")
      options.when_alone = WhenAlone::run_free;
    return options;
  }

  void note_producer() {
    const std::uint64_t next = producer_->next_sequence().value();
    if (log_) log_->note_attached(next, producer_->took_over(), 0);
    report("attached " + std::to_string(next));
  }

  void note(LogRecord::What what, std::uint64_t sequence, std::uint64_t number) {
    log_->append({.sequence = sequence,
                  .origin = {.incarnation = incarnation_, .number = number},
                  .what = what});
  }

  template <class HalfWay>
  void publish_one(HalfWay&& half_way) {
    Publish result = Publish::consumer_missing;
    while (result == Publish::consumer_missing)
      result = producer_->publish([&](E& event) { start_event(event, half_way); });
    if (result == Publish::revoked) {
      report("revoked " + std::to_string(producer_->next_sequence().value() - 1));
      ++number_;
      return;
    }
    require_ok(result);
    note(LogRecord::What::acknowledged, producer_->next_sequence().value() - 1, number_++);
  }

  /// Inside publish: only there one of several producers knows the sequence.
  template <class HalfWay>
  void start_event(E& event, HalfWay&& half_way) {
    const std::uint64_t sequence = producer_->next_sequence().value();
    note(LogRecord::What::started, sequence, number_);
    write_proof(bytes_of(event), sequence, {incarnation_, number_}, half_way);
  }

  bool try_publish_one() {
    const Publish result = producer_->try_publish([&](E& event) { start_event(event, [] {}); });
    if (result == Publish::full) return false;
    require_ok(result);
    note(LogRecord::What::acknowledged, producer_->next_sequence().value() - 1, number_++);
    return true;
  }

  /// Writes the first `written` of `count` events, raises `signal` if there is one, writes the
  /// rest.
  void claim_and_publish(std::uint64_t count, std::uint64_t written, int signal) {
    std::uint64_t first = 0;
    std::uint64_t published = 0;
    {
      Claim<E> claim = claim_patiently(count);
      require_ok(claim.status());
      first = claim.first().value();
      for (std::uint64_t i = 0; i < count; ++i)
        note(LogRecord::What::started, first + i, number_ + i);
      for (std::uint64_t i = 0; i <= count; ++i) {
        if (i == written && signal != 0) raise(signal);
        if (i < count) {
          write_proof(bytes_of(claim[i]), first + i, {incarnation_, number_ + i},
                      [&] { dawdle(); });
        }
      }
      if (const Publish result = claim.publish(); result != Publish::revoked) require_ok(result);
      published = claim.published();
    }
    for (std::uint64_t i = 0; i < published; ++i)
      note(LogRecord::What::acknowledged, first + i, number_ + i);
    if (published != count) report("revoked " + std::to_string(first + published));
    number_ += count;
  }

  /// @param half_way gets how many are published while the next is half written.
  template <class HalfWay>
  void publish_burst(std::uint64_t count, std::uint64_t kept, HalfWay&& half_way) {
    Burst<E> burst = producer_->burst(count);
    require_ok(burst.status());
    for (std::uint64_t i = 0; i < kept; ++i) {
      const std::uint64_t sequence = burst.next_sequence().value();
      require_ok(burst.publish([&](E& event) {
        note(LogRecord::What::started, sequence, number_);
        write_proof(bytes_of(event), sequence, {incarnation_, number_}, [&] { half_way(i); });
      }));
      note(LogRecord::What::acknowledged, sequence, number_++);
    }
  }

  Claim<E> claim_patiently(std::uint64_t count) {
    for (;;) {
      Claim<E> claim = producer_->claim(count);
      if (claim.status() != Publish::consumer_missing) return claim;
    }
  }

  void stream_until(std::uint64_t end) {
    while (producer_->next_sequence().value() < end) {
      const std::uint64_t next = producer_->next_sequence().value();
      const std::uint64_t burst = std::min(end - next, 1 + random() % (2 * producer_->capacity()));
      if (burst <= producer_->capacity() && random() % 4 == 0) {
        claim_and_publish(burst, burst, 0);
      } else {
        for (std::uint64_t i = 0; i < burst; ++i) publish_one([&] { dawdle(); });
      }
      nap();
    }
  }

  void require_ok(Publish result) {
    if (result == Publish::ok) return;
    report("refused " + std::string(to_string(result)));
    std::exit(4);
  }
  void report_published() {
    report("published " + std::to_string(producer_->next_sequence().value()));
  }

  // --- Consumer

  void handle(const Arguments& arguments) {
    const std::uint64_t end = handled_ + arguments.number(0);
    while (handled_ < end) require_events(poll_once());
    report_handled();
  }
  void handle_slowly(const Arguments& /*none*/) {
    Poll outcome = Poll::events;
    while ((outcome = poll_once().outcome) == Poll::events) nap();
    report_end(outcome);
  }
  void handler_then(const Arguments& arguments) {
    handle_and_raise(arguments.signal(1), handled_ + arguments.number(0), true);
  }
  void between_then(const Arguments& arguments) {
    handle_and_raise(arguments.signal(1), handled_ + arguments.number(0), false);
  }
  void drain(const Arguments& /*none*/) {
    Poll outcome = Poll::events;
    while ((outcome = poll_once().outcome) == Poll::events || outcome == Poll::passed_over) {
      if (outcome == Poll::passed_over) report("passed_over");
    }
    report_end(outcome);
  }
  void tally(const Arguments& /*none*/) {
    const Tally done(options_.text("tally", ""));
    std::uint64_t next = consumer_->next_sequence().value();
    if (next > *done || *done - next > options_.number("max-batch", 8)) std::exit(8);
    Poll outcome = Poll::events;
    while (outcome == Poll::events) {
      outcome =
          consumer_
              ->wait_poll([&](const E& event, Sequence sequence) {
                const ConstBytes bytes(reinterpret_cast<const std::byte*>(&event), sizeof event);
                if (sequence.value() != next || !is_proven(bytes, next)) std::exit(9);
                ++next;
                if (next > *done) *done = next;
              })
              .outcome;
    }
    report_end(outcome);
  }
  void poll_end(const Arguments& /*none*/) {
    report("outcome " + std::string(to_string(consumer_->poll([](const E&) {}).outcome)));
  }
  void leave(const Arguments& /*none*/) {
    consumer_.reset();
    report("left");
  }
  void resign(const Arguments& /*none*/) {
    consumer_->resign();
    report("resigned");
  }

  [[nodiscard]] bool is_passable() const { return options_.number("passable", 0) != 0; }
  [[nodiscard]] ConsumerOptions consumer_options() const {
    const std::string kind = options_.text("kind", "gating");
    ConsumerOptions options;
    options.kind = kind == "required"   ? ConsumerKind::required
                   : kind == "observer" ? ConsumerKind::observer
                                        : ConsumerKind::gating;
    if (options.kind != ConsumerKind::observer) options.id = options_.text("id", "consumer");
    options.start = start_of(options_.text("start", "oldest"));
    options.max_batch = options_.number("max-batch", 8);
    options.may_be_passed_over = is_passable();
    options.timeout = std::chrono::milliseconds(options_.number("timeout-ms", 0));
    options.successor_patience = std::chrono::milliseconds(options_.number("successor-ms", 0));
    const std::string wait = options_.text("wait", "block");
    std::istringstream after(options_.text("after", ""));
    for (std::string id; std::getline(after, id, ',');) options.after.push_back(id);
    options.predecessor_patience = std::chrono::milliseconds(options_.number("patience-ms", 1000));
    options.wait = wait == "busy_spin"         ? WaitStrategy::busy_spin()
                   : wait == "spin_with_hint"  ? WaitStrategy::spin_with_hint()
                   : wait == "spin_then_yield" ? WaitStrategy::spin_then_yield()
                   : wait == "sleep"           ? WaitStrategy::sleep()
                                               : WaitStrategy::block();
    return options;
  }

  void join(const Arguments& /*none*/) {
    const ConsumerOptions options = consumer_options();
    consumer_.emplace(Consumer<E>::attach(options_.ring, options));
    after_ = options.after;
    const std::uint64_t start = consumer_->start_sequence().value();
    if (log_) log_->note_attached(start, consumer_->resumed(), options.max_batch);
    report("attached " + std::to_string(start));
  }

  static void do_nothing(std::uint64_t /*handled*/) {}

  /// What everybody can see of those that this one waits for.
  void look_who_is_behind(std::uint64_t sequence) {
    if (after_.empty()) return;
    const auto all = list_participants(consumer_->segment());
    for (const std::string& id : after_) {
      const auto other = std::find_if(all.begin(), all.end(), [&](const Participant& participant) {
        return participant.kind != format::RowKind::producer && participant.id == id;
      });
      if (other == all.end() || (other->gates && other->cursor.value() <= sequence))
        report("ahead " + std::to_string(sequence) + " " + id);
    }
  }

  /// Waits for events and handles a batch. The hooks get the count of events handled so far.
  template <class Before, class After>
  PollResult poll_once(Before&& before_event, After&& after_event) {
    return consumer_->wait_poll([&](const E& event, Sequence sequence) {
      before_event(handled_);
      look_who_is_behind(sequence.value());
      const ConstBytes bytes(reinterpret_cast<const std::byte*>(&event), sizeof event);
      log_->append({.sequence = sequence.value(),
                    .origin = origin_of(bytes),
                    .what = LogRecord::What::handled,
                    .is_proven = is_proven(bytes, sequence.value()) ? 1U : 0U,
                    .missed = consumer_->missed(),
                    .voids = consumer_->voids()});
      after_event(++handled_);
    });
  }
  PollResult poll_once() { return poll_once(do_nothing, do_nothing); }

  /// Handles events until the hook that gets the count `at` has raised the signal.
  void handle_and_raise(int signal, std::uint64_t at, bool is_inside_handler) {
    bool is_raised = false;
    const auto hook = [&](std::uint64_t handled) {
      if (is_raised || handled != at) return;
      is_raised = true;
      raise(signal);
    };
    while (!is_raised)
      require_events(is_inside_handler ? poll_once(hook, do_nothing) : poll_once(do_nothing, hook));
    report_handled();
  }

  static constexpr std::uint64_t events_per_cycle = 4;

  void cycle(const Arguments& arguments) {
    for (std::uint64_t round = 0; round < arguments.number(0); ++round) {
      auto producer = Producer<E>::create_or_attach(options_.ring, producer_options());
      for (std::uint64_t number = 0; number < events_per_cycle; ++number) {
        const std::uint64_t sequence = producer.next_sequence().value();
        require_ok(producer.publish([&](E& event) {
          write_proof(bytes_of(event), sequence, {incarnation_, number});
        }));
      }
      nap();
    }
    report("cycled " + std::to_string(arguments.number(0)));
  }

  void visit(const Arguments& /*none*/) {
    std::uint64_t rounds = 0;
    std::uint64_t events = 0;
    pollfd end{.fd = STDIN_FILENO, .events = 0, .revents = 0};
    while (poll(&end, 1, 0) == 0) {
      try {
        events += visit_once();
        ++rounds;
      } catch (const Error& error) {
        if (error.code() != Errc::not_found) throw;  // gone already, or not there yet
      }
    }
    report("visited " + std::to_string(rounds) + " " + std::to_string(events));
  }

  std::uint64_t visit_once() {
    auto consumer = Consumer<E>::attach(options_.ring, consumer_options());
    std::uint64_t next = consumer.start_sequence().value();
    std::uint64_t count = 0;
    const Poll end = consumer.run([&](const E& event, Sequence sequence) {
      const ConstBytes bytes(reinterpret_cast<const std::byte*>(&event), sizeof event);
      if (sequence.value() != next++ || !is_proven(bytes, sequence.value())) std::exit(8);
      ++count;
    });
    if (end != Poll::closed || next != events_per_cycle) std::exit(9);
    return count;
  }

  void report_handled() { report("handled " + std::to_string(consumer_->next_sequence().value())); }

  void require_events(const PollResult& result) {
    if (result.outcome == Poll::events) return;
    report_end(result.outcome);
    std::exit(4);
  }

  void report_end(Poll outcome) {
    const std::uint64_t next = consumer_->next_sequence().value();
    if (log_ && outcome == Poll::closed)
      log_->note_end(next, consumer_->missed(), consumer_->voids());
    report("ended " + std::string(to_string(outcome)) + " " + std::to_string(next) + " " +
           std::to_string(consumer_->missed()));
  }

  // --- Others

  void form(const Arguments& arguments) {
    const auto answers = [this](std::uint64_t rank) {
      return options_.ring + "-answers." + std::to_string(rank);
    };
    const std::string id = options_.text("id", "");
    std::vector<RingMembers> topology{{.ring = options_.ring, .producers = {"driver"}}};
    for (std::uint64_t rank = 0; rank < arguments.number(0); ++rank) {
      const std::string worker = "worker." + std::to_string(rank);
      topology[0].consumers.push_back(worker);
      topology.push_back({.ring = answers(rank), .producers = {worker}, .consumers = {"driver"}});
    }
    std::vector<Consumer<E>> places;
    const auto take_place = [&](const std::string& ring) {
      places.push_back(Consumer<E>::attach(ring, consumer_options()));
    };
    for (const RingMembers& members : topology)
      if (members.producers[0] == id)
        producer_.emplace(Producer<E>::create_or_attach(members.ring, producer_options()));
    report("made");
    for (const RingMembers& members : topology)
      if (std::count(members.consumers.begin(), members.consumers.end(), id) != 0)
        take_place(members.ring);
    report("attached 0");
    wait_for_topology(topology, std::chrono::milliseconds(options_.number("timeout-ms", 0)));
    report("formed");
    sleep(arguments);
  }

  void clean(const Arguments& arguments) {
    const CleanResult result =
        clean_ring(os::ObjectName::parse(options_.ring), {.force = arguments.text() == "force"});
    report(result.is_removed ? "removed 1" : "removed 0 " + result.reason);
  }
  void await(const Arguments& /*none*/) {
    char byte = 0;
    if (read(STDIN_FILENO, &byte, 1) != 1) std::exit(6);
  }
  void sleep(const Arguments& /*none*/) {
    for (;;) pause();
  }
  /// Fewer instructions than raise(3).
  void mark(const Arguments& /*none*/) { syscall(SYS_kill, pid_, SIGUSR2); }
  void be_quiet(const Arguments& /*none*/) { is_quiet = true; }

  void make_child(const Arguments& arguments) {
    const std::string& what = arguments.text();
    int done[2];
    if (pipe(done) != 0) std::exit(7);
    std::optional<Claim<E>> claim;
    if (what == "in_claim") claim.emplace(producer_->claim(1));
    const pid_t child = fork();
    if (child == 0) {
      if (what == "use") report("child " + use_inherited());
      if (what == "in_claim") {
        write_proof(bytes_of((*claim)[0]), claim->first().value(), {~incarnation_, 0});
        claim->publish();
        report("child " + use_inherited());
      }
      if (write(done[1], "", 1) != 1) _exit(7);
      // What is written there is for our parent; the end of it is for us.
      pollfd end{.fd = STDIN_FILENO, .events = 0, .revents = 0};
      while (poll(&end, 1, -1) != 1) {
      }
      _exit(0);
    }
    char byte = 0;
    if (read(done[0], &byte, 1) != 1) std::exit(7);
    if (claim) claim->abandon();
    report("forked " + std::to_string(child));
  }

  /// What a child of a fork might try with its parent's endpoints.
  std::string use_inherited() {
    std::string result = "nothing";
    if (producer_) {
      result = to_string(producer_->publish([](E&) {}));
      producer_->close();
      producer_.reset();
    }
    if (consumer_) {
      result = to_string(consumer_->wait_poll([](const E&) {}).outcome);
      consumer_.reset();
    }
    return result;
  }

  static MutableBytes bytes_of(E& event) {
    return {reinterpret_cast<std::byte*>(&event), sizeof event};
  }

  std::uint64_t random() { return random_ = mix(random_ + 0x9e3779b97f4a7c15U); }
  void dawdle() {
    if (dawdling_ != 0 && random() % dawdling_ == 0) nap();
  }
  void nap() { std::this_thread::sleep_for(std::chrono::microseconds(random() % 200)); }

  Options options_;
  pid_t pid_ = getpid();
  std::uint64_t incarnation_ = 1;
  std::uint64_t number_ = 0;   ///< of the next event to publish
  std::uint64_t handled_ = 0;  ///< events handled in this life
  std::uint64_t random_ = 0;
  std::uint64_t dawdling_ = 0;
  std::unique_ptr<EventLog> log_;
  std::optional<Producer<E>> producer_;
  std::optional<Consumer<E>> consumer_;
  std::vector<std::string> after_;
};

int run(int count, char** arguments) {
  signal(SIGUSR2, SIG_IGN);  // a tracer sees it all the same
  const Options options = parse(count, arguments);
  try {
    const bool is_understood = options.text("form", "small") == "small"
                                   ? RingPeer<SmallEvent>(options).run()
                                   : RingPeer<LargeEvent>(options).run();
    if (!is_understood) {
      std::cerr << "ring_peer: unknown step\n";
      return 2;
    }
  } catch (const Error& error) {
    report("error " + std::string(to_string(error.code())) + " " + error.what());
    return 3;
  }
  return 0;
}

}  // namespace
}  // namespace disruptor_mp::process_test

int main(int count, char** arguments) { return disruptor_mp::process_test::run(count, arguments); }
