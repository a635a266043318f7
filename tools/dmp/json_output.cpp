// SPDX-License-Identifier: MIT OR Apache-2.0
#include "json_output.hpp"

#include <fmt/format.h>

#include "ring_facts.hpp"

namespace disruptor_mp::tool {

Json to_json(const Error& error) {
  return {{"code", to_string(error.code())}, {"object", error.object()},
          {"problem", error.problem()},      {"found", error.found()},
          {"expected", error.expected()},    {"remedy", error.remedy()}};
}

Json to_json(const RingSummary& ring) {
  return {{"name", ring.name},
          {"type", ring.type_name},
          {"event_size", ring.event_size},
          {"capacity", ring.capacity},
          {"total_size", ring.total_size},
          {"created_ns", ring.created_ns},
          {"oldest", ring.position.oldest.value()},
          {"published", ring.position.published.value()},
          {"closed", ring.position.is_closed},
          {"producer", to_string(ring.state)},
          {"producer_kind", name_of(ring.producer_kind)},
          {"producers", to_json(ring.producers)},
          {"consumers", {{"present", ring.consumers_present}, {"away", ring.consumers_away}}}};
}

Json to_json(const ProducerCount& count) {
  return {{"alive", count.alive},
          {"stopped", count.stopped},
          {"dead", count.dead},
          {"left", count.left}};
}

Json to_json(const CleanResult& result) {
  return {{"name", result.name}, {"reason", result.reason}};
}

Json to_json(const Participant& participant, Sequence published) {
  const auto behind = lag(participant, published);
  return {{"row", participant.row},
          {"id", participant.id},
          {"kind", to_string(participant.kind)},
          {"presence", to_string(participant.presence)},
          {"gates", participant.gates},
          {"has_closed", participant.has_closed},
          {"passed_over", participant.is_passed_over},
          {"after", participant.after},
          {"incarnation", participant.incarnation},
          {"position", participant.cursor.value()},
          {"lag", behind ? Json(*behind) : Json()},
          {"pid", participant.process.pid},
          {"uid", participant.process.uid},
          {"pid_namespace", participant.process.pid_namespace},
          {"command", os::command_of(participant.process)},
          {"joined_ns", participant.joined_ns},
          {"age_seconds", age_seconds(participant.joined_ns)}};
}

void print_json(std::FILE* file, const Json& json) {
  // "replace": a name may hold bytes that are no UTF-8.
  fmt::print(file, "{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace disruptor_mp::tool
