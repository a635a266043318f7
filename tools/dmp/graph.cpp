// SPDX-License-Identifier: MIT OR Apache-2.0
#include "graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ring_facts.hpp"
#include "table.hpp"

namespace disruptor_mp::tool {
namespace {

GraphNode* find_node(std::vector<GraphNode>& graph, const std::string& id) {
  const auto found = std::find_if(graph.begin(), graph.end(),
                                  [&](const GraphNode& node) { return node.id == id; });
  return found == graph.end() ? nullptr : &*found;
}

/// The longest way from the producers. Somebody may have written a circle into the rows: then it
/// ends somewhere.
void find_stages(std::vector<GraphNode>& graph) {
  bool has_changed = true;
  for (std::size_t round = 0; has_changed && round < graph.size(); ++round) {
    has_changed = false;
    for (GraphNode& node : graph) {
      for (const std::string& id : node.after()) {
        const std::size_t stage = find_node(graph, id)->stage + 1;
        if (stage <= node.stage) continue;
        node.stage = stage;
        has_changed = true;
      }
    }
  }
}

std::string join(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text;
}

std::string node_state(const GraphNode& node) {
  return node.participant ? state_text(*node.participant) : "never";
}

bool stands_at(const GraphNode& node, const std::string& id) {
  return !node.blockers.empty() && node.blockers.front().id == id;
}

/// As a string of DOT.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

std::vector<GraphNode> graph_of(const std::vector<Participant>& participants) {
  std::vector<GraphNode> graph;
  for (const Participant& participant : participants) {
    if (participant.kind == format::RowKind::producer) continue;
    graph.push_back({.id = participant.id,
                     .participant = participant,
                     .blockers = blockers_of(participants, participant)});
  }
  std::vector<GraphNode> strangers;
  for (const GraphNode& node : graph) {
    for (const std::string& id : node.after()) {
      if (find_node(graph, id) == nullptr && find_node(strangers, id) == nullptr)
        strangers.push_back({.id = id});
    }
  }
  graph.insert(graph.begin(), strangers.begin(), strangers.end());
  find_stages(graph);
  std::stable_sort(graph.begin(), graph.end(),
                   [](const GraphNode& a, const GraphNode& b) { return a.stage < b.stage; });
  return graph;
}

std::string graph_text(const std::vector<GraphNode>& graph, Sequence published,
                       const Style& style) {
  using Align = Table::Align;
  Table table({{"ID"},
               {"STAGE", Align::right},
               {"KIND"},
               {"STATE"},
               {"POSITION", Align::right},
               {"LAG", Align::right},
               {"AFTER"},
               {"STANDS AT"}},
              2);
  for (const GraphNode& node : graph) {
    const bool is_there = node.participant.has_value();
    table.add({{printable(node.id)},
               {std::to_string(node.stage)},
               {is_there ? std::string(to_string(node.participant->kind)) : "-"},
               {node_state(node), is_there ? tone_of(node.participant->presence) : Tone::warning},
               {is_there ? std::to_string(node.participant->cursor.value()) : "-"},
               {is_there ? std::to_string(lag(*node.participant, published).value_or(0)) : "-"},
               {node.after().empty() ? "-" : printable(join(node.after()))},
               {node.blockers.empty() ? "-" : printable(node.blockers.back().id)}});
  }
  return table.text(style);
}

std::string graph_dot(const std::vector<GraphNode>& graph, const std::string& ring,
                      Sequence published) {
  std::string text = fmt::format("digraph {} {{\n  rankdir=LR;\n", quoted(ring));
  text += fmt::format("  producers [shape=box, label=\"producers\\n{} published\"];\n",
                      published.value());
  const auto name_of = [](const std::string& id) { return quoted("consumer " + id); };
  for (const GraphNode& node : graph) {
    std::string label = quoted(node.id);
    label.pop_back();
    if (node.participant) {
      label += fmt::format("\\n{}, {}\\nat {}, lag {}", to_string(node.participant->kind),
                           node_state(node), node.participant->cursor.value(),
                           lag(*node.participant, published).value_or(0));
    } else {
      label += "\\nnever there";
    }
    text += fmt::format("  {} [label={}\"{}];\n", name_of(node.id), label,
                        node.participant ? "" : ", style=dashed");
  }
  for (const GraphNode& node : graph) {
    if (node.after().empty()) text += fmt::format("  producers -> {};\n", name_of(node.id));
    for (const std::string& id : node.after()) {
      text += fmt::format("  {} -> {}{};\n", name_of(id), name_of(node.id),
                          stands_at(node, id) ? " [style=bold, label=\"waits\"]" : "");
    }
  }
  return text + "}\n";
}

Json graph_json(const std::vector<GraphNode>& graph) {
  Json nodes = Json::array();
  for (const GraphNode& node : graph) {
    Json after = Json::array();
    for (const std::string& id : node.after()) after.push_back(printable(id));
    nodes.push_back(
        {{"id", printable(node.id)},
         {"stage", node.stage},
         {"known", node.participant.has_value()},
         {"after", after},
         {"stands_at", node.blockers.empty() ? Json() : Json(printable(node.blockers.back().id))}});
  }
  return nodes;
}

}  // namespace disruptor_mp::tool
