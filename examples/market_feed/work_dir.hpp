// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>

namespace disruptor_mp::market_feed {

/// The folder for the files of a run: a temporary one, which goes away with it, or the one wanted,
/// which is made if need be and stays.
class WorkDir {
 public:
  /// Throws Error if there can be none, or the one wanted has something in it.
  explicit WorkDir(const std::filesystem::path& wanted);
  ~WorkDir();
  WorkDir(const WorkDir&) = delete;
  WorkDir& operator=(const WorkDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  bool is_temporary_ = false;
};

}  // namespace disruptor_mp::market_feed
