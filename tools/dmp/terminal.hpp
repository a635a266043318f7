// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace disruptor_mp::tool {

[[nodiscard]] bool is_terminal(int fd);

enum class Tone : std::uint8_t { plain, strong, good, warning, bad };

/// Colours for a terminal; plain text elsewhere, with NO_COLOR set (no-color.org), or TERM=dumb.
class Style {
 public:
  explicit Style(int fd);
  [[nodiscard]] std::string paint(Tone tone, std::string_view text) const;

 private:
  bool has_colour_;
};

}  // namespace disruptor_mp::tool
