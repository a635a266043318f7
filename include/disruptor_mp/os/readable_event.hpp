// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <span>
#include <string>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp::os {

/// A file descriptor that is readable or not, as this process says (eventfd(2)). Closed by exec.
class ReadableEvent {
 public:
  /// Not readable. @throws Error{system_error}
  /// @param object for whom, for the error's text
  explicit ReadableEvent(const std::string& object);
  ReadableEvent(const ReadableEvent&) = delete;
  ReadableEvent& operator=(const ReadableEvent&) = delete;
  ~ReadableEvent();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  void set() noexcept;
  void clear() noexcept { static_cast<void>(take()); }
  /// As clear. @return whether it was readable
  [[nodiscard]] bool take() noexcept;

 private:
  int descriptor_;
};

/// Sleeps until one of them is readable, until `deadline`, or a signal comes. Negative ones are
/// passed over.
void wait_until_readable(std::span<const int> descriptors, TimePoint deadline);

}  // namespace disruptor_mp::os
