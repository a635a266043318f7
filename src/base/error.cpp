// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/base/error.hpp"

#include <utility>

namespace disruptor_mp {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_name:
      return "invalid_name";
    case Errc::invalid_option:
      return "invalid_option";
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::no_space:
      return "no_space";
    case Errc::permission_denied:
      return "permission_denied";
    case Errc::not_a_ring:
      return "not_a_ring";
    case Errc::truncated:
      return "truncated";
    case Errc::corrupt:
      return "corrupt";
    case Errc::version_mismatch:
      return "version_mismatch";
    case Errc::byte_order_mismatch:
      return "byte_order_mismatch";
    case Errc::event_size_mismatch:
      return "event_size_mismatch";
    case Errc::event_align_mismatch:
      return "event_align_mismatch";
    case Errc::event_type_mismatch:
      return "event_type_mismatch";
    case Errc::producer_alive:
      return "producer_alive";
    case Errc::consumer_alive:
      return "consumer_alive";
    case Errc::table_full:
      return "table_full";
    case Errc::locks_unsupported:
      return "locks_unsupported";
    case Errc::membarrier_unavailable:
      return "membarrier_unavailable";
    case Errc::consumers_missing:
      return "consumers_missing";
    case Errc::dependency_cycle:
      return "dependency_cycle";
    case Errc::graph_busy:
      return "graph_busy";
    case Errc::gated:
      return "gated";
    case Errc::predecessor_missing:
      return "predecessor_missing";
    case Errc::consumer_stalled:
      return "consumer_stalled";
    case Errc::stopped:
      return "stopped";
    case Errc::passed_over:
      return "passed_over";
    case Errc::closed:
      return "closed";
    case Errc::earlier_boot:
      return "earlier_boot";
    case Errc::interrupted:
      return "interrupted";
    case Errc::lease_open:
      return "lease_open";
    case Errc::used_after_fork:
      return "used_after_fork";
    case Errc::batch_too_large:
      return "batch_too_large";
    case Errc::claim_open:
      return "claim_open";
    case Errc::claim_revoked:
      return "claim_revoked";
    case Errc::ring_full:
      return "ring_full";
    case Errc::producer_gone:
      return "producer_gone";
    case Errc::object_replaced:
      return "object_replaced";
    case Errc::system_error:
      return "system_error";
  }
  return "unknown";
}

namespace {

/// Names and ids come from outside: a NUL would cut the message short, a newline would break it.
std::string printable(std::string text) {
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) c = '?';
  }
  return text;
}

ErrorText printable(ErrorText text) {
  return {.object = printable(std::move(text.object)),
          .problem = printable(std::move(text.problem)),
          .found = printable(std::move(text.found)),
          .expected = printable(std::move(text.expected)),
          .remedy = printable(std::move(text.remedy))};
}

std::string one_line(const ErrorText& text) {
  std::string line = text.object + ": " + text.problem;
  if (!text.found.empty()) line += "; found " + text.found;
  if (!text.expected.empty()) line += "; expected " + text.expected;
  if (!text.remedy.empty()) line += ". " + text.remedy;
  return line;
}

}  // namespace

Error::Error(Errc code, ErrorText text)
    : std::runtime_error(one_line(printable(text))),
      code_(code),
      text_(printable(std::move(text))) {}

}  // namespace disruptor_mp
