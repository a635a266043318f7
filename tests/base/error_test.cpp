// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/base/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace disruptor_mp::test {
namespace {

TEST(Error, Is_one_line_made_of_all_its_parts) {
  const Error error(Errc::no_space, {.object = "shm:quotes",
                                     .problem = "/dev/shm is too small",
                                     .found = "10 bytes free",
                                     .expected = "20 bytes",
                                     .remedy = "Lower the capacity."});
  EXPECT_STREQ(error.what(),
               "shm:quotes: /dev/shm is too small; found 10 bytes free; expected 20 bytes. "
               "Lower the capacity.");
  EXPECT_EQ(error.code(), Errc::no_space);
  EXPECT_EQ(error.object(), "shm:quotes");
  EXPECT_EQ(error.problem(), "/dev/shm is too small");
  EXPECT_EQ(error.found(), "10 bytes free");
  EXPECT_EQ(error.expected(), "20 bytes");
  EXPECT_EQ(error.remedy(), "Lower the capacity.");
}

TEST(Error, Leaves_out_what_is_not_known) {
  const Error error(Errc::system_error, {.object = "file:/ring",
                                         .problem = "mmap failed",
                                         .found = "Cannot allocate memory",
                                         .expected = {},
                                         .remedy = {}});
  EXPECT_STREQ(error.what(), "file:/ring: mmap failed; found Cannot allocate memory");
}

TEST(Error, Stays_one_printable_line_whatever_a_name_contains) {
  const Error error(Errc::invalid_name, {.object = std::string("a\0b\nc", 5),
                                         .problem = "bad\tname",
                                         .found = "\x1b[31m",
                                         .expected = "ü",
                                         .remedy = "\x7f."});
  EXPECT_STREQ(error.what(), "a?b?c: bad?name; found ?[31m; expected ü. ?.");
  EXPECT_EQ(error.object(), "a?b?c");
}

TEST(Error, Every_code_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Errc::system_error); ++code) {
    const std::string_view name = to_string(static_cast<Errc>(code));
    EXPECT_NE(name, "unknown") << code;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(Errc{255}), "unknown");
  EXPECT_EQ(to_string(Errc::invalid_name), "invalid_name");
  EXPECT_EQ(to_string(Errc::used_after_fork), "used_after_fork");
  EXPECT_EQ(to_string(Errc::system_error), "system_error");
}

}  // namespace
}  // namespace disruptor_mp::test
