// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/roles.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <disruptor_mp/disruptor_mp.hpp>
#include <functional>
#include <optional>
#include <thread>

#include "market_feed/analytics.hpp"
#include "market_feed/checkpoint.hpp"
#include "market_feed/error.hpp"
#include "market_feed/feed_reader.hpp"
#include "market_feed/journal_file.hpp"
#include "market_feed/monitor_state.hpp"
#include "market_feed/role_stats.hpp"
#include "market_feed/word_per_event.hpp"

template <>
struct disruptor_mp::EventTraits<disruptor_mp::market_feed::MarketEvent> {
  using E = market_feed::MarketEvent;
  static constexpr std::string_view name = "MarketEvent";
  static constexpr std::tuple fields{field("receive_time_ns", &E::receive_time_ns),
                                     field("id", &E::id),
                                     field("price", &E::price),
                                     field("quantity", &E::quantity),
                                     field("ask_price", &E::ask_price),
                                     field("ask_quantity", &E::ask_quantity),
                                     field("symbol", &E::symbol),
                                     field("exchange_offset_ms", &E::exchange_offset_ms),
                                     field("kind", &E::kind),
                                     field("aggressor", &E::aggressor),
                                     field("source", &E::source),
                                     field("instrument", &E::instrument)};
};

namespace disruptor_mp::market_feed {
namespace {

using namespace std::chrono_literals;

/// How long processes of a run wait for each other, and for one of them to come back after a kill.
constexpr auto patience = 60s;

/// Spins a little, then sleeps: four processes on perhaps two cores.
constexpr WaitStrategy wait_strategy = WaitStrategy::block(200);

/// Whether the journal holds all feeds: then the stream is over, whatever is left of the ring.
bool journal_is_complete(const RoleOptions& options) {
  if (!std::filesystem::exists(journal_file(options))) return false;
  const JournalReader journal(journal_file(options), TornTail::ignore);
  return journal.complete_events() >= options.events &&
         journal.count_events(journal.complete_events()) == options.events;
}

/// Where the stream has ended, once the ring is gone.
std::uint64_t end_of_journal(const RoleOptions& options) {
  return JournalReader(journal_file(options), TornTail::ignore).complete_events();
}

/// Joins the ring when it is there. Nothing if the stream is over and the ring gone: a process that
/// was killed near the end may come back too late, unless it is required.
std::optional<Consumer<MarketEvent>> attach(const RoleOptions& options, Role role,
                                            ConsumerKind kind) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      return Consumer<MarketEvent>::attach(
          options.ring, {.id = std::string(name_of(role)),
                         .kind = kind,
                         .start = kind == ConsumerKind::observer ? Start::oldest : Start::resume,
                         .wait = wait_strategy,
                         .timeout = 100ms,
                         .successor_patience = patience});
    } catch (const disruptor_mp::Error& error) {
      if (error.code() != Errc::not_found) throw;
      if (journal_is_complete(options)) return std::nullopt;
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
  }
}

void require_closed(const RoleOptions& options, Role role, Poll ended) {
  if (ended == Poll::closed) return;
  throw market_feed::Error({.object = options.ring + ", " + std::string(name_of(role)),
                            .found = "the stream ended with " + std::string(to_string(ended)),
                            .expected = "an end of stream",
                            .remedy = "see why the gateway did not come back"});
}

/// Looks every millisecond until it is so: what others have done tells nobody that it is done.
template <class Condition>
void wait_until(const RoleOptions& options, const std::string& what, Condition&& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw market_feed::Error({.object = options.ring,
                                .found = "not so after " + std::to_string(patience.count()) + " s",
                                .expected = what,
                                .remedy = "see with `dmp inspect` what became of the processes"});
    }
    std::this_thread::sleep_for(1ms);
  }
}

bool any_participant(const Segment& ring, const std::function<bool(const Participant&)>& is_it) {
  const auto all = list_participants(ring);
  return std::any_of(all.begin(), all.end(), is_it);
}

