// SPDX-License-Identifier: MIT OR Apache-2.0
#include "exit_code.hpp"

namespace disruptor_mp::tool {

ExitCode exit_code_of(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_name:
    case Errc::invalid_option:
      return ExitCode::usage;
    case Errc::not_found:
      return ExitCode::not_found;
    case Errc::consumers_missing:
    case Errc::ring_full:
    case Errc::gated:
    case Errc::predecessor_missing:
      return ExitCode::timed_out;
    case Errc::producer_gone:
    case Errc::object_replaced:
      return ExitCode::producer_gone;
    case Errc::already_exists:
    case Errc::producer_alive:
    case Errc::consumer_alive:
    case Errc::table_full:
    case Errc::dependency_cycle:
    case Errc::graph_busy:
    case Errc::closed:
    case Errc::stopped:
      return ExitCode::in_use;
    default:
      return ExitCode::failure;
  }
}

}  // namespace disruptor_mp::tool
