// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "market_feed/analytics.hpp"

namespace disruptor_mp::market_feed {

/// Numbers that can pass 2^53 or have decimals are written as decimal strings, exactly: any JSON
/// reader keeps them. "vwap" is for people (rounded as "vwap_rounding" says); "notional" / "volume"
/// is exact.
void to_json(nlohmann::json& json, const Analytics& analytics);

/// Gives a state equal to the one written. Throws Error for a document of another form; "vwap" is
/// not read, it follows from the sums.
void from_json(const nlohmann::json& json, Analytics& analytics);

}  // namespace disruptor_mp::market_feed