/// Waits until the journal's file holds every event below `sequence`: it commits, void sequences
/// included, after it has written. Its row says so also while it is dead.
void wait_for_journal(const RoleOptions& options, const Segment& ring, std::uint64_t sequence) {
  wait_until(options, "the journal past event " + std::to_string(sequence), [&] {
    return any_participant(ring, [&](const Participant& participant) {
      return participant.kind == format::RowKind::required &&
             participant.id == name_of(Role::journal) && participant.cursor.value() >= sequence;
    });
  });
}

/// What a gateway writes into its events.
std::uint8_t source_of(const RoleOptions& options) {
  return static_cast<std::uint8_t>(options.index == 0 ? 0 : options.index - 1);
}

void require_ok(const RoleOptions& options, Publish result) {
  if (result == Publish::ok) return;
  throw market_feed::Error(
      {.object = options.ring + ", " + process_name(Role::gateway, options.index),
       .found = "publishing ended with " + std::string(to_string(result)),
       .expected = "room in the ring",
       .remedy = "see why the journal did not come back"});
}

/// The tables of a run have one word for each sequence that can be.
void require_sequence(const RoleOptions& options, std::uint64_t sequence) {
  if (sequence < most_sequences(options)) return;
  throw market_feed::Error({.object = options.ring,
                            .found = "sequence " + std::to_string(sequence),
                            .expected = "at most " + std::to_string(options.events) +
                                        " events and " + std::to_string(options.voids) + " voids",
                            .remedy = "report it: more was given up than gateways were killed"});
}

/// How many events of this gateway are published.
///
/// One gateway: the n-th event of the feed is the n-th of the ring, so the ring itself says where a
/// predecessor stopped. Several: the order is the ring's, and a predecessor may have died with an
/// event published that it told nobody of, or claimed and not published. So we leave a mark in the
/// order, a claim that we give up: a predecessor is proven dead when we have joined, whatever it
/// published lies before the mark, and nothing of it can come later. When the journal is past the
/// mark, its file holds all of that, and we count. True whenever we or anybody else is killed: the
/// next life leaves a mark of its own.
std::uint64_t published_so_far(const RoleOptions& options, Producer<MarketEvent>& ring) {
  if (options.gateways == 1) return ring.next_sequence().value();
  auto claim = ring.claim(1);
  require_ok(options, claim.status());
  const std::uint64_t mark = claim.first().value();
  claim.abandon();
  wait_for_journal(options, ring.segment(), mark);
  if (!std::filesystem::exists(journal_file(options))) return 0;
  const JournalReader journal(journal_file(options), TornTail::ignore);
  return journal.count_events(std::min(mark, journal.complete_events()), source_of(options));
}

/// The ring ends when the last of those who have joined it has closed; so nobody closes before all
/// have joined. One that has since died keeps it open until it is back.
void wait_for_all_gateways(const RoleOptions& options, const Segment& ring) {
  for (std::uint32_t index = 1; options.gateways > 1 && index <= options.gateways; ++index) {
    const std::string id = process_name(Role::gateway, index);
    wait_until(options, id + " in the ring's table", [&] {
      return any_participant(ring,
                             [&](const Participant& participant) { return participant.id == id; });
    });
  }
}

}  // namespace

std::filesystem::path journal_file(const RoleOptions& options) {
  return options.work_dir / "journal";
}
std::filesystem::path analytics_file(const RoleOptions& options) {
  return options.work_dir / "analytics";
}
std::filesystem::path monitor_file(const RoleOptions& options) {
  return options.work_dir / "monitor";
}
std::filesystem::path times_file(const RoleOptions& options) { return options.work_dir / "times"; }
std::filesystem::path sightings_file(const RoleOptions& options) {
  return options.work_dir / "sightings";
}
std::filesystem::path figures_file(const RoleOptions& options, Role role, std::uint32_t index) {
  return options.work_dir / ("figures." + process_name(role, index));
}

StopPoints::StopPoints(std::vector<std::uint64_t> stops) : stops_(std::move(stops)) {
  std::ranges::sort(stops_, std::ranges::greater());
  next_ = stops_.empty() ? ~std::uint64_t{0} : stops_.back();
}

