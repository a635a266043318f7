// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/roles.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <disruptor_mp/disruptor_mp.hpp>
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
  static std::vector<Field> fields() {
    return {field("receive_time_ns", &E::receive_time_ns),
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
  }
};

namespace disruptor_mp::market_feed {
namespace {

using namespace std::chrono_literals;

/// How long processes of a run wait for each other, and for one of them to come back after a kill.
constexpr auto patience = 60s;

/// Spins a little, then sleeps: four processes on perhaps two cores.
constexpr WaitStrategy wait_strategy = WaitStrategy::block(200);

/// Whether the journal holds the whole feed: then the stream is over, whatever is left of the ring.
bool journal_is_complete(const RoleOptions& options) {
  return std::filesystem::exists(journal_file(options)) &&
         JournalReader(journal_file(options), TornTail::ignore).complete_events() == options.events;
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

/// Replays events of a journal that its writer may still be busy with.
template <class Handler>
void replay_journal(const RoleOptions& options, std::uint64_t first, std::uint64_t last,
                    Handler&& handler) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (JournalReader(journal_file(options), TornTail::ignore).complete_events() < last) {
    if (std::chrono::steady_clock::now() > deadline) break;  // for_each then says what is missing
    std::this_thread::sleep_for(1ms);  // the journal is another process's file: nothing to wait on
  }
  JournalReader(journal_file(options), TornTail::ignore).for_each(first, last, handler);
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
std::filesystem::path figures_file(const RoleOptions& options, Role role) {
  return options.work_dir / ("figures." + std::string(name_of(role)));
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
  auto ring = Producer<MarketEvent>::create_or_attach(options.ring, {.capacity = options.capacity,
                                                                     .wait = wait_strategy,
                                                                     .required_patience = patience,
                                                                     .timeout = patience});
  if (!ring.took_over()) {
    ring.wait_for_consumers(
        {std::string(name_of(Role::journal)), std::string(name_of(Role::analytics))}, patience);
  }

  // The n-th event of the feed is the n-th of the ring, so the ring itself says where a predecessor
  // stopped.
  FeedReader feed(options.feed, {.skip_bad_lines = options.skip_bad_lines});
  (void)feed.skip(ring.next_sequence().value());
  WordPerEvent times(times_file(options), options.events);
  RoleStats stats(figures_file(options, Role::gateway));
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
      const std::uint64_t sequence = ring.next_sequence().value();
      std::uint64_t due = clock_ns();
      if (!options.pace.is_full_speed()) {
        due = started + static_cast<std::uint64_t>(std::max<std::int64_t>(
                            0, options.pace.due_after_ns(event.receive_time_ns - *first_recorded)));
        std::this_thread::sleep_until(
            std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due)));
      }
      times.set(sequence, due);
      const Publish result = ring.publish([&](MarketEvent& slot) {
        // A kill in here must leave no trace: half of the event is written, and nothing published.
        slot.receive_time_ns = event.receive_time_ns;
        stops.pass(sequence);
        slot = event;
      });
      if (result != Publish::ok) {
        throw market_feed::Error(
            {.object = options.ring + ", gateway",
             .found = "publishing ended with " + std::string(to_string(result)),
             .expected = "room in the ring",
             .remedy = "see why the journal did not come back"});
      }
    }
    stats.count(count);
    stats.end_of_batch();
  }
  stops.pass_end();
  ring.close();
  stats.save();
}

void run_journal(const RoleOptions& options) {
  auto ring = attach(options, Role::journal, ConsumerKind::required);
  StopPoints stops(options.stops);
  if (!ring) return stops.pass_end();
  JournalWriter journal(journal_file(options));
  const WordPerEvent times(times_file(options), options.events);
  RoleStats stats(figures_file(options, Role::journal));

  std::vector<MarketEvent> batch;
  const Poll ended = ring->run([&](const MarketEvent& event, Sequence sequence, bool end_of_batch) {
    stops.pass(sequence.value());
    stats.latency(clock_ns() - times.get(sequence.value()));
    batch.push_back(event);
    if (!end_of_batch) return;
    // Written before the batch is committed: a kill in between writes the same bytes to the same
    // place again.
    journal.write(sequence.value() + 1 - batch.size(), batch);
    stats.count(batch.size());
    stats.end_of_batch();
    batch.clear();
  });
  stops.pass_end();
  stats.save();
  require_closed(options, Role::journal, ended);
}

void run_analytics(const RoleOptions& options) {
  Checkpoint<AnalyticsCheckpoint> file(analytics_file(options), "analytic");
  AnalyticsCheckpoint state = file.load().value_or(AnalyticsCheckpoint{});
  auto ring = attach(options, Role::analytics, ConsumerKind::gating);
  const WordPerEvent times(times_file(options), options.events);
  RoleStats stats(figures_file(options, Role::analytics));
  StopPoints stops(options.stops);

  // A gating consumer holds the producer only while it lives. What passed meanwhile is in the
  // journal.
  const std::uint64_t start = ring ? ring->next_sequence().value() : options.events;
  if (start > state.next_sequence) {
    replay_journal(
        options, state.next_sequence, start,
        [&](std::uint64_t /*sequence*/, const MarketEvent& event) { state.analytics.fold(event); });
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
    state.miss_up_to(options.events);
    file.save(state);
    return;
  }
  const WordPerEvent times(times_file(options), options.events);
  WordPerEvent sightings(sightings_file(options), options.events);
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
  if (ring->missed() != end - first - handled) {
    throw market_feed::Error(
        {.object = options.ring + ", monitor",
         .found = std::to_string(ring->missed()) + " missed by the ring's count",
         .expected = std::to_string(end - first - handled) + ", as events " +
                     std::to_string(first) + " to " + std::to_string(end) + " were " +
                     std::to_string(handled) + " calls",
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
