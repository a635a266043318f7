// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "market_feed/file.hpp"

struct z_stream_s;  // zlib's, so that this header does not pull zlib.h into its users

namespace disruptor_mp::market_feed {

/// The bytes of a file in order, unpacked if they are gzip data: any number of members one behind
/// the other. (zlib's own gzread passes over what follows the last member, whatever it is.)
class UnpackedFile {
 public:
  explicit UnpackedFile(File file);

  /// Do the file's first bytes say that it is gzip data?
  [[nodiscard]] bool is_compressed() const noexcept { return stream_ != nullptr; }

  /// Fills `bytes`; fewer only at the end, or where the compressed data is damaged. Returns how
  /// many.
  std::size_t read(std::span<char> bytes);

  /// What is wrong with the compressed data; empty while nothing is.
  [[nodiscard]] const std::string& damage() const noexcept { return damage_; }

 private:
  struct End {
    void operator()(z_stream_s* stream) const noexcept;
  };

  [[nodiscard]] bool has_input();
  void begin_member();
  void unpack();

  File file_;
  std::uint64_t offset_ = 0;  // of the first byte of the file not read yet
  std::unique_ptr<z_stream_s, End> stream_;
  std::vector<unsigned char> packed_;
  bool is_between_members_ = false;
  std::string damage_;
};

}  // namespace disruptor_mp::market_feed
