// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The bytes of a ring as a fuzzer changes them, and the file that the library gets to read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp::fuzz {

/// Larger objects are files cut short: time is better spent on small rings.
inline constexpr std::size_t largest_image = std::size_t{1} << 20U;

/// In a header instead of the boot's id: "this boot", so that an input means the same everywhere.
inline constexpr std::array<std::uint64_t, 2> this_boot = {0x544F4F4253494854, 0x544F4F4253494854};

/// The header of an image, if it is large enough to hold one.
[[nodiscard]] bool read_header_of(std::span<const std::uint8_t> image, format::Header& header);
[[nodiscard]] std::uint64_t checksum_of(const format::Header& header);

/// A folder of its own, which must be as it was when the process ends: rings that the library
/// removes are the only things that may go.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Starts with what no ring of anybody else starts with.
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] std::string ring_path() const { return path_ + "/" + prefix_ + "ring"; }
  [[nodiscard]] std::string ring_name() const { return "file:" + ring_path(); }

  /// Makes the ring's file anew from an image, of this boot if it says so.
  void put(std::span<const std::uint8_t> image) const;
  /// Ends the process as a finding if the library touched what lies beside the ring.
  void require_untouched() const;

 private:
  std::string path_;
  std::string prefix_;
};

/// Changes an image where a reader looks, and mostly puts right what would have it refused at
/// once: sections that follow from the shape, the checksum. @return its new size, at most `room`.
std::size_t mutate_image(std::uint8_t* image, std::size_t size, std::size_t room,
                         std::mt19937& random);

}  // namespace disruptor_mp::fuzz

/// libFuzzer's own mutations.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t room);
