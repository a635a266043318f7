// SPDX-License-Identifier: MIT OR Apache-2.0
#include "kernel.hpp"

#include <algorithm>
#include <cstring>

// Disk and memory are no accesses of the process that happens to run: past the hooks.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the linker's name
extern "C" void* __real_memcpy(void* to, const void* from, std::size_t size);

namespace disruptor_mp::sim {

void Kernel::reset() noexcept {
  object_count_ = 0;
  description_count_ = 0;
  lock_count_ = 0;
  file_count_ = 0;
  removers_ = 0;
}

int Kernel::create_object(std::uint64_t size, std::string_view name) noexcept {
  if (object_count_ == max_objects || size > object_size) return none;
  Object& object = objects_[object_count_];
  object.size = size;
  object.is_named = object.was_named = false;
  object.name.fill('\0');
  std::memcpy(object.name.data(), name.data(), std::min(name.size(), object.name.size() - 1));
  object.view.at.fill(0);
  object.lock_view.at.fill(0);
  if (!name.starts_with("/dev/shm/") && file_count_ != files_.size()) {
    File& file = files_[file_count_++];
    file.object = object_count_;
    std::fill_n(file.disk.begin(), size, std::byte{0});
  }
  return static_cast<int>(object_count_++);
}

int Kernel::find_object(std::string_view name) const noexcept {
  for (unsigned i = 0; i < object_count_; ++i) {
    if (objects_[i].is_named && name == objects_[i].name.data()) return static_cast<int>(i);
  }
  return none;
}

bool Kernel::give_name(unsigned object) noexcept {
  if (find_object(name_of(object)) != none) return false;
  objects_[object].is_named = objects_[object].was_named = true;
  return true;
}

unsigned Kernel::file_pages() const noexcept {
  unsigned count = 0;
  for (unsigned i = 0; i < file_count_; ++i) count += pages_of(files_[i].object);
  return count;
}

void Kernel::save(File& file, unsigned page, const std::byte* memory) noexcept {
  const std::size_t at = page * disk_page;
  __real_memcpy(file.disk.data() + at, memory + at, std::min(disk_page, object_size - at));
}

void Kernel::load(const File& file, std::uint64_t size, std::byte* memory) noexcept {
  __real_memcpy(memory, file.disk.data(), size);
}

int Kernel::open(unsigned object, unsigned process) noexcept {
  if (description_count_ == descriptions_.size()) return none;
  Description& description = descriptions_[description_count_];
  description.is_open = true;
  description.object = static_cast<std::uint8_t>(object);
  description.process = static_cast<std::uint8_t>(process);
  description.mapped = 0;
  description.ranges = 0;
  return static_cast<int>(description_count_++);
}

void Kernel::map(int description, std::uint64_t size, const Range* writable,
                 unsigned count) noexcept {
  Description& mapping = descriptions_[static_cast<unsigned>(description)];
  mapping.mapped = size;
  mapping.ranges = std::min<unsigned>(count, static_cast<unsigned>(mapping.writable.size()));
  std::copy_n(writable, mapping.ranges, mapping.writable.begin());
}

bool Kernel::may_read(unsigned process, unsigned object, std::uint32_t offset) const noexcept {
  for (unsigned i = 0; i < description_count_; ++i) {
    const Description& d = descriptions_[i];
    if (d.is_open && d.process == process && d.object == object && offset < d.mapped) return true;
  }
  return false;
}

bool Kernel::may_write(unsigned process, unsigned object, std::uint32_t offset) const noexcept {
  for (unsigned i = 0; i < description_count_; ++i) {
    const Description& d = descriptions_[i];
    if (!d.is_open || d.process != process || d.object != object) continue;
    for (unsigned r = 0; r < d.ranges; ++r) {
      if (offset >= d.writable[r].begin && offset < d.writable[r].end) return true;
    }
  }
  return false;
}

bool Kernel::try_lock(int description, std::uint64_t byte, bool exclusive) noexcept {
  Lock* own = nullptr;
  for (unsigned i = 0; i < lock_count_; ++i) {
    Lock& lock = locks_[i];
    if (lock.byte != byte || object_of(lock.description) != object_of(description)) continue;
    if (lock.description == description) {
      own = &lock;
    } else if (exclusive || lock.exclusive) {
      return false;
    }
  }
  if (own != nullptr) {
    own->exclusive = exclusive;
    return true;
  }
  if (lock_count_ == locks_.size()) return false;
  locks_[lock_count_++] = {.description = description, .byte = byte, .exclusive = exclusive};
  return true;
}

bool Kernel::unlock(int description, std::uint64_t byte) noexcept {
  for (unsigned i = 0; i < lock_count_; ++i) {
    if (locks_[i].description == description && locks_[i].byte == byte) {
      locks_[i] = locks_[--lock_count_];
      return true;
    }
  }
  return false;
}

bool Kernel::is_locked_elsewhere(int description, std::uint64_t byte) const noexcept {
  for (unsigned i = 0; i < lock_count_; ++i) {
    if (locks_[i].byte == byte && locks_[i].description != description &&
        object_of(locks_[i].description) == object_of(description))
      return true;
  }
  return false;
}

void Kernel::close(int description) noexcept {
  for (unsigned i = 0; i < lock_count_;) {
    if (locks_[i].description == description) {
      locks_[i] = locks_[--lock_count_];
    } else {
      ++i;
    }
  }
  descriptions_[static_cast<unsigned>(description)].is_open = false;
}

}  // namespace disruptor_mp::sim
