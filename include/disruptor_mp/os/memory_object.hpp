// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/os/descriptor.hpp"
#include "disruptor_mp/os/pages.hpp"

namespace disruptor_mp::os {

/// Where a memory object lives.
enum class Backend : std::uint8_t {
  shm,         ///< in /dev/shm, under a name
  file,        ///< in a file
  memfd,       ///< nowhere: without a name, for as long as somebody has a descriptor of it
  descriptor,  ///< the same, seen by those who have one
};

/// A parsed name: `shm:name` (the default back-end), `file:path`, or of an object without a name:
/// `memfd:label` for who makes it (the label is for people), `fd:7` for who has a descriptor of it,
/// and `fd:4711/7` for who may look into process 4711. A path may go through symbolic links; the
/// name is where they lead when it is parsed.
class ObjectName {
 public:
  /// @throws Error{invalid_name} for an empty or too long name, a slash in a shm name, a NUL byte,
  ///         a path that names a directory, what is no descriptor, or an unknown back-end.
  static ObjectName parse(std::string_view text);

  /// Where its object lives.
  [[nodiscard]] Backend backend() const noexcept { return backend_; }
  /// The canonical text, with its back-end: "shm:quotes".
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Can the object be found by others who only know its name? Else it goes with the last
  /// descriptor of it.
  [[nodiscard]] bool is_lasting() const noexcept {
    return backend_ == Backend::shm || backend_ == Backend::file;
  }
  /// Where the object is found in the file system.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The folder of `path`.
  [[nodiscard]] std::string directory() const;

 private:
  Backend backend_ = Backend::shm;
  std::string text_;
  std::string path_;
};

/// Who may use a new object. All of it holds whatever the umask says.
struct Permissions {
  std::uint32_t mode = 0600;
  std::optional<std::uint32_t> owner = std::nullopt;
  std::optional<std::uint32_t> group = std::nullopt;
};

enum class Access : std::uint8_t { read_only, read_write };

/// Bytes [offset, offset + size) of an object; both multiples of its page size.
struct PageRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// How a byte of the object's lock space is held.
enum class LockMode : std::uint8_t { shared, exclusive };

/// One memory object: an open file description, at most one mapping, and the locks held on it.
///
/// The locks are open-file-description locks (fcntl(2), F_OFD_SETLK): they belong to this object,
/// not to the process, and the kernel drops them when the last descriptor of it is gone, however
/// the process ended and whatever its PID namespace. That is the library's proof of death.
///
/// A fork() duplicates none of it: in the child the descriptor is closed and the mapping replaced
/// by a private copy, so a child can neither keep a lock alive nor change shared memory
/// (fork_guard.cpp).
///
/// Not thread-safe; move-only.
class MemoryObject {
 public:
  /// Makes an object of `size` zero bytes that has no name yet; all its memory is allocated, so a
  /// later store cannot fail. If the process dies before `publish_name`, nothing remains.
  /// `size` is a multiple of `pages`, which is `page_size_of(name)` or `hugetlb_page_size(name)`.
  /// @throws Error{no_space, permission_denied, locks_unsupported, system_error}
  static MemoryObject create_unnamed(const ObjectName& name, std::uint64_t size,
                                     const Permissions& permissions,
                                     std::uint64_t pages = os::page_size());
  /// Puts its pages together into transparent huge ones, where there is room. Before it is
  /// published. @return why not, or not all
  [[nodiscard]] PageNote make_huge(std::uint64_t size);
  /// Moves it to a memory node, if there is a choice. Before it is published. @return why not
  [[nodiscard]] NodeNote place(std::uint64_t size, std::uint32_t node);

  /// Gives the object its name, in one atomic step; one of `memfd:` has none, and needs none.
  /// @return false if the name is taken; the object stays unnamed.
  [[nodiscard]] bool publish_name();

