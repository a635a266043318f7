// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/trace.hpp"

#include "dst/codec.hpp"

namespace disruptor_mp::dst {

static void write(JsonWriter& out, const TraceMetadata& metadata) {
  out.begin_object();
  for (const auto& [key, value] : metadata) {
    out.key(key);
    out.string(value);
  }
  out.end_object();
}

static bool read(JsonReader& in, TraceMetadata& metadata) {
  metadata.clear();
  return in.map([&](const std::string& key) { return in.read(metadata[key]); });
}

static void write(JsonWriter& out, const TraceEvent& event) {
  out.begin_object();
  out.key("step");
  out.number(event.step);
  out.key("role");
  write(out, event.role);
  out.key("action");
  write(out, event.action);
  out.key("status");
  write(out, event.status);
  out.key("attempt");
  out.number(event.attempt);
  out.key("resource");
  out.string(event.resource);
  out.key("metadata");
  write(out, event.metadata);
  out.end_object();
}

static bool read(JsonReader& in, TraceEvent& event) {
  return in.object({{"step", reads(in, event.step)},
                    {"role", [&] { return read(in, event.role); }},
                    {"action", [&] { return read(in, event.action); }},
                    {"status", [&] { return read(in, event.status); }},
                    {"attempt", reads(in, event.attempt)},
                    {"resource", reads(in, event.resource)},
                    {"metadata", [&] { return read(in, event.metadata); }}});
}

static void write(JsonWriter& out, const TraceArtifact& trace) {
  out.begin_object();
  out.key("run_id");
  out.string(trace.run_id);
  out.key("profile_id");
  out.string(trace.profile_id);
  out.key("seed");
  out.number(trace.seed);
  out.key("events");
  write(out, trace.events);
  out.end_object();
}

static bool read(JsonReader& in, TraceArtifact& trace) {
  return in.object({{"run_id", reads(in, trace.run_id)},
                    {"profile_id", reads(in, trace.profile_id)},
                    {"seed", reads(in, trace.seed)},
                    {"events", [&] { return read(in, trace.events); }}});
}

std::string to_string(const TraceEvent& event) { return compact_json(event); }

void TraceArtifact::push(ProcessRole role, SchedulerAction action, TraceStatus status,
                         std::string resource) {
  events.push_back({.step = events.size(),
                    .role = role,
                    .action = action,
                    .status = std::move(status),
                    .attempt = 0,
                    .resource = std::move(resource),
                    .metadata = {}});
}

void TraceArtifact::set_metadata(std::string key, std::string value) {
  if (events.empty()) return;
  events.back().metadata.insert_or_assign(std::move(key), std::move(value));
}

std::string TraceArtifact::to_json() const { return pretty_json(*this); }

Result<TraceArtifact, JsonError> TraceArtifact::from_json(std::string_view text) {
  return parse_json<TraceArtifact>(text);
}

}  // namespace disruptor_mp::dst
