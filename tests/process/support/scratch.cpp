// SPDX-License-Identifier: MIT OR Apache-2.0
#include "support/scratch.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace disruptor_mp::process_test {
namespace {

std::filesystem::path make_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "dmp-process-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + path);
  return path;
}

}  // namespace

Scratch::Scratch(os::Backend backend) : backend_(backend), folder_(make_folder()) {
  std::filesystem::create_directory(logs());
  std::filesystem::create_directory(folder_ / "ring");
  if (backend == os::Backend::shm) {
    // mkdtemp made the folder's name unique; the pid keeps it so if /tmp is not shared.
    const std::string name = folder_.filename().string() + "-" + std::to_string(getpid());
    ring_ = "shm:" + name;
    object_ = "/dev/shm/" + name;
  } else {
    object_ = folder_ / "ring" / "events";
    ring_ = "file:" + object_.string();
  }
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove(object_, ignored);
  std::filesystem::remove_all(folder_, ignored);
}

bool Scratch::ring_exists() const { return std::filesystem::exists(object_); }

std::vector<std::string> Scratch::remains() const {
  std::vector<std::string> paths;
  if (ring_exists()) paths.push_back(object_.string());
  // Half-made objects have random names in the ring's folder; in /dev/shm they may be anybody's.
  if (backend_ == os::Backend::file) {
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "ring")) {
      if (entry.path() != object_) paths.push_back(entry.path().string());
    }
  }
  return paths;
}

void Scratch::clear_logs() const {
  std::filesystem::remove_all(logs());
  std::filesystem::create_directory(logs());
}

}  // namespace disruptor_mp::process_test
