// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstdint>
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
    std::array<char, 64> name{};
    View view;
    View lock_view;
  };
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
  std::array<Description, 128> descriptions_;
  unsigned description_count_ = 0;
  std::array<Lock, 128> locks_;
  unsigned lock_count_ = 0;
};

}  // namespace disruptor_mp::sim
