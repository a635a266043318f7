// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace disruptor_mp::tool {

[[nodiscard]] bool is_terminal(int fd);

/// Colours for a terminal; plain text elsewhere, with NO_COLOR set (no-color.org), or TERM=dumb.
class Style {
 public:
  explicit Style(int fd);

  [[nodiscard]] std::string good(std::string_view text) const { return paint("32", text); }
  [[nodiscard]] std::string warning(std::string_view text) const { return paint("33", text); }
  [[nodiscard]] std::string bad(std::string_view text) const { return paint("31", text); }
  [[nodiscard]] std::string strong(std::string_view text) const { return paint("1", text); }

 private:
  [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const;
  bool has_colour_;
};

}  // namespace disruptor_mp::tool
