// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

int flags_of(File::Mode mode) {
  switch (mode) {
    case File::Mode::read:
      return O_RDONLY | O_NONBLOCK;  // does not wait for a writer, if it is a pipe
    case File::Mode::read_write:
      return O_RDWR;
    case File::Mode::create_read_write:
      return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

const char* remedy_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free space on this file system, or choose another folder";
    case EFBIG:
      return "raise the limit on file sizes (ulimit -f), or use a shorter feed";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a folder this user may write";
    case ENOENT:
      return "check the path";
    default:
      return "check the file and its disk";
  }
}

}  // namespace

File::File(std::filesystem::path path, Mode mode)
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), flags_of(mode) | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
  if (descriptor_ < 0) {
    const int error = errno;
    throw Error(
        {.object = path_.string(),
         .found = std::string("that it cannot be opened: ") + std::strerror(error),
         .expected = mode == Mode::read ? "a readable file" : "a file to read and write",
         .remedy = mode == Mode::read ? "check the path and its permissions" : remedy_for(error)});
  }
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

std::uint64_t File::size() const {
  struct stat status = {};
  if (::fstat(descriptor_, &status) != 0) fail("examined", 0);
  return static_cast<std::uint64_t>(status.st_size);
}

void File::require_regular() const {
  struct stat status = {};
  if (::fstat(descriptor_, &status) != 0) fail("examined", 0);
  if (S_ISREG(status.st_mode)) return;
  throw Error({.object = path_.string(),
               .found = kind_of(status.st_mode),
               .expected = "a regular file, which can be read more than once",
               .remedy = "name a file; write what comes from a pipe into one first"});
}

std::size_t File::read_at(std::uint64_t offset, std::span<std::byte> bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::pread(descriptor_, bytes.data() + done, bytes.size() - done,
                             static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", offset + done);
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void File::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto put = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                              static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("written", offset + done);
    done += static_cast<std::size_t>(put);
  }
}

void File::sync() {
  if (::fdatasync(descriptor_) != 0) fail("synchronised", size());
}

void File::fail(const char* action, std::uint64_t offset) const {
  const int error = errno;
  throw Error({.object = path_.string(),
               .found = std::string("that it cannot be ") + action + " at byte " +
                        std::to_string(offset) + ": " + std::strerror(error),
               .remedy = remedy_for(error)});
}

}  // namespace disruptor_mp::market_feed
