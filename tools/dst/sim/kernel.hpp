// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "memory_model.hpp"

namespace disruptor_mp::sim {

inline constexpr unsigned max_objects = 16;
inline constexpr std::size_t object_size = std::size_t{1} << 16U;

/// The simulated kernel's tables: objects, names, open file descriptions, byte locks. No call in
/// here is a step; who calls (sim_os.cpp) makes the steps. Fixed arrays, because processes of the
/// simulation come in here and what they allocate would die with them.
class Kernel {
 public:
  static constexpr int none = -1;

  void reset() noexcept;

  /// @return the object's number, or none if the run has used up all.
  int create_object(std::uint64_t size, std::string_view name) noexcept;
  [[nodiscard]] int find_object(std::string_view name) const noexcept;
  bool give_name(unsigned object) noexcept;  ///< @return false if the name is taken
  [[nodiscard]] bool is_named(unsigned object) const noexcept { return objects_[object].is_named; }
  void remove_name(unsigned object) noexcept { objects_[object].is_named = false; }
  /// Who removes a name looks and then unlinks; Linux cannot do both in one. Whoever removes names
  /// by hand at that moment makes the other remove what has the name then; nobody is promised
  /// anything for that.
  void begin_removing() noexcept { ++removers_; }
  void end_removing() noexcept { --removers_; }
  [[nodiscard]] bool is_removing() const noexcept { return removers_ != 0; }
  [[nodiscard]] std::uint64_t size_of(unsigned object) const noexcept {
    return objects_[object].size;
  }
  [[nodiscard]] unsigned object_count() const noexcept { return object_count_; }
  [[nodiscard]] std::string_view name_of(unsigned object) const noexcept {
    return objects_[object].name.data();
  }
  /// What opening the name makes visible.
  View& name_view(unsigned object) noexcept { return objects_[object].view; }

  /// An open file description; belongs to one process.
  int open(unsigned object, unsigned process) noexcept;
  [[nodiscard]] unsigned object_of(int description) const noexcept {
    return descriptions_[static_cast<unsigned>(description)].object;
  }
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  void map(int description, std::uint64_t size, const Range* writable, unsigned count) noexcept;
  [[nodiscard]] bool may_read(unsigned process, unsigned object,
                              std::uint32_t offset) const noexcept;
  [[nodiscard]] bool may_write(unsigned process, unsigned object,
                               std::uint32_t offset) const noexcept;

  [[nodiscard]] bool try_lock(int description, std::uint64_t byte, bool exclusive) noexcept;
  bool unlock(int description, std::uint64_t byte) noexcept;  ///< @return whether it was held
  [[nodiscard]] bool is_locked_elsewhere(int description, std::uint64_t byte) const noexcept;
  /// What callers about the locks of an object hand on to those who call later.
  View& lock_view(unsigned object) noexcept { return objects_[object].lock_view; }

  // --- A machine that loses its power. Of an object that is a file, each page is on the disk as it
  // was when it was written back last: zeros at first.
  static constexpr std::size_t disk_page = 4096;
  static constexpr unsigned max_files = 4;
  /// How many pages all files have.
  [[nodiscard]] unsigned file_pages() const noexcept;
  /// Writes one of them back; `memory(object)` is where an object's bytes are.
  template <class Memory>
  void write_back(unsigned page, Memory&& memory) {
    for (unsigned i = 0; i < file_count_; ++i) {
      const unsigned count = pages_of(files_[i].object);
      if (page < count) return save(files_[i], page, memory(files_[i].object));
      page -= count;
    }
  }
  /// Forgets everything but the disk: processes, names, memory. What was under a name before the
  /// cut may be there again, as a new object. `is_lost()` is asked about each thing that need not
  /// have reached the disk.
  struct Survivor {
    unsigned from = 0;
    int to = none;
    bool is_empty = false;  ///< its length did not reach the disk
    unsigned old_pages = 0;
    unsigned new_pages = 0;
  };
  template <class IsLost, class Memory>
  std::optional<Survivor> lose_power(IsLost&& is_lost, Memory&& memory) {
    for (unsigned i = 0; i < description_count_; ++i) close(static_cast<int>(i));
    std::optional<Survivor> survivor;
    // The newest that has, or had, the name: an unlink need not have reached the disk either.
    for (unsigned i = file_count_; i-- != 0 && !survivor;) {
      const File& file = files_[i];
      if (!objects_[file.object].was_named || is_lost()) continue;
      survivor = {.from = file.object, .is_empty = is_lost()};
      for (unsigned page = 0; page < pages_of(file.object); ++page) {
        const bool is_old = is_lost();
        if (!is_old) save(files_[i], page, memory(file.object));
        ++(is_old ? survivor->old_pages : survivor->new_pages);
      }
    }
    for (Object& object : objects_) object.is_named = false;
    if (survivor) restore(*survivor, memory);
    file_count_ = 0;  // nothing but the survivor is found again, and nobody trusts that
    return survivor;
  }

  /// Closes a description, and drops its locks.
  void close(int description) noexcept;
  /// As close, for all that a process has; `on_release(view)` is called once per object.
  template <class OnRelease>
  void close_all_of(unsigned process, OnRelease&& on_release) {
    for (unsigned i = 0; i < description_count_; ++i) {
      if (!descriptions_[i].is_open || descriptions_[i].process != process) continue;
      close(static_cast<int>(i));
      on_release(objects_[descriptions_[i].object].lock_view);
    }
  }

 private:
  struct Object {
    std::uint64_t size = 0;
    bool is_named = false;
    bool was_named = false;
    std::array<char, 64> name{};
    View view;
    View lock_view;
  };
  struct File {
    unsigned object = 0;
    std::array<std::byte, object_size> disk;
  };
  [[nodiscard]] unsigned pages_of(unsigned object) const noexcept {
    return static_cast<unsigned>((objects_[object].size + disk_page - 1) / disk_page);
  }
  static void save(File& file, unsigned page, const std::byte* memory) noexcept;
  static void load(const File& file, std::uint64_t size, std::byte* memory) noexcept;
  template <class Memory>
  void restore(Survivor& survivor, Memory&& memory) {
    const Object& old = objects_[survivor.from];
    survivor.to = create_object(survivor.is_empty ? 0 : old.size, old.name.data());
    if (survivor.to == none) return;
    const auto found = static_cast<unsigned>(survivor.to);
    static_cast<void>(give_name(found));
    for (unsigned i = 0; i < file_count_; ++i) {
      if (files_[i].object == survivor.from) load(files_[i], objects_[found].size, memory(found));
    }
  }

  struct Description {
    bool is_open = false;
    std::uint8_t object = 0;
    std::uint8_t process = 0;
    std::uint64_t mapped = 0;
    unsigned ranges = 0;
    std::array<Range, 4> writable{};
  };
  struct Lock {
    int description = none;
    std::uint64_t byte = 0;
    bool exclusive = false;
  };
  std::array<Object, max_objects> objects_;
  unsigned object_count_ = 0;
  unsigned removers_ = 0;
  std::array<File, max_files> files_;
  unsigned file_count_ = 0;
  std::array<Description, 128> descriptions_;
  unsigned description_count_ = 0;
  std::array<Lock, 128> locks_;
  unsigned lock_count_ = 0;
};

}  // namespace disruptor_mp::sim
