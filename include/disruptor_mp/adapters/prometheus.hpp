// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rings as metrics of Prometheus: what `dmp export` serves, for an application's own exposer.
// Needs prometheus-cpp 1.0 (Debian: prometheus-cpp-dev; link prometheus-cpp::core). Not part of
// disruptor_mp.hpp, and the library itself needs none of it.
//
//   prometheus::Exposer exposer("127.0.0.1:9464");
//   auto rings = std::make_shared<disruptor_mp::RingCollector>(
//       disruptor_mp::RingSelection{.names = {"quotes"}});
//   exposer.RegisterCollectable(rings);
//
// docs/operations.md lists the metrics. Names, units and labels are stable: they change with the
// major version only.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/membership/counting.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/os/memory_object.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/tally.hpp"

namespace disruptor_mp {

/// Which rings are looked at.
struct RingSelection {
  /// These, with their back-end or without. Empty: all there are when somebody asks.
  std::vector<std::string> names = {};
  std::string prefix = {};                    ///< of the names of all there are
  std::vector<std::string> directories = {};  ///< whose file rings are looked at, too
};

namespace detail {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

/// Gathers samples by the name of their family.
class MetricFamilies {
 public:
  void gauge(std::string_view name, std::string_view help, const MetricLabels& labels,
             double value) {
    sample(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
  }
  void counter(std::string_view name, std::string_view help, const MetricLabels& labels,
               double value) {
    sample(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
  }
  /// 1 of the state it is in, 0 of all others, so that a change leaves no series behind.
  template <class States, class State>
  void state(std::string_view name, std::string_view help, const MetricLabels& labels,
             const States& states, State now) {
    for (const State each : states) {
      MetricLabels with_state = labels;
      with_state.push_back({"state", std::string(to_string(each))});
      gauge(name, help, with_state, each == now ? 1 : 0);
    }
  }
  [[nodiscard]] std::vector<prometheus::MetricFamily> take() {
    std::vector<prometheus::MetricFamily> all;
    all.reserve(families_.size());
    for (auto& [name, family] : families_) all.push_back(std::move(family));
    return all;
  }

 private:
  prometheus::ClientMetric& sample(std::string_view name, std::string_view help,
                                   prometheus::MetricType type, const MetricLabels& labels) {
    const std::string full = "disruptor_mp_" + std::string(name);
    prometheus::MetricFamily& family = families_[full];
    family.name = full;
    family.help = help;
    family.type = type;
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label = labels;
    return metric;
  }

  std::map<std::string, prometheus::MetricFamily> families_;
};

/// What anybody may have written, as text that every scraper takes.
[[nodiscard]] inline std::string label_text(std::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return safe;
}

/// A counter's name and unit as Prometheus has them: seconds, and no `_count`, which belongs to
/// histograms.
struct MetricName {
  std::string name;
  double unit = 1;
};
[[nodiscard]] inline MetricName metric_name(std::string_view counter) {
  MetricName metric{std::string(counter)};
  const auto replace = [&metric](std::string_view part, std::string_view by) {
    const std::size_t at = metric.name.find(part);
    if (at != std::string::npos) metric.name.replace(at, part.size(), by);
    return at != std::string::npos;
  };
  if (replace("_ns", "_seconds")) metric.unit = 1e-9;
  replace("_count", "s");
  return metric;
}

inline void add_counters(MetricFamilies& families, const MetricLabels& labels,
                         const ParticipantCounters& counters) {
  for (const CounterValue& value : counters.values) {
    if (value.id >= first_user_counter) {
      MetricLabels with_label = labels;
      with_label.push_back({"counter", label_text(value.name)});
      families.gauge("user_counter", "Counters of the application's own.", with_label,
                     static_cast<double>(value.value));
      continue;
    }
    const MetricName metric = metric_name(value.name);
    const double amount = static_cast<double>(value.value) * metric.unit;
    const std::string help = "Counter " + value.name + " of docs/counters.md.";
    if (value.kind == CounterKind::total) {
      families.counter(metric.name + "_total", help, labels, amount);
    } else {
      families.gauge(metric.name, help, labels, amount);
    }
  }
}

inline void add_participant(MetricFamilies& families, const Segment& segment,
                            const std::string& ring, const Participant& who,
                            const StreamPosition& position,
                            const std::vector<Participant>& everybody) {
  using Presence = Participant::Presence;
  static constexpr std::array presences{Presence::alive, Presence::stopped, Presence::dead,
                                        Presence::left};
  const MetricLabels labels{{"ring", ring},
                            {"participant", label_text(who.id)},
                            {"kind", std::string(to_string(who.kind))}};
  families.state("participant_state", "What has become of a participant: 1 of one state.", labels,
                 presences, who.presence);
  families.gauge("participant_gates", "1 if producers wait for it.", labels, who.gates ? 1 : 0);
  if (const auto behind = lag(who, position.published)) {
    families.gauge("consumer_lag_events", "Events published that it has not committed.", labels,
                   static_cast<double>(*behind));
  }
  const auto counters = read_counters(segment, who);
  if (!counters) return;
  add_counters(families, labels, *counters);
  if (who.kind != format::RowKind::producer) return;
  MetricLabels blocked = labels;
  double seconds = 0;
  std::string by;
  const bool is_there = who.presence == Presence::alive || who.presence == Presence::stopped;
  if (is_there && counters->blockage) {
    const std::uint64_t now = to_ns(os::now());
    if (now > counters->blockage->since_ns)
      seconds = static_cast<double>(now - counters->blockage->since_ns) * 1e-9;
    for (const Participant& each : everybody) {
      if (counters->blockage->row == each.row) by = label_text(each.id);
    }
  }
  blocked.push_back({"by", by});
  families.gauge("producer_blocked_now_seconds",
                 "How long a producer has waited for room just now, and for whom.", blocked,
                 seconds);
}

inline void add_ring(MetricFamilies& families, const Segment& segment) {
  static constexpr std::array states{StreamState::alive, StreamState::stopped, StreamState::dead,
                                     StreamState::left,  StreamState::closed,  StreamState::never};
  const std::vector<Participant> everybody = list_participants(segment);
  const RingSummary summary = summarize(segment);
  const std::string ring = label_text(segment.name());
  const MetricLabels labels{{"ring", ring}};
  families.gauge("ring_readable", "1 if the ring can be read, 0 if it cannot.", labels, 1);
  families.gauge(
      "ring_info", "What a ring is made for.",
      {{"ring", ring},
       {"type", label_text(summary.type_name)},
       {"producers", summary.producer_kind == format::ProducerKind::multi ? "multi" : "single"}},
      1);
  families.state("ring_state", "How a ring's stream stands: 1 of one state.", labels, states,
                 summary.state);
  families.gauge("ring_slots", "Events a ring has room for.", labels,
                 static_cast<double>(summary.capacity));
  families.gauge("ring_size_bytes", "Memory, or disk, that a ring takes.", labels,
                 static_cast<double>(summary.total_size));
  families.counter(
      "ring_published_events_total", "Events published; of several producers, claimed.", labels,
      static_cast<double>(summary.position.published.value() - segment.shape().first_sequence));
  double fill = 0;
  for (const Participant& who : everybody) {
    const auto behind = lag(who, summary.position.published);
    if (who.gates && behind)
      fill = std::max(fill, static_cast<double>(*behind) / static_cast<double>(summary.capacity));
  }
  families.gauge("ring_fill_ratio", "Of the slots, those a consumer that gates has not read.",
                 labels, fill);
  for (const Participant& who : everybody)
    add_participant(families, segment, ring, who, summary.position, everybody);
}

inline void add_unreadable(MetricFamilies& families, const std::string& name, const Error& error) {
  const std::string ring = label_text(name);
  families.gauge("ring_readable", "1 if the ring can be read, 0 if it cannot.", {{"ring", ring}},
                 0);
  families.gauge("ring_error_info", "Why a ring cannot be read.",
                 {{"ring", ring}, {"error", std::string(to_string(error.code()))}}, 1);
}

inline void add_named(MetricFamilies& families, const std::string& name) {
  try {
    add_ring(families, Segment::attach(os::ObjectName::parse(name), SegmentRole::inspector,
                                       EventType{}, TimePoint::min()));
  } catch (const Error& error) {
    add_unreadable(families, name, error);
  }
}

inline void add_list(MetricFamilies& families, const RingList& list) {
  for (const RingSummary& ring : list.rings) {
    try {
      // One that has gone meanwhile is no news.
      if (const auto segment = Segment::try_attach(os::ObjectName::parse(ring.name),
                                                   SegmentRole::inspector, EventType{}))
        add_ring(families, *segment);
    } catch (const Error& error) {
      add_unreadable(families, ring.name, error);
    }
  }
  for (const UnreadableObject& object : list.unreadable) {
    // Objects of other programs are no news.
    if (object.error.code() != Errc::not_a_ring)
      add_unreadable(families, object.name, object.error);
  }
}

inline void add_host(MetricFamilies& families) {
  const std::filesystem::path shm =
      std::filesystem::path(os::ObjectName::parse("shm:x").path()).parent_path();
  std::error_code error;
  const auto space = std::filesystem::space(shm, error);
  if (error) return;
  families.gauge("shm_size_bytes", "Size of the place of shared memory.", {},
                 static_cast<double>(space.capacity));
  families.gauge("shm_available_bytes", "What of it is free.", {},
                 static_cast<double>(space.available));
}

}  // namespace detail

/// Looks at rings whenever it is asked: reads only, holds nobody up, and keeps no ring from being
/// removed. What cannot be read is told (`disruptor_mp_ring_readable` 0) beside the others. Threads
/// may ask at once. @throws nothing but std::bad_alloc from Collect; a directory that cannot be
/// listed is left out.
class RingCollector : public prometheus::Collectable {
 public:
  explicit RingCollector(RingSelection selection) : selection_(std::move(selection)) {}

  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
    detail::MetricFamilies families;
    detail::add_host(families);
    for (const std::string& name : selection_.names) detail::add_named(families, name);
    if (selection_.names.empty()) detail::add_list(families, list_rings(selection_.prefix));
    for (const std::string& directory : selection_.directories) {
      try {
        detail::add_list(families, list_ring_files(directory, selection_.prefix));
      } catch (const Error& error) {
        detail::add_unreadable(families, directory, error);
      }
    }
    return families.take();
  }

 private:
  RingSelection selection_;
};

}  // namespace disruptor_mp
