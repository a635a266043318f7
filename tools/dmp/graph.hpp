// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Who waits for whom, drawn.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "disruptor_mp/membership/graph.hpp"
#include "json_output.hpp"
#include "terminal.hpp"

namespace disruptor_mp::tool {

/// A consumer of the graph, or one that others wait for and that has never been there.
struct GraphNode {
  std::string id;
  std::optional<Participant> participant = std::nullopt;
  std::size_t stage = 1;               ///< 1: it waits for producers only
  std::vector<Blocker> blockers = {};  ///< where it stands just now, and why

  [[nodiscard]] std::vector<std::string> after() const {
    return participant ? participant->after : std::vector<std::string>{};
  }
};

/// In order of stages, then of rows; those who have never been there first.
[[nodiscard]] std::vector<GraphNode> graph_of(const std::vector<Participant>& participants);

[[nodiscard]] std::string graph_text(const std::vector<GraphNode>& graph, Sequence published,
                                     const Style& style);
/// For Graphviz.
[[nodiscard]] std::string graph_dot(const std::vector<GraphNode>& graph, const std::string& ring,
                                    Sequence published);
[[nodiscard]] Json graph_json(const std::vector<GraphNode>& graph);

}  // namespace disruptor_mp::tool
