// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace disruptor_mp::market_feed {

/// The one exception type of this example. Every message names the object, what was found, what was
/// expected and what to do: "feed.gz:17: found …; expected …; remedy: …". Empty parts are left out.
class Error : public std::runtime_error {
 public:
  struct Parts {
    std::string object;
    std::string found;
    std::string expected = {};
    std::string remedy = {};
  };

  explicit Error(Parts parts);

  [[nodiscard]] const Parts& parts() const noexcept { return parts_; }

 private:
  Parts parts_;
};

/// Foreign text for an error message: in quotes, at most 60 bytes of it, control characters as '?'.
[[nodiscard]] std::string excerpt(std::string_view text);

}  // namespace disruptor_mp::market_feed
