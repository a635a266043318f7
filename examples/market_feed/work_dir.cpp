// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/work_dir.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& wanted, std::string found) {
  throw Error({.object = wanted.string(),
               .found = std::move(found),
               .expected = "an empty directory, or room for a new one",
               .remedy = "choose another --work-dir"});
}

void make_empty_directory(const std::filesystem::path& wanted) {
  std::error_code error;
  if (std::filesystem::exists(wanted, error) && !std::filesystem::is_directory(wanted, error))
    refuse(wanted, "a file");
  std::filesystem::create_directories(wanted, error);
  if (error) refuse(wanted, "that it cannot be made: " + error.message());
  const bool is_empty = std::filesystem::is_empty(wanted, error);
  if (error) refuse(wanted, "that it cannot be listed: " + error.message());
  if (!is_empty) refuse(wanted, "a directory that is not empty");
}

std::filesystem::path make_temporary_directory() {
  // Not temp_directory_path(): its error does not say which folder it looked at.
  const char* const folder = std::getenv("TMPDIR");
  const std::filesystem::path parent = folder != nullptr && *folder != '\0' ? folder : "/tmp";
  std::string pattern = (parent / "market_feed-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    const int error = errno;
    throw Error({.object = pattern,
                 .found = "that it cannot be made: " + std::generic_category().message(error),
                 .expected = "a folder for temporary files",
                 .remedy = "set TMPDIR to one this user may write, or give --work-dir"});
  }
  return pattern;
}

}  // namespace

WorkDir::WorkDir(const std::filesystem::path& wanted) : path_(wanted) {
  if (wanted.empty()) {
    path_ = make_temporary_directory();
    is_temporary_ = true;
  } else {
    make_empty_directory(wanted);
  }
}

WorkDir::~WorkDir() {
  std::error_code ignored;
  if (is_temporary_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace disruptor_mp::market_feed
