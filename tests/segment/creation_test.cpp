// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Options that no ring can have, and objects that are no rings.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "segment/image.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

class Creation : public testing::Test {
 protected:
  /// What creating says with these options; nothing may be left of it.
  Error refusal(const EventType& event, const format::Shape& shape,
                const os::Permissions& permissions = {}) {
    Error error = error_of([&] { Segment::create(name, event, shape, permissions); });
    EXPECT_EQ(error.code(), Errc::invalid_option) << error.what();
    EXPECT_EQ(error.object(), name.text());
    EXPECT_TRUE(error.remedy().ends_with('.')) << error.remedy();
    EXPECT_TRUE(folder.is_empty());
    return error;
  }
  Error refusal_of_capacity(std::uint64_t capacity) {
    format::Shape shape = small_shape();
    shape.capacity = capacity;
    return refusal(small_event(), shape);
  }

  TempFolder folder;
  os::ObjectName name = os::ObjectName::parse(folder.ring_name());
};

TEST_F(Creation, A_capacity_of_zero_is_refused) {
  const Error error = refusal_of_capacity(0);
  EXPECT_EQ(error.problem(), "the capacity is zero");
  EXPECT_EQ(error.found(), "0");
  EXPECT_EQ(error.expected(), "a power of two from 1 to 1073741824");
}

TEST_F(Creation, A_capacity_that_is_no_power_of_two_is_refused_by_naming_its_neighbours) {
  Error error = refusal_of_capacity(1000);
  EXPECT_EQ(error.found(), "1000");
  EXPECT_EQ(error.expected(), "512 or 1024");
  error = refusal_of_capacity(3);
  EXPECT_EQ(error.expected(), "2 or 4");
}

TEST_F(Creation, A_capacity_that_is_too_large_is_refused) {
  for (const std::uint64_t capacity :
       {format::max_capacity + 1, format::max_capacity * 2, ~std::uint64_t{0}}) {
    const Error error = refusal_of_capacity(capacity);
    EXPECT_EQ(error.problem(), "the capacity is too large");
    EXPECT_EQ(error.found(), std::to_string(capacity));
  }
}

TEST_F(Creation, An_event_size_out_of_range_is_refused) {
  for (const std::uint64_t size : {std::uint64_t{0}, max_event_size + 1, ~std::uint64_t{0}}) {
    EventType event = small_event();
    event.size = size;
    const Error error = refusal(event, small_shape());
    EXPECT_EQ(error.found(), std::to_string(size));
    EXPECT_EQ(error.expected(), "1 to 1048576 bytes");
  }
}

TEST_F(Creation, An_event_alignment_out_of_range_is_refused) {
  for (const std::uint64_t align : {0U, 3U, 8192U}) {
    EventType event = small_event();
    event.align = align;
    EXPECT_EQ(refusal(event, small_shape()).found(), std::to_string(align));
  }
}

TEST_F(Creation, A_description_that_does_not_fit_is_refused) {
  EventType event = small_event();
  event.name = std::string(128, 'n');
  EXPECT_EQ(refusal(event, small_shape()).expected(),
            "at most 127 for the name and 2047 for the fields");
  event.name = std::string(127, 'n');
  event.schema = std::string(2048, 's');
  EXPECT_EQ(refusal(event, small_shape()).found(), "127 and 2048 characters");
  event.schema = std::string(2047, 's');
  const Segment fits = Segment::create(name, event, small_shape(), {});
  EXPECT_EQ(fits.type_name(), event.name);
  EXPECT_EQ(fits.schema(), event.schema);
}

TEST_F(Creation, A_number_of_participants_out_of_range_is_refused) {
  for (const std::uint32_t rows : {0U, 4097U}) {
    format::Shape shape = small_shape();
    shape.rows = rows;
    const Error error = refusal(small_event(), shape);
    EXPECT_EQ(error.found(), std::to_string(rows));
    EXPECT_EQ(error.expected(), "1 to 4096");
    EXPECT_TRUE(contains(error.remedy(), "max_participants")) << error.remedy();
  }
}

TEST_F(Creation, A_mode_that_locks_the_owner_out_or_has_special_bits_is_refused) {
  for (const std::uint32_t mode : {0U, 0400U, 0200U, 0177U, 01600U, 04755U, 0177600U}) {
    const Error error = refusal(small_event(), small_shape(), {.mode = mode, .group = {}});
    EXPECT_TRUE(contains(error.expected(), "0600")) << error.expected();
  }
}

