// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {
namespace {

void expect_kept(const std::string& ring, const std::string& why,
                 std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"clean", ring});
  const Outcome outcome = run_dmp(options);
  EXPECT_EQ(outcome.exit_code, 6) << outcome.out << outcome.err;
  EXPECT_EQ(outcome.out.find("kept " + ring + "\n"), 0U) << outcome.out;
  std::string reason = outcome.out;  // it may be broken into lines
  for (std::size_t at = 0; (at = reason.find("\n    ")) != std::string::npos;)
    reason.replace(at, 5, " ");
  EXPECT_NE(reason.find(why), std::string::npos) << reason;
  EXPECT_TRUE(object_exists(ring));
}

void expect_removed(const std::string& ring, std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"clean", ring});
  const Outcome outcome = run_dmp(options);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(outcome.out.find("removed " + ring + "\n"), 0U) << outcome.out;
  EXPECT_FALSE(object_exists(ring));
}

class Clean : public testing::TestWithParam<os::Backend> {
 protected:
  std::string new_ring() {
    return GetParam() == os::Backend::shm ? unique_ring_name()
                                          : folder_.ring_name("ring" + std::to_string(count_++));
  }

 private:
  TempFolder folder_;
  int count_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, Clean, testing::Values(os::Backend::shm, os::Backend::file),
                         [](const auto& info) {
                           return std::string(info.param == os::Backend::shm ? "Shm" : "File");
                         });

TEST_P(Clean, Removes_a_ring_whose_processes_were_all_killed) {
  const std::string ring = new_ring();
  make_dead_ring(ring);
  expect_removed(ring);
}

TEST_P(Clean, A_dry_run_only_tells) {
  const std::string ring = new_ring();
  make_dead_ring(ring);
  const Outcome outcome = run_dmp({"clean", ring, "--dry-run"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find("would remove " + ring + "\n    producer (producer, pid"), 0U)
      << outcome.out;
  EXPECT_NE(outcome.out.find("\n1 to be removed, 0 kept\n"), std::string::npos) << outcome.out;
  EXPECT_TRUE(object_exists(ring));
  expect_removed(ring);
}

TEST_P(Clean, Keeps_a_living_ring_and_names_who_lives) {
  Pair pair(new_ring());
  const std::string who = "producer (producer, pid " + std::to_string(pair.pub.pid()) +
                          ", alive), reader (gating, pid " +
                          std::to_string(pair.sub.command.pid()) + ", alive)";
  expect_kept(pair.ring, "in use by " + who);
  expect_kept(pair.ring, "in use by " + who, {"--force"});
  pair.close();
}

TEST_P(Clean, Keeps_a_ring_whose_processes_are_stopped) {
  Pair pair(new_ring());
  pair.pub.stop();
  pair.sub.command.stop();
  expect_kept(pair.ring, ", stopped)", {"--force"});
  pair.pub.signal(SIGCONT);
  pair.sub.command.signal(SIGCONT);
  pair.close();
}

TEST_P(Clean, Keeps_a_ring_of_a_killed_producer_while_a_consumer_waits_for_a_successor) {
  const std::string ring = new_ring();
  Command pub = Command::dmp({"pub", ring, "--event-size", "8"});
  Subscriber sub(ring, "patient", {"--follow"});
  pub.kill();
  pub.finish();
  expect_kept(ring, "in use by patient (gating");
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "8"}, "goes on").exit_code, 0);
  EXPECT_EQ(sub.command.finish().out, "goes on");
}

TEST_P(Clean, Keeps_a_ring_left_open_unless_forced) {
  const std::string ring = new_ring();
  make_open_ring(ring);
  expect_kept(ring, "left it open for a successor");
  expect_removed(ring, {"--force"});
}

TEST_P(Clean, Keeps_what_a_required_consumer_has_not_read_unless_forced) {
  Pair pair(new_ring(), "required");
  pair.sub.command.kill();
  pair.sub.command.finish();
  pair.pub.feed("unread 1");
  EXPECT_EQ(pair.pub.finish().exit_code, 0);
  expect_kept(pair.ring, "closed, but reader (required, pid");
  expect_kept(pair.ring, "dead) has 1 event to read");
  expect_removed(pair.ring, {"--force"});
}

TEST_P(Clean, Keeps_what_is_no_ring_or_is_damaged_unless_forced) {
  const std::string foreign = new_ring();
  make_foreign_object(foreign);
  expect_kept(foreign, "this is not a ring");
  expect_removed(foreign, {"--force"});

  const std::string damaged = new_ring();
  make_open_ring(damaged);
  corrupt(damaged);
  expect_kept(damaged, "the header's checksum is wrong");
  expect_removed(damaged, {"--force"});
}

