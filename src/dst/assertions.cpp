// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/assertions.hpp"

#include <mutex>

#include "dst/codec.hpp"

namespace disruptor_mp::dst {

static void write(JsonWriter& out, const AssertionViolation& violation) {
  out.begin_object();
  out.key("kind");
  out.string(to_string(violation.kind));
  out.key("message");
  out.string(violation.message);
  out.key("details");
  out.string(violation.details);
  out.end_object();
}

static bool read(JsonReader& in, AssertionKind& kind) {
  return in.variant({{"Always", false, sets(kind, AssertionKind::Always)},
                     {"Sometimes", false, sets(kind, AssertionKind::Sometimes)},
                     {"Reachable", false, sets(kind, AssertionKind::Reachable)},
                     {"Unreachable", false, sets(kind, AssertionKind::Unreachable)}});
}

static bool read(JsonReader& in, AssertionViolation& violation) {
  return in.object({{"kind", [&] { return read(in, violation.kind); }},
                    {"message", reads(in, violation.message)},
                    {"details", reads(in, violation.details)}});
}

static void write(JsonWriter& out, const AssertionLog& log) {
  out.begin_object();
  out.key("always_violations");
  write(out, log.always_violations);
  out.key("unreachable_violations");
  write(out, log.unreachable_violations);
  out.key("sometimes");
  out.begin_object();
  for (const auto& [message, held] : log.sometimes) {
    out.key(message);
    out.boolean(held);
  }
  out.end_object();
  out.key("reachable");
  out.begin_array();
  for (const auto& message : log.reachable) out.string(message);
  out.end_array();
  out.end_object();
}

static bool read(JsonReader& in, AssertionLog& log) {
  const auto sometimes = [&] {
    return in.map([&](const std::string& message) { return in.read(log.sometimes[message]); });
  };
  const auto reachable = [&] {
    return in.array([&] {
      std::string message;
      if (!in.read(message)) return false;
      log.reachable.insert(std::move(message));
      return true;
    });
  };
  return in.object(
      {{"always_violations", [&] { return read(in, log.always_violations); }},
       {"unreachable_violations", [&] { return read(in, log.unreachable_violations); }},
       {"sometimes", sometimes},
       {"reachable", reachable}});
}

std::string_view to_string(AssertionKind kind) noexcept {
  switch (kind) {
    case AssertionKind::Always:
      return "Always";
    case AssertionKind::Sometimes:
      return "Sometimes";
    case AssertionKind::Reachable:
      return "Reachable";
    case AssertionKind::Unreachable:
      return "Unreachable";
  }
  return "?";
}

std::string to_string(const AssertionViolation& violation) {
  return std::string(to_string(violation.kind)) + " '" + violation.message +
         "' violated: " + violation.details;
}

void AssertionLog::assert_always(bool condition, std::string_view message,
                                 std::string_view details) {
  if (condition) return;
  always_violations.push_back({AssertionKind::Always, std::string(message), std::string(details)});
}

void AssertionLog::assert_sometimes(bool condition, std::string_view message) {
  // Looked up before inserting, so that only the first call of a claim allocates.
  const auto found = sometimes.find(message);
  if (found == sometimes.end()) {
    sometimes.emplace(message, condition);
  } else {
    found->second = found->second || condition;
  }
}

void AssertionLog::assert_reachable(std::string_view message) {
  if (reachable.find(message) == reachable.end()) reachable.emplace(message);
}

void AssertionLog::assert_unreachable(std::string_view message, std::string_view details) {
  unreachable_violations.push_back(
      {AssertionKind::Unreachable, std::string(message), std::string(details)});
}

bool AssertionLog::sometimes_satisfied(std::string_view message) const {
  const auto found = sometimes.find(message);
  return found != sometimes.end() && found->second;
}

void AssertionLog::merge(const AssertionLog& other) {
  if (&other == this) return;  // the same run is not seen twice
  always_violations.insert(always_violations.end(), other.always_violations.begin(),
                           other.always_violations.end());
  unreachable_violations.insert(unreachable_violations.end(), other.unreachable_violations.begin(),
                                other.unreachable_violations.end());
  for (const auto& [message, held] : other.sometimes) assert_sometimes(held, message);
  reachable.insert(other.reachable.begin(), other.reachable.end());
}

std::vector<AssertionViolation> AssertionLog::failures(
    std::span<const AssertionPoint> catalogue) const {
  std::vector<AssertionViolation> failed = always_violations;
  failed.insert(failed.end(), unreachable_violations.begin(), unreachable_violations.end());
  for (const auto& [message, held] : sometimes) {
    if (!held) failed.push_back({AssertionKind::Sometimes, message, "looked at, but never true"});
  }
  for (const auto& point : catalogue) {
    const bool is_missed_sometimes =
        point.kind == AssertionKind::Sometimes && sometimes.find(point.message) == sometimes.end();
    const bool is_missed_reachable =
        point.kind == AssertionKind::Reachable && reachable.find(point.message) == reachable.end();
    if (is_missed_sometimes || is_missed_reachable) {
      failed.push_back({point.kind, std::string(point.message), "no run came by"});
    }
  }
  return failed;
}

std::string AssertionLog::to_json() const { return pretty_json(*this); }

Result<AssertionLog, JsonError> AssertionLog::from_json(std::string_view text) {
  return parse_json<AssertionLog>(text);
}

namespace {

struct GlobalLog {
  std::mutex mutex;
  AssertionLog log;
};

GlobalLog& global() {
  static GlobalLog instance;
  return instance;
}

template <class Use>
auto with_global_log(Use use) {
  auto& [mutex, log] = global();
  const std::lock_guard lock(mutex);
  return use(log);
}

}  // namespace

void assert_always(bool condition, std::string_view message, std::string_view details) {
  if (condition) return;  // nothing to record, so no lock
  with_global_log([&](AssertionLog& log) { log.assert_always(false, message, details); });
}

void assert_sometimes(bool condition, std::string_view message) {
  with_global_log([&](AssertionLog& log) { log.assert_sometimes(condition, message); });
}

void assert_reachable(std::string_view message) {
  with_global_log([&](AssertionLog& log) { log.assert_reachable(message); });
}

void assert_unreachable(std::string_view message, std::string_view details) {
  with_global_log([&](AssertionLog& log) { log.assert_unreachable(message, details); });
}

void reset_global_assertions() {
  with_global_log([](AssertionLog& log) { log = {}; });
}

AssertionLog snapshot_global_assertions() {
  return with_global_log([](AssertionLog& log) { return log; });
}

}  // namespace disruptor_mp::dst