TEST_F(Creation, Mode_and_group_hold_in_spite_of_the_umask) {
  for (const std::uint32_t mode : {0600U, 0640U, 0660U, 0666U, 0777U}) {
    for (const std::string& target : {folder.ring_name(), unique_ring_name()}) {
      const mode_t old = umask(0077);
      auto segment = Segment::create(os::ObjectName::parse(target), small_event(), small_shape(),
                                     {.mode = mode, .group = getegid()});
      umask(old);
      ASSERT_TRUE(segment.publish_name());
      struct stat info {};
      ASSERT_EQ(stat(segment.object().name().path().c_str(), &info), 0);
      EXPECT_EQ(info.st_mode & 07777U, mode);
      EXPECT_EQ(info.st_gid, getegid());
      EXPECT_TRUE(segment.remove_if_unused());
    }
  }
}

TEST_F(Creation, Nobody_sees_a_ring_before_its_name_is_published) {
  auto segment = Segment::create(name, small_event(), small_shape(), {});
  EXPECT_TRUE(folder.is_empty());
  EXPECT_FALSE(Segment::try_attach(name, SegmentRole::consumer, {}));
  ASSERT_TRUE(segment.publish_name());
  EXPECT_TRUE(Segment::try_attach(name, SegmentRole::consumer, {}));
}

TEST_F(Creation, A_creator_that_dies_leaves_nothing) {
  EXPECT_EQ(in_child([&] {
              auto segment = Segment::create(name, small_event(), small_shape(), {});
              die();
            }),
            died);
  EXPECT_TRUE(folder.is_empty());
}

TEST_F(Creation, Of_two_of_the_same_name_the_second_is_told_and_leaves_nothing) {
  auto first = Segment::create(name, small_event(), small_shape(), {});
  {
    auto second = Segment::create(name, small_event(), small_shape(), {});
    EXPECT_TRUE(second.publish_name());
    EXPECT_FALSE(first.publish_name());
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
    EXPECT_TRUE(second.remove_if_unused());
  }
  EXPECT_TRUE(first.publish_name());
}

TEST_F(Creation, Instances_have_different_identities) {
  const auto a = Segment::create(name, small_event(), small_shape(), {});
  const auto b = Segment::create(name, small_event(), small_shape(), {});
  EXPECT_NE(a.header().birth.instance, b.header().birth.instance);
  EXPECT_EQ(a.header().birth.boot, b.header().birth.boot);
  EXPECT_FALSE(a.is_from_earlier_boot());
  EXPECT_EQ(a.header().birth.creator_pid, static_cast<std::uint32_t>(getpid()));
}

/// Attaching to something that is there and is no ring.
class Foreign : public Creation {
 protected:
  Error refusal_to_attach() {
    for (const auto role : {SegmentRole::inspector, SegmentRole::observer, SegmentRole::producer}) {
      const Error error = error_of([&] { (void)Segment::try_attach(name, role, {}); });
      EXPECT_EQ(error.object(), name.text());
    }
    return error_of([&] { (void)Segment::try_attach(name, SegmentRole::consumer, {}); });
  }
  void write_file(const std::string& content) { std::ofstream(name.path()) << content; }
};

TEST_F(Foreign, A_directory_is_not_a_ring) {
  std::filesystem::create_directory(name.path());
  const Error error = refusal_to_attach();
  EXPECT_EQ(error.code(), Errc::not_a_ring);
  EXPECT_TRUE(contains(error.problem(), "not a regular file")) << error.problem();
  EXPECT_TRUE(contains(error.found(), "directory")) << error.found();
}

TEST_F(Foreign, A_fifo_is_not_a_ring_and_does_not_block_the_reader) {
  ASSERT_EQ(mkfifo(name.path().c_str(), 0600), 0);
  EXPECT_EQ(refusal_to_attach().code(), Errc::not_a_ring);
}

TEST_F(Foreign, A_socket_is_not_a_ring) {
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(name.path().size(), sizeof address.sun_path);
  std::copy(name.path().begin(), name.path().end(), address.sun_path);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refusal_to_attach().code(), Errc::not_a_ring);
  close(socket_fd);
}

TEST_F(Foreign, A_device_is_not_a_ring) {
  name = os::ObjectName::parse("file:/dev/null");
  EXPECT_EQ(refusal_to_attach().code(), Errc::not_a_ring);
}

