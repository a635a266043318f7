// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace disruptor_mp::market_feed {

/// Called every few thousand lines by whoever goes through a whole feed, which may take long. It
/// ends that by throwing.
class BetweenLines {
 public:
  static constexpr std::uint64_t period = 4096;

  BetweenLines() = default;
  explicit BetweenLines(std::function<void()> call) : call_(std::move(call)) {}

  /// To be called after each line with the number of lines so far.
  void operator()(std::uint64_t lines) const {
    if (lines % period == 0 && call_) call_();
  }

 private:
  std::function<void()> call_;
};

}  // namespace disruptor_mp::market_feed
