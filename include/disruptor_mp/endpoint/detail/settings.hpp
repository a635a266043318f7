// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the environment says of endpoints whose options leave it open (docs/waiting.md), and the
// core a thread is pinned to. Asked while an endpoint is made, never later.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/os/affinity.hpp"
#include "disruptor_mp/ring/wait_strategy.hpp"

namespace disruptor_mp::detail {

/// Who asks: a variable of this role wins over the one for all.
enum class SettingRole : std::uint8_t { producer, consumer, processor };

/// "block", "block:200", "sleep:50us", …; nothing if it is none.
[[nodiscard]] std::optional<WaitStrategy> parse_wait_strategy(std::string_view text) noexcept;

/// The option; else what DISRUPTOR_MP_<ROLE>_WAIT says, else DISRUPTOR_MP_WAIT, else block.
/// @throws Error{invalid_option} if the variable that counts cannot be understood
[[nodiscard]] WaitStrategy wait_setting(std::optional<WaitStrategy> option, SettingRole role);

/// Pins the calling thread to the option's core; else to that of DISRUPTOR_MP_<ROLE>_CORE, else of
/// DISRUPTOR_MP_PROCESS_CORE; else leaves it where it is. Takes that back when it is destroyed,
/// unless it was told to keep it.
class CorePin {
 public:
  /// @param object who asks, for the error's text
  /// @throws Error{invalid_option} if there is no such core, or it is not allowed
  CorePin(const std::string& object, std::optional<unsigned> option, SettingRole role);
  CorePin(const CorePin&) = delete;
  CorePin& operator=(const CorePin&) = delete;
  ~CorePin();

  /// Nothing: it is not pinned.
  [[nodiscard]] std::optional<unsigned> core() const noexcept { return core_; }
  /// For good. @return the core; nothing if it was not pinned.
  std::optional<unsigned> keep() noexcept {
    before_.reset();
    return core_;
  }

 private:
  std::optional<unsigned> core_;
  std::optional<os::CoreMask> before_;
};

}  // namespace disruptor_mp::detail
