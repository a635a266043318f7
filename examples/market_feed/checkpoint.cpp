// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/checkpoint.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "market_feed/checksum.hpp"
#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::array<char, 8> file_magic = {'m', 'f', 'c', 'h', 'e', 'c', 'k', '1'};
constexpr std::size_t header_size = sizeof(CheckpointHeader);
constexpr std::size_t checked_header = offsetof(CheckpointHeader, header_checksum);

CheckpointHeader header_of(std::span<const std::byte> record) {
  CheckpointHeader header;
  std::memcpy(&header, record.data(), header_size);
  return header;
}

std::uint64_t header_checksum_of(std::span<const std::byte> record) {
  return checksum(record.first(checked_header));
}

std::string text_of(const std::array<char, 8>& tag) {
  return {tag.begin(), std::ranges::find(tag, '\0')};
}

std::size_t rounded_up(std::size_t size) { return (size + 63) / 64 * 64; }

}  // namespace

CheckpointFile::CheckpointFile(const std::filesystem::path& path, std::string_view tag,
                               std::size_t payload_size)
    : file_(path, File::Mode::create_read_write),
      payload_size_(payload_size),
      stride_(rounded_up(header_size + payload_size)),
      record_(header_size + payload_size) {
  if (tag.empty() || tag.size() > tag_.size()) {
    throw Error({.object = path.string(),
                 .found = "the tag " + excerpt(tag),
                 .expected = "1 to 8 characters"});
  }
  std::ranges::copy(tag, tag_.begin());
  find_newest();
}

void CheckpointFile::find_newest() {
  std::vector<std::byte> record(record_.size());
  for (const std::uint64_t place : {0, 1}) {
    const auto got = file_.read_at(place * stride_, record);
    const auto version = version_of_record(std::span(record).first(got));
    if (version > version_ && version % 2 == place) {
      version_ = version;
      record_ = record;
    }
  }
  if (version_ == 0 && !could_be_before_first_save()) {
    throw Error({.object = file_.path().string(),
                 .found = "no whole record",
                 .expected = "a checkpoint \"" + text_of(tag_) + "\"",
                 .remedy = "the file is damaged or another's; remove it to begin anew"});
  }
}

/// The first save goes to place 1, and the second touches place 0 only when a whole record stands
/// in place 1. So with no whole record, a byte in place 0 or beyond place 1 was not left by any
/// kill.
bool CheckpointFile::could_be_before_first_save() const {
  const std::uint64_t size = file_.size();
  if (size > stride_ + record_.size()) return false;
  std::vector<std::byte> place(std::min<std::size_t>(stride_, size));
  file_.read_at(0, place);
  return std::ranges::all_of(place, [](std::byte b) { return b == std::byte{0}; });
}

/// The version of a whole record, 0 for one that is not. A whole header of another kind is an
/// Error.
std::uint64_t CheckpointFile::version_of_record(std::span<const std::byte> record) const {
  if (record.size() < header_size) return 0;
  const CheckpointHeader header = header_of(record);
  if (header.magic != file_magic || header.header_checksum != header_checksum_of(record)) return 0;
  if (header.tag != tag_ || header.payload_size != payload_size_) {
    throw Error(
        {.object = file_.path().string(),
         .found = "a checkpoint \"" + text_of(header.tag) + "\" of " +
                  std::to_string(header.payload_size) + " bytes",
         .expected = "\"" + text_of(tag_) + "\" of " + std::to_string(payload_size_) + " bytes",
         .remedy = "name another file, or remove this one if an older program wrote it"});
  }
  const auto payload = record.subspan(header_size);
  const bool is_whole =
      payload.size() == payload_size_ && header.payload_checksum == checksum(payload);
  return is_whole ? header.version : 0;
}

std::span<const std::byte> CheckpointFile::payload() const noexcept {
  if (version_ == 0) return {};
  return std::span(record_).subspan(header_size);
}

void CheckpointFile::save(std::span<const std::byte> payload) {
  CheckpointHeader header = {.magic = file_magic,
                             .tag = tag_,
                             .version = version_ + 1,
                             .payload_size = payload_size_,
                             .payload_checksum = checksum(payload),
                             .header_checksum = 0};
  std::memcpy(record_.data(), &header, header_size);
  header.header_checksum = header_checksum_of(record_);
  std::memcpy(record_.data(), &header, header_size);
  std::ranges::copy(payload, record_.begin() + header_size);

  // From here until the write returns, a kill leaves this place torn and the other one whole.
  file_.write_at((header.version % 2) * stride_, record_);
  version_ = header.version;
}

}  // namespace disruptor_mp::market_feed
