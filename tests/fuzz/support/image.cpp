// SPDX-License-Identifier: MIT OR Apache-2.0
#include "fuzz/support/image.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "disruptor_mp/os/process.hpp"
#include "disruptor_mp/segment/hash.hpp"

namespace disruptor_mp::fuzz {
namespace {

using format::Header;

constexpr const char* bystander_text = "not the library's business";

[[noreturn]] void finding(const char* text) {
  std::fprintf(stderr, "FINDING: %s\n", text);
  std::abort();
}

}  // namespace

bool read_header_of(std::span<const std::uint8_t> image, Header& header) {
  if (image.size() < sizeof header) return false;
  std::memcpy(static_cast<void*>(&header), image.data(), sizeof header);
  return true;
}

std::uint64_t checksum_of(const Header& header) {
  return fnv1a(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, checksum)));
}

Folder::Folder() {
  const char* place = std::getenv("TMPDIR");
  path_ = std::string(place == nullptr ? "/tmp" : place) + "/dmp-fuzz-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
  prefix_ = "dmp-fuzz-" + std::to_string(getpid()) + "-";
  std::ofstream(path_ + "/bystander") << bystander_text;
}

Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

void Folder::put(std::span<const std::uint8_t> image) const {
  std::vector<std::uint8_t> bytes(image.begin(), image.end());
  bytes.resize(std::min(bytes.size(), largest_image));
  Header header;
  if (read_header_of(bytes, header) && header.birth.boot == this_boot) {
    const bool was_right = header.checksum == checksum_of(header);
    header.birth.boot = os::boot_id();
    if (was_right) header.checksum = checksum_of(header);
    std::memcpy(bytes.data(), &header, sizeof header);
  }
  ::unlink(ring_path().c_str());
  const int fd = ::open(ring_path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("cannot write " + ring_path());
  ::close(fd);
}

void Folder::require_untouched() const {
  std::ifstream file(path_ + "/bystander");
  std::string text;
  std::getline(file, text);
  if (text != bystander_text) finding("a file beside the ring was changed");
  std::size_t others = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    others += entry.path() == ring_path() ? 0 : 1;
  if (others != 1) finding("a file beside the ring was made or removed");
}

}  // namespace disruptor_mp::fuzz