  /// Opens what has this name now; nothing if no object has it.
  /// `read_write` falls back to nothing weaker: lacking rights throw.
  /// Of a descriptor: opens the object anew, so that the locks are this object's own and not those
  /// of all who share the descriptor. That needs /proc.
  /// @throws Error{permission_denied, not_a_ring (not a regular file, or one that others could cut
  ///         short), not_found (no such descriptor), system_error}
  static std::optional<MemoryObject> open(const ObjectName& name, Access access);

  MemoryObject(MemoryObject&&) noexcept;
  MemoryObject& operator=(MemoryObject&&) noexcept;
  ~MemoryObject();  ///< Unmaps, and drops every lock.

  /// False if it was moved from.
  [[nodiscard]] bool is_open() const noexcept { return state_ != nullptr; }
  [[nodiscard]] const ObjectName& name() const noexcept;
  [[nodiscard]] Access access() const noexcept;
  /// Current size in bytes.
  [[nodiscard]] std::uint64_t size() const;
  /// The granularity of its mappings: that of the machine, or larger in a hugetlbfs.
  [[nodiscard]] std::uint64_t page_size() const;
  /// Copies bytes out through the file interface: safe on a file that shrinks meanwhile.
  /// @return how many bytes there were.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> into) const;

  /// Writes bytes through the file interface. For an object that nobody else has yet.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);

  /// Maps the first `size` bytes, readable everywhere and writable in `writable` only. Once.
  /// `is_huge`: where transparent huge pages can be mapped as such.
  std::byte* map(std::uint64_t size, std::span<const PageRange> writable, bool is_huge = false);
  /// Takes the page faults of the mapping now. Changes no byte, so others may be at work in it.
  void prefault() noexcept;
  /// Keeps the mapping in memory until it goes. @throws Error{permission_denied, system_error}
  void lock_pages();
  [[nodiscard]] std::byte* data() const noexcept;

  /// Takes a lock, or converts the one held on that byte. Never waits.
  /// @return false if somebody else's lock is in the way.
  [[nodiscard]] bool try_lock(std::uint64_t byte, LockMode mode);
  void unlock(std::uint64_t byte) noexcept;
  /// Does anybody but this object hold a lock on the byte that is in the way of one of this mode?
  /// About 0.3 µs. Asked with `shared`, it sees exclusive locks only, which nobody can take who may
  /// merely read the object.
  [[nodiscard]] bool is_locked_elsewhere(std::uint64_t byte,
                                         LockMode wanted = LockMode::exclusive) const;

  /// A descriptor that leads others to an object without a name. Of its own open file description,
  /// so it holds none of this object's locks. @throws Error{invalid_name (has a name),
  /// used_after_fork, permission_denied, system_error}
  [[nodiscard]] Descriptor share() const;

  /// Does the name still lead to this very object? One without a name can be found for as long as
  /// somebody has it, so by us: always true.
  [[nodiscard]] bool is_named() const;
  /// Removes the name, if it still leads to this object. The caller must hold what makes that safe.
  bool remove_name();

  /// True in the child of a fork: the object belongs to the parent.
  [[nodiscard]] bool is_orphaned_by_fork() const noexcept;

 private:
  struct State;
  class Draft;
  explicit MemoryObject(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

/// Names of all objects of the shm back-end that start with `prefix`, sorted.
[[nodiscard]] std::vector<ObjectName> list_shm_objects(std::string_view prefix);
/// The same for the regular files of a directory, as objects of the file back-end.
/// @throws Error{not_found, permission_denied, system_error}
[[nodiscard]] std::vector<ObjectName> list_file_objects(const std::string& directory,
                                                        std::string_view prefix);

/// Half-made objects without a final name that a dead creator may have left where unnamed files are
/// not supported. Removes those whose maker is gone; returns their paths.
std::vector<std::string> remove_abandoned_temporaries(const std::string& directory, bool dry_run);

}  // namespace disruptor_mp::os
