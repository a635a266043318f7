// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp::os {

/// A file descriptor that leads to an object without a name (MemoryObject::share): whoever has it,
/// inherits it or is sent it finds the object as `name()`. It keeps the object's memory, holds none
/// of its locks, and is closed at the end of scope. Descriptors and names of descriptors are those
/// of one process: an inherited one has the same number, a received one another. Move-only.
class Descriptor {
 public:
  /// Takes over an open descriptor, e.g. one that was inherited.
  static Descriptor adopt(int fd) noexcept { return Descriptor(fd); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}  ///< moves it
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }  ///< swaps them
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  /// Its number.
  [[nodiscard]] int number() const noexcept { return fd_; }
  /// What attach, inspect and the tools take: "fd:7".
  [[nodiscard]] std::string name() const { return "fd:" + std::to_string(fd_); }

  /// Programs that this process becomes or starts (exec) inherit it under its number, by default
  /// none does. @return its name there, for their command line
  /// @throws Error{system_error}
  std::string let_inherit();

 private:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  int fd_ = -1;
};

/// Sends a descriptor over a connected socket of the Unix domain. Does not wait: a message of a few
/// bytes finds room in the socket's buffer, or nobody has read for long.
/// @throws Error{system_error (full, not such a socket), not_found (nobody at its other end)}
void send_descriptor(int socket, const Descriptor& descriptor);

/// Receives one, waiting until `deadline`. It is not inherited by programs that are started.
/// @throws Error{not_found (nothing came, or the other end was closed), not_a_ring (something else
///         came), system_error}
[[nodiscard]] Descriptor receive_descriptor(int socket, TimePoint deadline);

}  // namespace disruptor_mp::os
