// SPDX-License-Identifier: MIT OR Apache-2.0
#include <algorithm>
#include <climits>
#include <filesystem>
#include <fstream>

#include "disruptor_mp/os/memory_object.hpp"
#include "support/errors.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {
namespace {

using os::Backend;
using os::ObjectName;

TEST(Object_name, Without_a_back_end_means_shared_memory) {
  const auto name = ObjectName::parse("quotes");
  EXPECT_EQ(name.backend(), Backend::shm);
  EXPECT_EQ(name.text(), "shm:quotes");
  EXPECT_EQ(name.path(), "/dev/shm/quotes");
  EXPECT_EQ(name.directory(), "/dev/shm");
}

TEST(Object_name, Of_shared_memory_may_be_anything_that_a_file_name_may_be) {
  EXPECT_EQ(ObjectName::parse("shm:quotes").path(), "/dev/shm/quotes");
  EXPECT_EQ(ObjectName::parse("shm:a:b").path(), "/dev/shm/a:b");
  EXPECT_EQ(ObjectName::parse("shm:.hidden").path(), "/dev/shm/.hidden");
  EXPECT_EQ(ObjectName::parse("shm:...").path(), "/dev/shm/...");
  EXPECT_EQ(ObjectName::parse("shm:mit Umlaut ü").path(), "/dev/shm/mit Umlaut ü");
  const std::string longest(NAME_MAX, 'n');
  EXPECT_EQ(ObjectName::parse(longest).text(), "shm:" + longest);
}

TEST(Object_name, Of_a_file_is_its_absolute_path) {
  const auto name = ObjectName::parse("file:/var/lib/rings/quotes");
  EXPECT_EQ(name.backend(), Backend::file);
  EXPECT_EQ(name.text(), "file:/var/lib/rings/quotes");
  EXPECT_EQ(name.path(), "/var/lib/rings/quotes");
  EXPECT_EQ(name.directory(), "/var/lib/rings");
  EXPECT_EQ(ObjectName::parse("file:/ring").directory(), "/");

  const std::string here = std::filesystem::current_path();
  EXPECT_EQ(ObjectName::parse("file:ring").path(), here + "/ring");
  EXPECT_EQ(ObjectName::parse("file:a/ring").directory(), here + "/a");
}

TEST(Object_name, Of_a_ring_without_a_name_is_a_label_for_who_makes_it) {
  const auto name = ObjectName::parse("memfd:quotes");
  EXPECT_EQ(name.backend(), Backend::memfd);
  EXPECT_EQ(name.text(), "memfd:quotes");
  EXPECT_FALSE(name.is_lasting());
  const std::string longest(NAME_MAX - 6, 'n');
  EXPECT_EQ(ObjectName::parse("memfd:" + longest).text(), "memfd:" + longest);
  for (const std::string& wrong : {std::string("memfd:"), "memfd:" + longest + "n",
                                   std::string("memfd:a/b"), std::string("memfd:a\0b", 9)}) {
    expect_error(Errc::invalid_name, {.object = wrong.substr(0, 6)},
                 [&] { (void)ObjectName::parse(wrong); });
  }
}

TEST(Object_name, Of_a_descriptor_is_its_number_here_or_in_another_process) {
  const auto name = ObjectName::parse("fd:7");
  EXPECT_EQ(name.backend(), Backend::descriptor);
  EXPECT_EQ(name.text(), "fd:7");
  EXPECT_EQ(name.path(), "/proc/self/fd/7");
  EXPECT_FALSE(name.is_lasting());
  EXPECT_EQ(ObjectName::parse("fd:0").path(), "/proc/self/fd/0");
  EXPECT_EQ(ObjectName::parse("fd:4711/12").path(), "/proc/4711/fd/12");
  for (const char* wrong : {"fd:-1", "fd:x", "fd:7x", "fd: 7", "fd:07", "fd:1234567890", "fd:/7",
                            "fd:7/", "fd:self/7", "fd:1/2/3", "fd:1/../2"}) {
    expect_error(Errc::invalid_name, {.object = wrong, .expected = "fd:NUMBER"},
                 [&] { (void)ObjectName::parse(wrong); });
  }
}

TEST(Object_name, Says_the_same_when_it_is_parsed_again) {
  for (const char* text :
       {"quotes", "shm:quotes", "file:ring", "file:/tmp/ring", "memfd:quotes", "fd:7", "fd:1/7"}) {
    const auto name = ObjectName::parse(text);
    EXPECT_EQ(ObjectName::parse(name.text()).text(), name.text());
    EXPECT_EQ(ObjectName::parse(name.text()).path(), name.path());
  }
}

TEST(Object_name, Through_symbolic_links_is_where_they_lead) {
  namespace fs = std::filesystem;
  const TempFolder folder;
  const auto parse = [&](const fs::path& path) {
    return ObjectName::parse("file:" + path.string());
  };
  fs::create_directory(folder.path() / "real");
  fs::create_symlink(folder.path() / "real", folder.path() / "folder");
  fs::create_symlink("real/ring", folder.path() / "link");
  fs::create_symlink(folder.path() / "link", folder.path() / "far");
  const auto ring = parse(folder.path() / "real" / "ring");
  EXPECT_EQ(ring.path(), folder.path() / "real" / "ring");
  for (const char* made : {"before the ring is made", "and after"}) {
    for (const char* name : {"folder/ring", "link", "far", "real/../folder/./ring"}) {
      EXPECT_EQ(parse(folder.path() / name).path(), ring.path()) << name << ", " << made;
      EXPECT_EQ(parse(folder.path() / name).text(), ring.text()) << name << ", " << made;
    }
    std::ofstream(ring.path()) << "ring";
  }
}

TEST(Object_name, That_leads_in_a_circle_or_into_no_folder_stays_as_it_is) {
  const TempFolder folder;
  std::filesystem::create_symlink("b", folder.path() / "a");
  std::filesystem::create_symlink("a", folder.path() / "b");
  for (const char* name : {"a", "a/ring", "missing/ring", "missing/deeper/ring"}) {
    const std::string path = folder.path() / name;
    EXPECT_EQ(ObjectName::parse("file:" + path).path(), path);
  }
}

void expect_refused(const std::string& text, const Says& says) {
  Says all = says;
  std::string shown = text;
  std::replace(shown.begin(), shown.end(), '\0', '?');  // a message is text
  all.object = "'" + shown + "'";
  all.remedy = "Use shm:NAME (or just NAME), file:PATH, memfd:LABEL or fd:NUMBER.";
  expect_error(Errc::invalid_name, all, [&] { ObjectName::parse(text); });
}

TEST(Object_name, That_is_empty_is_refused) {
  for (const char* text : {"", "shm:", "file:", "memfd:", "fd:"}) {
    expect_refused(text, {.problem = "empty", .expected = "at least one"});
  }
}

TEST(Object_name, That_is_too_long_is_refused) {
  const std::string too_long(NAME_MAX + 1, 'n');
  expect_refused(too_long, {.problem = "too long", .found = "256", .expected = "at most 255"});
  expect_refused("file:/tmp/" + too_long, {.problem = "too long", .found = "256"});
  std::string deep = "file:";
  while (deep.size() < PATH_MAX + 5) deep += "/folder";
  expect_refused(deep, {.problem = "too long", .expected = "4095"});
}

TEST(Object_name, With_a_slash_in_shared_memory_is_refused) {
  for (const char* text : {"/quotes", "a/b", "shm:a/", "../passwd"}) {
    expect_refused(text, {.problem = "slash", .found = "'/'", .expected = "one path component"});
  }
}

TEST(Object_name, With_a_nul_byte_is_refused) {
  expect_refused(std::string("quo\0tes", 7), {.problem = "NUL"});
  expect_refused(std::string("file:/tmp/quo\0tes", 17), {.problem = "NUL"});
}

TEST(Object_name, That_means_a_folder_is_refused) {
  for (const char* text : {".", "..", "shm:."}) {
    expect_refused(text, {.problem = "means a directory"});
  }
  for (const char* text : {"file:/", "file:/tmp/", "file:.", "file:/tmp/..", "file:a/."}) {
    expect_refused(text, {.problem = "names a directory", .expected = "the path of a file"});
  }
}

TEST(Object_name, With_an_unknown_back_end_is_refused) {
  expect_refused("tcp:quotes", {.problem = "unknown back-end",
                                .found = "'tcp:'",
                                .expected = "'shm:', 'file:', 'memfd:' or 'fd:'"});
  expect_refused("SHM:quotes", {.problem = "unknown back-end", .found = "'SHM:'"});
  expect_refused(":quotes", {.problem = "unknown back-end", .found = "':'"});
}

}  // namespace
}  // namespace disruptor_mp::test
