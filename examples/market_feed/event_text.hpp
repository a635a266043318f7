// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>

#include "market_feed/market_event.hpp"

namespace disruptor_mp::market_feed {

/// One line for people: "BTCUSDT trade 3735683259 61837.63 x 0.02, seller aggressor, received …".
[[nodiscard]] std::string text_of(const MarketEvent& event);

}  // namespace disruptor_mp::market_feed