TEST_P(Clean, Keeps_a_damaged_ring_that_is_in_use_even_by_force) {
  Pair pair(new_ring());
  corrupt(pair.ring);
  expect_kept(pair.ring, "in use by somebody", {"--force"});
  pair.close();
}

/// A symbolic link to a ring that is still to be made.
class Linked : public testing::Test {
 protected:
  Linked() { std::filesystem::create_symlink("ring", folder_.path() / "link"); }
  void expect_only_the_link() {
    EXPECT_FALSE(object_exists(ring_));
    EXPECT_TRUE(std::filesystem::is_symlink(folder_.path() / "link"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
  }

  TempFolder folder_;
  std::string ring_ = folder_.ring_name("ring");
  std::string link_ = folder_.ring_name("link");
};

TEST_F(Linked, A_ring_is_removed_and_its_link_stays) {
  make_open_ring(link_);
  EXPECT_TRUE(object_exists(ring_));
  const Outcome outcome = run_dmp({"clean", link_, "--force"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find("removed " + ring_ + "\n"), 0U) << outcome.out;
  expect_only_the_link();
}

TEST_F(Linked, An_orderly_end_leaves_nothing_of_the_ring) {
  Pair(link_).close();
  expect_only_the_link();
}

TEST_F(Linked, A_ring_has_one_name) {
  Command pub = Command::dmp({"pub", link_, "--event-size", "8"});
  Subscriber by_name(ring_, "by-name");
  Subscriber by_link(link_, "by-link");
  EXPECT_EQ(run_dmp({"pub", link_, "--event-size", "8"}).err,
            run_dmp({"pub", ring_, "--event-size", "8"}).err);
  pub.feed("12345678");
  EXPECT_EQ(pub.finish().exit_code, 0);
  EXPECT_EQ(by_name.command.finish().out, "12345678");
  EXPECT_EQ(by_link.command.finish().out, "12345678");
  expect_only_the_link();
}

TEST(CleanAll, Removes_the_dead_and_keeps_the_rest) {
  const std::string dead = unique_ring_name();
  const std::string open = unique_ring_name();
  const std::string foreign = unique_ring_name();
  make_dead_ring(dead);
  make_open_ring(open);
  make_foreign_object(foreign);
  Pair living(unique_ring_name());

  const Outcome outcome = run_dmp({"clean", "--prefix", ring_prefix(), "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << "in a general clean-up, keeping something is no failure";
  const Json result = json_of_stdout(outcome);
  expect_fields(result, {{"dry_run", "boolean"}, {"removed", "array"}, {"kept", "array"}});
  ASSERT_EQ(result["removed"].size(), 1U);
  expect_fields(result["removed"][0], {{"name", "string"}, {"reason", "string"}});
  EXPECT_EQ(result["removed"][0]["name"], dead);
  ASSERT_EQ(result["kept"].size(), 2U) << "what is no ring is not mentioned";
  expect_fields(result["kept"][0], {{"name", "string"}, {"reason", "string"}});

  EXPECT_FALSE(object_exists(dead));
  EXPECT_TRUE(object_exists(open));
  EXPECT_TRUE(object_exists(foreign));
  living.close();
  EXPECT_EQ(run_dmp({"clean", "--force", open, foreign}).exit_code, 0);
}

TEST(CleanAll, Cleans_directories_and_removes_abandoned_temporaries) {
  TempFolder folder;
  const std::string ring = folder.ring_name("ring");
  make_dead_ring(ring);
  const auto temporary = folder.path() / ".dmp-making-0123";
  std::ofstream(temporary) << "half made";
  const Outcome dry = run_dmp({"clean", "--dir", folder.path().string(), "--dry-run"});
  EXPECT_NE(dry.out.find(ring), std::string::npos) << dry.out;
  EXPECT_NE(dry.out.find(temporary.string() + "\n    half made; its creator died"),
            std::string::npos)
      << dry.out;
  EXPECT_TRUE(std::filesystem::exists(temporary));
  // With a prefix only rings are cleaned, and only ours of those in shared memory.
  EXPECT_EQ(run_dmp({"clean", "--dir", folder.path().string(), "--prefix", "ring"}).exit_code, 0);
  EXPECT_FALSE(object_exists(ring));
  EXPECT_TRUE(std::filesystem::exists(temporary));
}

TEST(CleanNamed, Goes_on_behind_a_name_that_is_not_there) {
  const std::string ring = unique_ring_name();
  make_dead_ring(ring);
  const Outcome outcome = run_dmp({"clean", unique_ring_name(), ring});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.err.find("there is no ring of this name"), std::string::npos) << outcome.err;
  EXPECT_FALSE(object_exists(ring));
}

TEST(CleanNamed, Force_needs_names) {
  const Outcome outcome = run_dmp({"clean", "--force"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("--force: it requires NAME"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace disruptor_mp::test
