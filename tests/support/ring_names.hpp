// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Names for rings of tests, and the check that no test leaves one behind. Tests run in parallel and
// on machines that run other programs: every name carries the pid, and only our own are counted.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

namespace disruptor_mp::test {

/// What names of this process begin with. In a forked child it is still the parent's: a child works
/// on names its parent made.
inline const std::string& ring_prefix() {
  static const std::string prefix = "dmp-test-" + std::to_string(getpid()) + "-";
  return prefix;
}

/// "shm:dmp-test-4711-0", another one with every call.
inline std::string unique_ring_name() {
  static std::atomic<unsigned> count{0};
  return "shm:" + ring_prefix() + std::to_string(count++);
}

/// Where a ring of the shm back-end is found.
inline std::filesystem::path shm_path(const std::string& name) {
  return "/dev/shm/" + name.substr(name.find(':') + 1);
}

/// A folder of its own for files of one test, gone with all its content when the test ends.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = testing::TempDir() + "dmp-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string ring_name(const std::string& file = "ring") const {
    return "file:" + (path_ / file).string();
  }
  [[nodiscard]] bool is_empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::filesystem::path path_;
};

/// After the last test of a binary: fails if a ring of ours is still in /dev/shm, and removes it.
class NothingLeft : public testing::Environment {
 public:
  void SetUp() override { ring_prefix(); }
  void TearDown() override {
    std::vector<std::filesystem::path> left;
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
      if (entry.path().filename().string().starts_with(ring_prefix())) left.push_back(entry.path());
    }
    for (const auto& path : left) {
      ADD_FAILURE() << "left behind: " << path;
      std::filesystem::remove(path);
    }
  }
};
/// One per binary, however many sources include this.
inline testing::Environment* const nothing_left =
    testing::AddGlobalTestEnvironment(new NothingLeft);

}  // namespace disruptor_mp::test
