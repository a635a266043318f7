// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

namespace disruptor_mp::market_feed {

/// A sum of price x quantity needs more than 64 bits: both factors carry 1e-8. GCC and Clang give
/// the type on every 64-bit Linux; `__extension__` says so to -Wpedantic, once and here.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

}  // namespace disruptor_mp::market_feed
