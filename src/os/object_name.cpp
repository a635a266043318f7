// SPDX-License-Identifier: MIT OR Apache-2.0
#include <climits>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/memory_object.hpp"

namespace disruptor_mp::os {
namespace {

constexpr std::string_view shm_prefix = "shm:";
constexpr std::string_view file_prefix = "file:";
constexpr std::string_view memfd_prefix = "memfd:";
constexpr std::string_view descriptor_prefix = "fd:";
constexpr std::string_view shm_directory = "/dev/shm";
/// memfd_create(2) puts "memfd:" before it, and the whole is a file name.
constexpr std::size_t longest_label = NAME_MAX - memfd_prefix.size();

[[noreturn]] void refuse(std::string_view text, std::string problem, std::string found,
                         std::string expected) {
  throw Error(Errc::invalid_name, {.object = "ring name '" + std::string(text) + "'",
                                   .problem = std::move(problem),
                                   .found = std::move(found),
                                   .expected = std::move(expected),
                                   .remedy = "Use shm:NAME (or just NAME), file:PATH, "
                                             "memfd:LABEL or fd:NUMBER."});
}

/// "7", or "4711/7": descriptor 7 of this process, or of process 4711. As it is found in /proc.
std::string descriptor_path(std::string_view text, std::string_view rest) {
  const auto slash = rest.find('/');
  const std::string_view process = slash == std::string_view::npos ? "self" : rest.substr(0, slash);
  const std::string_view number = slash == std::string_view::npos ? rest : rest.substr(slash + 1);
  const auto is_number = [](std::string_view digits) {
    constexpr std::size_t most_digits = 9;  // of any pid or descriptor
    return !digits.empty() && digits.size() <= most_digits &&
           digits.find_first_not_of("0123456789") == std::string_view::npos &&
           (digits.size() == 1 || digits.front() != '0');
  };
  if (!is_number(number) || (slash != std::string_view::npos && !is_number(process))) {
    refuse(text, "this is no descriptor", "'" + std::string(rest) + "'",
           "fd:NUMBER, or fd:PID/NUMBER of another process");
  }
  return "/proc/" + std::string(process) + "/fd/" + std::string(number);
}

/// Where a path leads when every symbolic link is followed, also a last one whose target is still
/// to be made: so all names of a ring are one, and removing it removes the ring and not a link. A
/// path that the kernel does not follow (a circle, a folder that may not be searched, a stranger's
/// link in a sticky folder) stays as it is; opening it says why.
std::filesystem::path follow_links(std::string_view named) {
  namespace fs = std::filesystem;
  constexpr int longest_chain = 40;  // the kernel's
  std::error_code error;
  fs::path whole = fs::absolute(named, error);  // the same object after a chdir
  if (error) return named;
  if (fs::status(whole, error).type() == fs::file_type::none) return whole;
  fs::path path = whole;
  for (int hop = 0; hop < longest_chain; ++hop) {
    const fs::path folder = fs::weakly_canonical(path.parent_path(), error);
    if (error) break;
    path = folder / path.filename();
    const fs::path target = fs::read_symlink(path, error);
    if (error) return path;  // no link
    path = folder / target;  // just the target, if that is absolute
  }
  return whole;
}

}  // namespace

ObjectName ObjectName::parse(std::string_view text) {
  ObjectName name;
  std::string_view rest = text;
  if (text.starts_with(file_prefix)) {
    name.backend_ = Backend::file;
    rest.remove_prefix(file_prefix.size());
  } else if (text.starts_with(shm_prefix)) {
    rest.remove_prefix(shm_prefix.size());
  } else if (text.starts_with(memfd_prefix)) {
    name.backend_ = Backend::memfd;
    rest.remove_prefix(memfd_prefix.size());
  } else if (text.starts_with(descriptor_prefix)) {
    name.backend_ = Backend::descriptor;
    rest.remove_prefix(descriptor_prefix.size());
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    refuse(text, "unknown back-end", "'" + std::string(text.substr(0, colon + 1)) + "'",
           "'shm:', 'file:', 'memfd:' or 'fd:'");
  }

  if (rest.empty()) refuse(text, "the name is empty", "no characters", "at least one");
  if (rest.find('\0') != std::string_view::npos) {
    refuse(text, "the name contains a NUL byte", "NUL", "printable characters");
  }

  if (name.backend_ == Backend::descriptor) {
    name.path_ = descriptor_path(text, rest);
    name.text_ = text;
    return name;
  }
  if (name.backend_ == Backend::memfd) {
    if (rest.size() > longest_label || rest.find('/') != std::string_view::npos) {
      refuse(text, "this is no label of a memfd", std::to_string(rest.size()) + " characters",
             "at most " + std::to_string(longest_label) + ", none of them a slash");
    }
    name.path_ = "/memfd:" + std::string(rest);  // as /proc shows it; there is nothing there
    name.text_ = text;
    return name;
  }
  if (name.backend_ == Backend::shm) {
    if (rest.find('/') != std::string_view::npos) {
      refuse(text, "a shared-memory name may not contain a slash", "'/'", "one path component");
    }
    if (rest == "." || rest == "..") {
      refuse(text, "this name means a directory", "'" + std::string(rest) + "'", "a file name");
    }
    if (rest.size() > NAME_MAX) {
      refuse(text, "the name is too long", std::to_string(rest.size()) + " characters",
             "at most " + std::to_string(NAME_MAX));
    }
    name.path_ = std::string(shm_directory) + "/" + std::string(rest);
    name.text_ = std::string(shm_prefix) + std::string(rest);
    return name;
  }

  const auto slash = rest.rfind('/');
  const std::string_view file = slash == std::string_view::npos ? rest : rest.substr(slash + 1);
  if (file.empty() || file == "." || file == "..") {
    refuse(text, "the path names a directory", "'" + std::string(rest) + "'", "the path of a file");
  }
  if (rest.size() >= PATH_MAX || file.size() > NAME_MAX) {
    refuse(text, "the path is too long",
           std::to_string(rest.size()) + " characters, file name " + std::to_string(file.size()),
           "at most " + std::to_string(PATH_MAX - 1) + " and " + std::to_string(NAME_MAX));
  }
  name.path_ = follow_links(rest).string();
  name.text_ = std::string(file_prefix) + name.path_;
  return name;
}

std::string ObjectName::directory() const {
  const auto slash = path_.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path_.substr(0, slash);
}

}  // namespace disruptor_mp::os
