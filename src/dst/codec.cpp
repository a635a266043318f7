// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dst/codec.hpp"

namespace disruptor_mp::dst {
namespace {

// {"tag": {"field": value}}
void write_struct_variant(JsonWriter& out, std::string_view tag, std::string_view field,
                          std::uint64_t value) {
  out.tagged(tag, [&] {
    out.begin_object();
    out.key(field);
    out.number(value);
    out.end_object();
  });
}

JsonReader::Read reads_field(JsonReader& in, std::string_view name, std::uint32_t& value) {
  return [&in, name, &value] { return in.object({{name, reads(in, value)}}); };
}

}  // namespace

void write(JsonWriter& out, const ProcessRole& role) {
  if (const auto index = role.consumer_index()) {
    write_struct_variant(out, to_string(role.kind()), "index", *index);
  } else {
    out.string(to_string(role.kind()));
  }
}

bool read(JsonReader& in, ProcessRole& role) {
  std::uint32_t index = 0;
  const auto consumer = [&] {
    if (!reads_field(in, "index", index)()) return false;
    role = ProcessRole::consumer(index);
    return true;
  };
  return in.variant({{"Producer", false, sets(role, ProcessRole::producer())},
                     {"Consumer", true, consumer},
                     {"Orchestrator", false, sets(role, ProcessRole::orchestrator())}});
}

void write(JsonWriter& out, const SchedulerAction& action) {
  const auto tag = to_string(action.kind());
  switch (action.kind()) {
    case SchedulerAction::Kind::SleepMs:
      return out.tagged(tag, [&] { out.number(action.amount()); });
    case SchedulerAction::Kind::PublishBatch:
    case SchedulerAction::Kind::ConsumeBatch:
      return write_struct_variant(out, tag, "events", action.amount());
    default:
      return out.string(tag);
  }
}

bool read(JsonReader& in, SchedulerAction& action) {
  std::uint64_t ms = 0;
  std::uint32_t events = 0;
  const auto sleep = [&] {
    if (!in.read(ms)) return false;
    action = SchedulerAction::sleep_ms(ms);
    return true;
  };
  const auto publish = [&] {
    if (!reads_field(in, "events", events)()) return false;
    action = SchedulerAction::publish_batch(events);
    return true;
  };
  const auto consume = [&] {
    if (!reads_field(in, "events", events)()) return false;
    action = SchedulerAction::consume_batch(events);
    return true;
  };
  return in.variant({{"Spawn", false, sets(action, SchedulerAction::spawn())},
                     {"SleepMs", true, sleep},
                     {"Attach", false, sets(action, SchedulerAction::attach())},
                     {"Start", false, sets(action, SchedulerAction::start())},
                     {"PublishBatch", true, publish},
                     {"ConsumeBatch", true, consume},
                     {"Kill", false, sets(action, SchedulerAction::kill())},
                     {"Restart", false, sets(action, SchedulerAction::restart())},
                     {"Shutdown", false, sets(action, SchedulerAction::shutdown())}});
}

void write(JsonWriter& out, const TraceStatus& status) {
  const auto tag = to_string(status.kind());
  if (status.kind() != TraceStatus::Kind::Failed) return out.string(tag);
  out.tagged(tag, [&] {
    out.begin_object();
    out.key("reason");
    out.string(status.reason());
    out.end_object();
  });
}

bool read(JsonReader& in, TraceStatus& status) {
  std::string reason;
  const auto failed = [&] {
    if (!in.object({{"reason", reads(in, reason)}})) return false;
    status = TraceStatus::failed(std::move(reason));
    return true;
  };
  return in.variant({{"Planned", false, sets(status, TraceStatus::planned())},
                     {"Success", false, sets(status, TraceStatus::success())},
                     {"Retry", false, sets(status, TraceStatus::retry())},
                     {"Failed", true, failed}});
}

}  // namespace disruptor_mp::dst
