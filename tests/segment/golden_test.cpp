// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A small ring, byte by byte, against golden/segment_v6.txt. If this fails, the format has changed:
// that needs another format::version, so that running processes of two releases refuse each other.
#include <algorithm>
#include <cstdio>
#include <sstream>

#include "disruptor_mp/disruptor_mp.hpp"
#include "segment/image.hpp"

namespace disruptor_mp::test {
namespace {

/// "00000010  44 4d 50 …" for every 16 bytes that are not all zero.
std::string dump(const std::vector<char>& bytes) {
  std::string text;
  for (std::size_t line = 0; line < bytes.size(); line += 16) {
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(line);
    if (std::all_of(first, first + 16, [](char c) { return c == 0; })) continue;
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%08zx ", line);
    text += buffer;
    for (std::size_t i = 0; i < 16; ++i) {
      std::snprintf(buffer, sizeof buffer, " %02x", static_cast<unsigned char>(bytes[line + i]));
      text += buffer;
    }
    text += '\n';
  }
  return text;
}

/// Puts zeros where every ring has something else, after checking that it has.
void mask(std::vector<char>& bytes, std::size_t offset, std::size_t size) {
  const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  const auto end = first + static_cast<std::ptrdiff_t>(size);
  EXPECT_TRUE(std::any_of(first, end, [](char c) { return c != 0; })) << "nothing at " << offset;
  std::fill(first, end, '\0');
}

TEST(Golden, A_ring_has_exactly_these_bytes) {
  if (os::page_size() != 4096) GTEST_SKIP() << "the image is of a machine with 4 KiB pages";
  const TempFolder folder;
  const EventType event{
      .size = 12, .align = 4, .name = "Quote", .schema = "bid:i32@0 ask:i32@4 size:u32@8"};
  auto producer = Producer<Bytes>::create(folder.ring_name(), event,
                                          {.capacity = 4,
                                           .max_participants = 3,
                                           .fences = FenceChoice::portable,
                                           .first_sequence = 0x1000,
                                           .id = "gateway"});
  auto consumer = Consumer<Bytes>::attach(
      folder.ring_name(), {.id = "journal", .kind = ConsumerKind::required, .max_batch = 1});
  auto risk =
      Consumer<Bytes>::attach(folder.ring_name(), {.id = "risk", .after = {"journal", "replica"}});
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(producer.publish([&](std::span<std::byte> slot) {
      std::fill(slot.begin(), slot.end(), static_cast<std::byte>(0xA0 + i));
    }),
              Publish::ok);
  }
  consumer.poll([](std::span<const std::byte>) {});

  std::ifstream file(folder.path() / "ring", std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ASSERT_EQ(bytes.size(), producer.segment().header().sections.total_size);
  mask(bytes, 208, 16);                       // birth.instance
  mask(bytes, 224, 16);                       // birth.boot
  mask(bytes, 240, 8);                        // birth.created_ns
  mask(bytes, 248, 4);                        // birth.creator_pid
  std::fill_n(bytes.begin() + 252, 4, '\0');  // birth.creator_uid, 0 for root
  mask(bytes, 4088, 8);                       // checksum
  for (const std::size_t row : {8192U + 512, 8192U + 512 + 512, 8192U + 512 + 1024}) {
    mask(bytes, row + 8, 8);   // joined_ns
    mask(bytes, row + 16, 8);  // pid_and_uid
    mask(bytes, row + 24, 8);  // pid_namespace
    mask(bytes, row + 32, 8);  // start_ticks
  }

  std::ifstream golden(std::string(DMP_SOURCE_DIR) + "/tests/segment/golden/segment_v6.txt");
  ASSERT_TRUE(golden);
  std::string expected;
  for (std::string line; std::getline(golden, line);) {
    if (!line.starts_with('#')) expected += line + '\n';
  }
  EXPECT_EQ(dump(bytes), expected);
}

}  // namespace
}  // namespace disruptor_mp::test
