// SPDX-License-Identifier: MIT OR Apache-2.0
#include "terminal.hpp"

#include <unistd.h>

#include <cstdlib>

namespace disruptor_mp::tool {
namespace {

const char* code_of(Tone tone) {
  switch (tone) {
    case Tone::strong:
      return "1";
    case Tone::good:
      return "32";
    case Tone::warning:
      return "33";
    case Tone::bad:
      return "31";
    case Tone::plain:
      break;
  }
  return nullptr;
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

Style::Style(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  has_colour_ = is_terminal(fd) && (no_colour == nullptr || *no_colour == '\0') &&
                terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::string Style::paint(Tone tone, std::string_view text) const {
  const char* code = code_of(tone);
  if (!has_colour_ || code == nullptr) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace disruptor_mp::tool