void StopPoints::stop() {
  std::raise(SIGSTOP);
  // Killed here as a rule. Whoever continues us instead has changed its mind.
  stops_.pop_back();
  next_ = stops_.empty() ? ~std::uint64_t{0} : stops_.back();
}

void run_gateway(const RoleOptions& options) {
  if (journal_is_complete(options)) return;  // killed after its last event, and not missed
  const bool is_only_one = options.gateways == 1;
  auto ring = Producer<MarketEvent>::create_or_attach(
      options.ring,
      {.capacity = options.capacity,
       .producers = is_only_one ? ProducerKind::single : ProducerKind::multi,
       .wait = wait_strategy,
       .required_patience = patience,
       .timeout = patience,
       .id = is_only_one ? std::string() : process_name(Role::gateway, options.index)});
  if (!ring.took_over() || !is_only_one) {
    ring.wait_for_consumers(
        {std::string(name_of(Role::journal)), std::string(name_of(Role::analytics))}, patience);
  }

  FeedReader feed(options.feed,
                  {.skip_bad_lines = options.skip_bad_lines, .source = source_of(options)});
  std::uint64_t number = published_so_far(options, ring);
  (void)feed.skip(number);
  WordPerEvent times(times_file(options), most_sequences(options));
  RoleStats stats(figures_file(options, Role::gateway, options.index));
  StopPoints stops(options.stops);

  std::optional<std::int64_t> first_recorded;
  std::uint64_t started = 0;
  std::vector<MarketEvent> events(256);
  while (const std::size_t count = feed.read(events)) {
    for (const MarketEvent& event : std::span(events).first(count)) {
      if (!first_recorded) {
        first_recorded = event.receive_time_ns;
        started = clock_ns();
      }
      std::uint64_t due = clock_ns();
      if (!options.pace.is_full_speed()) {
        due = started + static_cast<std::uint64_t>(std::max<std::int64_t>(
                            0, options.pace.due_after_ns(event.receive_time_ns - *first_recorded)));
        std::this_thread::sleep_until(
            std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due)));
      }
      // A claim, because only it says which sequence the event gets.
      auto claim = ring.claim(1);
      require_ok(options, claim.status());
      require_sequence(options, claim.first().value());
      times.set(claim.first().value(), due);
      // A kill in here must leave no event: half of it is written, and nothing published.
      claim[0].receive_time_ns = event.receive_time_ns;
      stops.pass(number);
      claim[0] = event;
      claim.publish();
      ++number;
    }
    stats.count(count);
    stats.end_of_batch();
  }
  stops.pass_end();
  wait_for_all_gateways(options, ring.segment());
  ring.close();
  stats.save();
}

void run_journal(const RoleOptions& options) {
  auto ring = attach(options, Role::journal, ConsumerKind::required);
  StopPoints stops(options.stops);
  if (!ring) return stops.pass_end();
  JournalWriter journal(journal_file(options));
  const WordPerEvent times(times_file(options), most_sequences(options));
  RoleStats stats(figures_file(options, Role::journal));

  std::vector<MarketEvent> batch;
  const Poll ended = ring->run([&](const MarketEvent& event, Sequence sequence, bool end_of_batch) {
    stops.pass(sequence.value());
    stats.latency(clock_ns() - times.get(sequence.value()));
    batch.push_back(event);
    if (!end_of_batch) return;
    // Written before the batch is committed: a kill in between writes the same bytes to the same
    // place again.
    const std::uint64_t first = sequence.value() + 1 - batch.size();
    if (options.gateways > 1) journal.skip_to(first);  // voids are between batches, never within
    journal.write(first, batch);
    stats.count(batch.size());
    stats.end_of_batch();
    batch.clear();
  });
  if (options.gateways > 1 && ended == Poll::closed) journal.skip_to(ring->next_sequence().value());
  stops.pass_end();
  stats.save();
  require_closed(options, Role::journal, ended);
}

