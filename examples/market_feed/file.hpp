// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace disruptor_mp::market_feed {

/// A file read and written at offsets: the only place of this example that calls the kernel for
/// files. Short and interrupted transfers are continued, failures are Errors that name the file and
/// the offset.
class File {
 public:
  enum class Mode : std::uint8_t {
    read,               ///< must exist
    read_write,         ///< must exist
    create_read_write,  ///< made if absent, kept as it is if present
  };

  File(std::filesystem::path path, Mode mode);
  ~File();

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] std::uint64_t size() const;

  /// Throws Error unless this is a regular file, which gives the same bytes as often as it is read.
  void require_regular() const;

  /// Reads up to `bytes.size()` bytes; fewer only where the file ends. Returns how many.
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> bytes) const;

  /// Writes all bytes. When this throws, any part of them may have been written.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);

  /// Waits until what was written would survive a loss of power, not only the death of the process.
  void sync();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  [[noreturn]] void fail(const char* action, std::uint64_t offset) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace disruptor_mp::market_feed
