// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace disruptor_mp::market_feed {

/// Figures and lines for a terminal of 80 columns.
inline constexpr std::size_t report_width = 80;

[[nodiscard]] std::string grouped(std::uint64_t value);  ///< "87,402"
[[nodiscard]] std::string duration_text(
    std::uint64_t ns);  ///< "830 ns", "12.3 us", "4.56 ms", "1.2 s"
[[nodiscard]] std::string rate_text(double events_per_second);  ///< "12.3 M/s"

/// The text in at most `width` characters; of a longer one the end is kept, after "...": in paths
/// and names the end tells them apart.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t width);

/// Puts pieces one after the other, two blanks apart, into lines of at most 80 columns. The first
/// line begins with `head`, the others with as many blanks. A piece too long for a line is cut into
/// several.
[[nodiscard]] std::string flowed(std::string_view head, const std::vector<std::string>& pieces,
                                 std::string_view between = "  ");

/// The same for the words of a sentence.
[[nodiscard]] std::string flowed_words(std::string_view head, std::string_view sentence);

}  // namespace disruptor_mp::market_feed
