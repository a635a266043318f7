// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "disruptor_mp/os/memory_object.hpp"

namespace disruptor_mp::process_test {

/// A ring name that no other test uses, and a folder for logs. Both are gone with the object.
class Scratch {
 public:
  explicit Scratch(os::Backend backend);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::string& ring() const noexcept { return ring_; }
  [[nodiscard]] os::Backend backend() const noexcept { return backend_; }
  [[nodiscard]] std::filesystem::path logs() const { return folder_ / "logs"; }

  /// Is there an object of the ring's name?
  [[nodiscard]] bool ring_exists() const;
  /// Everything the ring has left in the file system: itself, and half-made objects.
  [[nodiscard]] std::vector<std::string> remains() const;
  /// Throws away logs, to use the scratch for another round.
  void clear_logs() const;

 private:
  os::Backend backend_;
  std::filesystem::path folder_;
  std::string ring_;
  std::filesystem::path object_;
};

}  // namespace disruptor_mp::process_test
