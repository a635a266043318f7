// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/endpoint/coordination.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {
namespace {

using namespace std::chrono_literals;
constexpr auto longest_pause = 10ms;

void append(std::string& list, const std::string& text) {
  list += (list.empty() ? "" : ", ") + text;
}

/// One ring of the topology, looked at again and again.
class Watched {
 public:
  explicit Watched(const RingMembers& members)
      : members_(&members), name_(os::ObjectName::parse(members.ring)) {}

  /// @return who is missing; empty if nobody is.
  std::string look() {
    there_.clear();
    std::string missing;
    // A creator that died may have been followed by one that made the ring anew.
    if (segment_ && !segment_->object().is_named()) segment_.reset();
    if (!segment_) segment_ = Segment::try_attach(name_, SegmentRole::inspector, EventType{});
    if (!segment_) {
      there_ = "no such ring";
      for (const std::string& id : members_->producers) append(missing, id + " (producer)");
      for (const std::string& id : members_->consumers) append(missing, id + " (consumer)");
      return missing.empty() ? "the ring" : missing;
    }
    if (stream_position(*segment_).is_closed) return {};
    const auto all = list_participants(*segment_);
    for (const Participant& participant : all) append(there_, describe(participant));
    if (all.empty()) there_ = "nobody";
    const auto is_there = [&](const std::string& id, bool is_producer) {
      return std::any_of(all.begin(), all.end(), [&](const Participant& participant) {
        return participant.id == id &&
               (participant.kind == format::RowKind::producer) == is_producer &&
               (participant.presence == Participant::Presence::alive ||
                participant.presence == Participant::Presence::stopped);
      });
    };
    for (const std::string& id : members_->producers)
      if (!is_there(id, true)) append(missing, id + " (producer)");
    for (const std::string& id : members_->consumers)
      if (!is_there(id, false)) append(missing, id + " (consumer)");
    return missing;
  }

  [[nodiscard]] std::string name() const { return name_.text(); }
  [[nodiscard]] const std::string& there() const { return there_; }

 private:
  const RingMembers* members_;
  os::ObjectName name_;
  std::optional<Segment> segment_;
  std::string there_;
};

}  // namespace

void wait_for_topology(const std::vector<RingMembers>& rings, Duration timeout) {
  std::vector<Watched> all(rings.begin(), rings.end());
  const TimePoint start = os::now();
  const TimePoint deadline = timeout > never - start ? never : start + timeout;
  for (auto pause = Duration(500us);; pause = std::min<Duration>(pause * 2, longest_pause)) {
    const TimePoint now = os::now();  // before the look: who was stopped looks once more
    std::string missing;
    std::string there;
    std::string object;
    for (Watched& ring : all) {
      const std::string absent = ring.look();
      if (absent.empty()) continue;
      if (object.empty()) object = ring.name();
      missing += (missing.empty() ? "" : "; ") + ring.name() + ": " + absent;
      there += (there.empty() ? "" : "; ") + ring.name() + ": " + ring.there();
    }
    if (missing.empty()) return;
    if (now >= deadline) {
      throw Error(Errc::consumers_missing,
                  {.object = object,
                   .problem = "these members did not arrive in time: " + missing,
                   .found = there,
                   .expected = "all members of " + std::to_string(rings.size()) + " rings, alive",
                   .remedy = "Start the missing ones, check their ids, or wait longer."});
    }
    os::sleep_until(std::min(deadline, now + pause));
  }
}

}  // namespace disruptor_mp
