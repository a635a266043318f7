// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/monitor_state.hpp"

#include <span>

#include "market_feed/checksum.hpp"

namespace disruptor_mp::market_feed {

bool MonitorState::observe(std::uint64_t sequence) noexcept {
  if (seen == 0 && missed == 0) first_sequence = next_expected = sequence;
  if (sequence < next_expected) return false;
  missed += sequence - next_expected;
  next_expected = sequence + 1;
  ++seen;
  return true;
}

void MonitorState::miss_up_to(std::uint64_t sequence) noexcept {
  if (sequence <= next_expected) return;
  missed += sequence - next_expected;
  next_expected = sequence;
}

std::uint64_t event_checksum(std::uint64_t sequence, const MarketEvent& event) noexcept {
  return market_feed::checksum(std::as_bytes(std::span(&event, 1)), sequence);
}

}  // namespace disruptor_mp::market_feed
