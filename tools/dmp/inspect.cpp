// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp inspect: one ring in full.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "disruptor_mp/membership/liveness.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/segment/memory_report.hpp"
#include "disruptor_mp/segment/segment.hpp"
#include "graph.hpp"
#include "json_output.hpp"
#include "ring_facts.hpp"
#include "table.hpp"

namespace disruptor_mp::tool {
namespace {

struct InspectOptions {
  std::string ring;
  bool json = false;
  bool shows_graph = false;
  bool dot = false;
};

/// What was seen of a ring at one moment.
struct View {
  const Segment& segment;
  std::vector<Participant> participants = list_participants(segment);
  StreamPosition position = stream_position(segment);
  StreamState state = stream_state(segment, participants);
  std::uint64_t horizon = segment.control().horizon.load(std::memory_order_acquire);
  std::uint64_t end = stream_end(segment);
  std::uint64_t producer_word = segment.control().producer.load(std::memory_order_acquire);

  [[nodiscard]] std::uint64_t producer_incarnation() const { return producer_word >> 32U; }
  [[nodiscard]] bool has_several_producers() const {
    return segment.shape().producer_kind == format::ProducerKind::multi;
  }
};

using tool::name_of;  // of the kind of producers
const char* name_of(format::SlotLayout layout) {
  return layout == format::SlotLayout::packed ? "packed" : "stamped";
}
const char* name_of(format::FenceMode mode) {
  return mode == format::FenceMode::asymmetric ? "asymmetric" : "portable";
}
const char* name_of(format::WhenAlone rule) {
  return rule == format::WhenAlone::block ? "block" : "run_free";
}

std::string hex(const std::array<std::uint64_t, 2>& id) {
  return fmt::format("{:016x}{:016x}", id[0], id[1]);
}

std::vector<std::pair<const char*, format::Section>> sections_of(const format::Header& header) {
  const format::Sections& s = header.sections;
  return {{"header", {.offset = 0, .size = format::header_size}},
          {"bells", s.bells},
          {"control", s.control},
          {"rows", s.rows},
          {"counters", s.counters},
          {"claims", s.claims},
          {"slots", s.slots}};
}

Json header_json(const Segment& segment) {
  const format::Header& header = segment.header();
  const format::Shape& shape = header.shape;
  return {{"format_version", header.version},
          {"type", segment.type_name()},
          {"fields", segment.schema()},
          {"fingerprint", fmt::format("{:016x}", header.fingerprint)},
          {"event_size", shape.event_size},
          {"event_align", shape.event_align},
          {"capacity", shape.capacity},
          {"slot_stride", shape.slot_stride},
          {"slot_layout", name_of(shape.slot_layout)},
          {"producer_kind", name_of(shape.producer_kind)},
          {"fences", name_of(shape.fence_mode)},
          {"when_alone", name_of(shape.when_alone)},
          {"revoke_stopped_after_ns", shape.revoke_stopped_after},
          {"max_participants", shape.rows},
          {"page_size", shape.page_size},
          {"first_sequence", shape.first_sequence},
          {"total_size", header.sections.total_size},
          {"instance", hex(header.birth.instance)},
          {"boot", hex(header.birth.boot)},
          {"from_earlier_boot", segment.is_from_earlier_boot()},
          {"created_ns", header.birth.created_ns},
          {"creator_pid", header.birth.creator_pid},
          {"creator_uid", header.birth.creator_uid}};
}

Json memory_json(const MemoryReport& report) {
  return {{"huge_pages_asked", to_string(report.huge_pages_asked)},
          {"huge_pages", to_string(report.huge_pages)},
          {"numa_node_asked", report.numa_node_asked ? Json(*report.numa_node_asked) : Json()},
          {"on_node", report.is_on_node},
          {"note", report.note}};
}

/// Nothing if nothing special was asked for or had.
std::string memory_text(const MemoryReport& report) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (report.huge_pages != HugePages::none)
    add(fmt::format("huge pages: {}", to_string(report.huge_pages)));
  if (report.numa_node_asked && report.is_on_node)
    add(fmt::format("on node {}", *report.numa_node_asked));
  if (!report.note.empty()) add(report.note);
  return text;
}

Json stop_json(const Segment& segment) {
  const auto reason = stop_reason(segment);
  if (!reason) return {};
  return {{"consumer", printable(reason->consumer_id)}, {"trouble", to_string(reason->trouble)}};
}

Json view_json(const View& view) {
  Json sections = Json::object();
  for (const auto& [name, section] : sections_of(view.segment.header()))
    sections[name] = {{"offset", section.offset}, {"size", section.size}};
  Json participants = Json::array();
  for (const Participant& participant : view.participants)
    participants.push_back(tool::to_json(participant, view.position.published));
  return {{"name", view.segment.name()},
          {"path", view.segment.object().name().path()},
          {"header", header_json(view.segment)},
          {"memory", memory_json(memory_report(view.segment))},
          {"sections", sections},
          {"stream",
           {{"producer", to_string(view.state)},
            {"producer_incarnation", view.producer_incarnation()},
            {"producers", tool::to_json(count_producers(view.participants))},
            {"oldest", view.position.oldest.value()},
            {"published", view.position.published.value()},
            {"horizon", view.horizon},
            {"revoked", view.segment.control().revoked.load(std::memory_order_relaxed)},
            {"closed", view.position.is_closed},
            {"stopped", stop_json(view.segment)},
            {"end", view.position.is_closed ? Json(view.end) : Json()}}},
          {"participants", participants},
          {"graph", graph_json(graph_of(view.participants))}};
}

std::string wall_clock(std::uint64_t ns) {
  return fmt::format("{:%F %T} UTC", fmt::gmtime(static_cast<std::time_t>(ns / 1'000'000'000)));
}

void print_line(const char* title, const std::string& text) {
  constexpr std::size_t indent = 14;
  std::string lines = wrap(text, indent);
  lines.replace(2, std::string_view(title).size(), title);
  fmt::print("{}", lines);
}

void print_header(const View& view) {
  const Segment& segment = view.segment;
  const format::Header& header = segment.header();
  const format::Shape& shape = header.shape;
  print_line("type", fmt::format("{}, {} bytes, aligned to {}, fingerprint {:016x}",
                                 segment.type_name().empty() ? "(no name)" : segment.type_name(),
                                 shape.event_size, shape.event_align, header.fingerprint));
  if (const std::string fields = segment.schema(); !fields.empty()) print_line("fields", fields);
  print_line("slots",
             fmt::format("{} of {} bytes, {}; first sequence {}", shape.capacity, shape.slot_stride,
                         name_of(shape.slot_layout), shape.first_sequence));
  print_line("object", fmt::format("{} bytes, format version {}, pages of {}",
                                   header.sections.total_size, header.version, shape.page_size));
  if (const std::string memory = memory_text(memory_report(segment)); !memory.empty())
    print_line("memory", memory);
  print_line("rules", fmt::format("{} producer, {} fences, alone: {}, at most {} participants",
                                  name_of(shape.producer_kind), name_of(shape.fence_mode),
                                  name_of(shape.when_alone), shape.rows));
  if (shape.producer_kind == format::ProducerKind::multi) {
    print_line("stopped",
               shape.revoke_stopped_after == 0
                   ? "producers are waited for without limit"
                   : fmt::format("producers' claims are revoked after {} ms; {} were",
                                 static_cast<double>(shape.revoke_stopped_after) / 1e6,
                                 segment.control().revoked.load(std::memory_order_relaxed)));
  }
  print_line(
      "created",
      fmt::format("{} by pid {}, uid {}{}", wall_clock(header.birth.created_ns),
                  header.birth.creator_pid, header.birth.creator_uid,
                  segment.is_from_earlier_boot() ? ", before the machine's last start" : ""));
  print_line("instance", hex(header.birth.instance));
}

void print_stream(const View& view) {
  fmt::print("\nstream\n");
  const std::uint64_t end = view.position.published.value();
  const std::uint64_t readable = view.position.published - view.position.oldest;
  if (view.has_several_producers()) {
    print_line("producers", producers_text(view.segment.shape().producer_kind, view.state,
                                           count_producers(view.participants)));
    print_line("claimed",
               fmt::format("{} sequences, of which {} can still be read", end, readable));
  } else {
    print_line("producer", fmt::format("{}, incarnation {}", to_string(view.state),
                                       view.producer_incarnation()));
    print_line("published", fmt::format("{} events, of which {} can still be read", end, readable));
  }
  print_line("horizon", std::to_string(view.horizon));
  print_line("end", view.position.is_closed ? std::to_string(view.end) : "open");
  if (const auto reason = stop_reason(view.segment)) {
    print_line("stopped", fmt::format("because of {}, {}", printable(reason->consumer_id),
                                      to_string(reason->trouble)));
  }
}

void print_sections(const View& view) {
  using Align = Table::Align;
  Table table({{"section"}, {"offset", Align::right}, {"size", Align::right}}, 2);
  for (const auto& [name, section] : sections_of(view.segment.header()))
    table.add({{name}, {std::to_string(section.offset)}, {std::to_string(section.size)}});
  fmt::print("\nsections\n{}", table.text(Style(STDOUT_FILENO)));
}

void print_participants(const View& view) {
  using Align = Table::Align;
  Table table({{"ID"},
               {"KIND"},
               {"STATE"},
               {"POSITION", Align::right},
               {"LAG", Align::right},
               {"INC", Align::right},
               {"PID", Align::right},
               {"AGE", Align::right},
               {"COMMAND"}},
              2);
  for (const Participant& participant : view.participants) {
    const auto behind = lag(participant, view.position.published);
    table.add({{participant.id},
               {std::string(to_string(participant.kind))},
               {state_text(participant),
                participant.has_closed ? Tone::plain : tone_of(participant.presence)},
               {behind ? std::to_string(participant.cursor.value()) : "-"},
               {behind ? std::to_string(*behind) : "-"},
               {std::to_string(participant.incarnation)},
               {std::to_string(participant.process.pid)},
               {age(participant.joined_ns)},
               {printable(os::command_of(participant.process))}});
  }
  fmt::print("\nparticipants\n{}", table.text(Style(STDOUT_FILENO)));
}

ExitCode run_inspect(const InspectOptions& options) {
  const Segment segment = Segment::attach(os::ObjectName::parse(options.ring),
                                          SegmentRole::inspector, EventType{}, os::now());
  const View view{segment};
  if (options.json) {
    print_json(stdout, view_json(view));
    return ExitCode::ok;
  }
  if (options.dot) {
    fmt::print("{}",
               graph_dot(graph_of(view.participants), segment.name(), view.position.published));
    return ExitCode::ok;
  }
  const Style style(STDOUT_FILENO);
  fmt::print("{}\n", style.paint(Tone::strong, printable(segment.name())));
  if (options.shows_graph) {
    fmt::print("{}", graph_text(graph_of(view.participants), view.position.published, style));
    return ExitCode::ok;
  }
  print_header(view);
  print_stream(view);
  print_sections(view);
  print_participants(view);
  return ExitCode::ok;
}

constexpr const char* inspect_notes =
    "Examples:\n"
    "  dmp inspect quotes\n"
    "  dmp inspect file:/var/tmp/ring --json\n"
    "  dmp inspect quotes --graph\n"
    "\n"
    "Looking changes nothing and holds nobody up. LAG is how many published events a\n"
    "consumer has not read. INC counts how often the row was taken. Observers leave\n"
    "no trace in a ring and are not shown.\n"
    "\n"
    "--graph shows which consumer waits for which (AFTER), and in whose way each\n"
    "stands just now (STANDS AT: the last of a chain of those that wait for one\n"
    "another). STAGE is the longest way from the producers.\n"
    "\n";

}  // namespace

void add_inspect(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App& command = *app.add_subcommand("inspect", "show one ring in full");
  command.add_option("NAME", options->ring, "ring: NAME, shm:NAME or file:PATH")->required();
  CLI::Option* const json = command.add_flag("--json", options->json, "one JSON object");
  command.add_flag("--graph", options->shows_graph, "only which consumer waits for which");
  command.add_flag("--dot", options->dot, "the same for Graphviz: … | dot -Tsvg")->excludes(json);
  command.footer(std::string(inspect_notes) + exit_code_help);
  command.callback([options, &invocation] {
    invocation.json = options->json;
    invocation.run = [options] { return run_inspect(*options); };
  });
}

}  // namespace disruptor_mp::tool