void run_analytics(const RoleOptions& options) {
  Checkpoint<AnalyticsCheckpoint> file(analytics_file(options), "analytic");
  AnalyticsCheckpoint state = file.load().value_or(AnalyticsCheckpoint{});
  auto ring = attach(options, Role::analytics, ConsumerKind::gating);
  const WordPerEvent times(times_file(options), most_sequences(options));
  RoleStats stats(figures_file(options, Role::analytics));
  StopPoints stops(options.stops);

  // A gating consumer holds the producer only while it lives. What passed meanwhile is in the
  // journal.
  const std::uint64_t start = ring ? ring->next_sequence().value() : end_of_journal(options);
  if (start > state.next_sequence) {
    if (ring) wait_for_journal(options, ring->segment(), start);
    const JournalReader journal(journal_file(options), TornTail::ignore);
    // Void sequences just before the start may not be in the file yet.
    const std::uint64_t end = std::min(start, journal.complete_events());
    journal.for_each(std::min(state.next_sequence, end), end,
                     [&](std::uint64_t /*sequence*/, const MarketEvent& event) {
                       if (event.kind != EventKind::none) state.analytics.fold(event);
                     });
    state.next_sequence = start;
    file.save(state);
  }
  if (!ring) return stops.pass_end();

  const Poll ended = ring->run([&](const MarketEvent& event, Sequence sequence, bool end_of_batch) {
    stops.pass(sequence.value());
    // Events of a batch that was saved but not committed come again; they are counted already.
    if (sequence.value() >= state.next_sequence) {
      stats.latency(clock_ns() - times.get(sequence.value()));
      stats.count(1);
      state.analytics.fold(event);
      state.next_sequence = sequence.value() + 1;
    }
    if (!end_of_batch) return;
    file.save(state);
    stats.end_of_batch();
  });
  stops.pass_end();
  file.save(state);
  stats.save();
  require_closed(options, Role::analytics, ended);
}

void run_monitor(const RoleOptions& options) {
  Checkpoint<MonitorState> file(monitor_file(options), "monitor");
  MonitorState state = file.load().value_or(MonitorState{});
  auto ring = attach(options, Role::monitor, ConsumerKind::observer);
  StopPoints stops(options.stops);
  if (!ring) {
    stops.pass_end();
    state.miss_up_to(end_of_journal(options));
    file.save(state);
    return;
  }
  const WordPerEvent times(times_file(options), most_sequences(options));
  WordPerEvent sightings(sightings_file(options), most_sequences(options));
  RoleStats stats(figures_file(options, Role::monitor));

  const std::uint64_t first = ring->next_sequence().value();
  std::uint64_t handled = 0;
  Poll ended = Poll::events;
  while (ended == Poll::events) {
    ended = ring->wait_poll([&](const MarketEvent& event, Sequence sequence) {
                  stops.pass(sequence.value());
                  ++handled;
                  sightings.set(sequence.value(), event_checksum(sequence.value(), event));
                  if (!state.observe(sequence.value())) return;
                  stats.latency(clock_ns() - times.get(sequence.value()));
                  stats.count(1);
                })
                .outcome;
    file.save(state);
    stats.end_of_batch();
  }
  stops.pass_end();
  const std::uint64_t end = ring->next_sequence().value();
  state.miss_up_to(end);
  file.save(state);
  stats.save();
  require_closed(options, Role::monitor, ended);
  if (ring->missed() + ring->voids() != end - first - handled) {
    throw market_feed::Error({.object = options.ring + ", monitor",
                              .found = std::to_string(ring->missed()) + " missed and " +
                                       std::to_string(ring->voids()) + " void by the ring's count",
                              .expected = std::to_string(end - first - handled) +
                                          " in all, as events " + std::to_string(first) + " to " +
                                          std::to_string(end) + " were " + std::to_string(handled) +
                                          " calls",
                              .remedy = "report it: the count is wrong"});
  }
}

void run_role(Role role, const RoleOptions& options) {
  switch (role) {
    case Role::gateway:
      return run_gateway(options);
    case Role::journal:
      return run_journal(options);
    case Role::analytics:
      return run_analytics(options);
    case Role::monitor:
      return run_monitor(options);
  }
}

}  // namespace disruptor_mp::market_feed