TEST_F(Foreign, A_symbolic_link_that_leads_in_a_circle_is_an_error_of_the_system) {
  std::filesystem::create_symlink(name.path(), name.path());
  const Error error = refusal_to_attach();
  EXPECT_EQ(error.code(), Errc::system_error);
  EXPECT_TRUE(contains(error.problem(), name.path())) << error.problem();
  EXPECT_TRUE(contains(error.found(), "symbolic links")) << error.found();
  EXPECT_FALSE(error.remedy().empty());
}

TEST_F(Foreign, A_symbolic_link_leads_to_the_ring_it_names) {
  const Image image;
  std::filesystem::create_symlink(image.path(), name.path());
  EXPECT_TRUE(Segment::try_attach(name, SegmentRole::consumer, {}));
}

TEST_F(Foreign, A_ring_named_by_a_symbolic_link_goes_and_the_link_stays) {
  const auto link = folder.path() / "link";
  std::filesystem::create_symlink(name.path(), link);
  const auto linked = os::ObjectName::parse("file:" + link.string());
  // The link leads to nothing yet: its name is as free as the one it leads to.
  EXPECT_FALSE(Segment::try_attach(linked, SegmentRole::consumer, {}));
  {
    auto segment = Segment::create(linked, small_event(), small_shape(), {});
    ASSERT_TRUE(segment.publish_name());
    EXPECT_TRUE(std::filesystem::is_regular_file(name.path()));
    EXPECT_TRUE(Segment::try_attach(linked, SegmentRole::consumer, {}));
    auto second = Segment::create(name, small_event(), small_shape(), {});
    EXPECT_FALSE(second.publish_name());
  }
  auto ring = Segment::try_attach(linked, SegmentRole::producer, {});
  ASSERT_TRUE(ring);
  EXPECT_TRUE(ring->remove_if_unused());
  EXPECT_FALSE(std::filesystem::exists(name.path()));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST_F(Foreign, A_link_put_in_the_place_of_a_ring_is_not_removed_for_it) {
  const auto moved = folder.path() / "moved";
  {
    auto segment = Segment::create(name, small_event(), small_shape(), {});
    ASSERT_TRUE(segment.publish_name());
    std::filesystem::rename(name.path(), moved);
    std::filesystem::create_symlink(moved, name.path());
    EXPECT_FALSE(segment.remove_if_unused());
    EXPECT_TRUE(std::filesystem::is_symlink(name.path()));
  }
  // Whoever comes by the link now finds the ring itself.
  auto ring = Segment::try_attach(os::ObjectName::parse(name.text()), SegmentRole::producer, {});
  ASSERT_TRUE(ring);
  EXPECT_TRUE(ring->remove_if_unused());
  EXPECT_FALSE(std::filesystem::exists(moved));
}

TEST_F(Foreign, An_empty_file_is_not_a_ring) {
  write_file("");
  const Error error = refusal_to_attach();
  EXPECT_EQ(error.code(), Errc::not_a_ring);
  EXPECT_EQ(error.found(), "an empty object");
}

TEST_F(Foreign, A_file_of_somebody_else_is_not_a_ring_and_stays_as_it_is) {
  const std::string text = "#!/bin/sh\necho this is a script\n";
  write_file(text);
  const Error error = refusal_to_attach();
  EXPECT_EQ(error.code(), Errc::not_a_ring);
  EXPECT_EQ(error.found(), "'#!/bin/s'");
  EXPECT_TRUE(contains(error.remedy(), "belongs to something else")) << error.remedy();

  auto segment = Segment::create(name, small_event(), small_shape(), {});
  EXPECT_FALSE(segment.publish_name());
  std::ifstream file(name.path());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(Foreign, A_missing_folder_is_not_found) {
  name = os::ObjectName::parse("file:" + (folder.path() / "missing" / "ring").string());
  EXPECT_FALSE(Segment::try_attach(name, SegmentRole::consumer, {}));
  const Error error = error_of([&] { Segment::create(name, small_event(), small_shape(), {}); });
  EXPECT_EQ(error.code(), Errc::not_found);
  EXPECT_TRUE(contains(error.object(), "missing/ring")) << error.object();
  EXPECT_EQ(error.found(), "No such file or directory: " + (folder.path() / "missing").string());
}

}  // namespace
}  // namespace disruptor_mp::test
