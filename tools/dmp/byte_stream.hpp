// SPDX-License-Identifier: MIT OR Apache-2.0
//
// stdin and stdout as streams of bytes that need not be text.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace disruptor_mp::tool {

/// Descriptors 0 to 2 must be taken: else the next ring opened would be taken for stdout, and
/// written into. Call first.
void reserve_standard_streams();

/// @param error the errno of the write
[[noreturn]] void fail_stdout(int error);

/// stdin, unbuffered: what has come can be passed on at once.
class ByteInput {
 public:
  enum class Outcome { bytes, end, woken };
  struct Result {
    Outcome outcome;
    std::size_t size;  ///< bytes that were read
  };

  /// Waits for bytes, for the end, or until `wake_fd` is readable.
  /// @throws Failure
  [[nodiscard]] Result read(std::span<std::byte> into, int wake_fd);
};

/// Nobody reads our stdout any more.
struct BrokenPipe {};

/// stdout with a buffer, so that one system call carries many events.
class ByteOutput {
 public:
  void append(std::span<const std::byte> bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  /// Has so much gathered that it should be written?
  [[nodiscard]] bool is_full() const noexcept { return buffer_.size() >= 256 * 1024; }
  /// @throws BrokenPipe, Failure
  void flush();
  /// Has the reader of a pipe gone? Asks the kernel.
  [[nodiscard]] static bool is_broken() noexcept;

 private:
  std::vector<std::byte> buffer_;
};

}  // namespace disruptor_mp::tool
