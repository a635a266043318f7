// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "market_feed/file.hpp"

namespace disruptor_mp::market_feed {

/// What stands before each of the two records of a checkpoint file:
///
///   offset  size
///        0     8  magic
///        8     8  tag: what is saved, so that one program's file is not taken for another's
///       16     8  version: 1 for the first save, one more for each later one
///       24     8  size of the payload, bytes
///       32     8  checksum of the payload
///       40     8  checksum of the 40 bytes above
///       48     …  payload
///
/// The record of version v is at byte (v % 2) * stride, stride = 48 + payload rounded up to 64.
///
/// States of the file under one writer that may be killed anywhere:
///   no whole record              nothing was saved yet, or the first save was cut off
///   one whole record             it is the newest; the other place is empty or half written over
///   two whole records            the one with the higher version is the newest
/// A save writes over the older record only, so a whole one remains at every instant.
///
/// This holds against the death of the process. Against loss of power it holds only with sync().
struct CheckpointHeader {
  std::array<char, 8> magic;
  std::array<char, 8> tag;
  std::uint64_t version;
  std::uint64_t payload_size;
  std::uint64_t payload_checksum;
  std::uint64_t header_checksum;  ///< its own, so that a whole header of another kind can be told
                                  ///< from a torn one
};
static_assert(sizeof(CheckpointHeader) == 48);

/// The file of a checkpoint, for a payload of any fixed size. Use Checkpoint<T>.
class CheckpointFile {
 public:
  /// Opens the file or makes it, and finds the newest whole record. `tag` has at most eight
  /// characters. Throws Error when the file is another's, or damaged in a way that no kill can
  /// explain.
  CheckpointFile(const std::filesystem::path& path, std::string_view tag, std::size_t payload_size);

  /// The payload saved last; empty when there was none.
  [[nodiscard]] std::span<const std::byte> payload() const noexcept;

  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

  void save(std::span<const std::byte> payload);

  void sync() { file_.sync(); }

 private:
  void find_newest();
  [[nodiscard]] bool could_be_before_first_save() const;
  [[nodiscard]] std::uint64_t version_of_record(std::span<const std::byte> record) const;

  File file_;
  std::array<char, 8> tag_ = {};
  std::size_t payload_size_;
  std::size_t stride_;
  std::uint64_t version_ = 0;
  std::vector<std::byte> record_;  // header and payload as saved last
};

/// A value that survives `kill -9` at any instant: load() gives the value of the last save() that
/// had returned, or of the one that was under way. For one writer at a time.
template <typename T>
class Checkpoint {
  static_assert(std::is_trivially_copyable_v<T>, "a checkpoint saves bytes");
  static_assert(std::has_unique_object_representations_v<T>,
                "every byte must be defined: fill padding with reserved members");

 public:
  Checkpoint(const std::filesystem::path& path, std::string_view tag)
      : file_(path, tag, sizeof(T)) {}

  /// The newest value; nothing if none was ever saved whole.
  [[nodiscard]] std::optional<T> load() const {
    const auto bytes = file_.payload();
    if (bytes.empty()) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  void save(const T& value) { file_.save(std::as_bytes(std::span(&value, 1))); }

  /// How many times a value was saved, in all runs.
  [[nodiscard]] std::uint64_t version() const noexcept { return file_.version(); }

  void sync() { file_.sync(); }

 private:
  CheckpointFile file_;
};

}  // namespace disruptor_mp::market_feed
