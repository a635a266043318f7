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

namespace disruptor_mp::os {

/// Where a memory object lives.
enum class Backend : std::uint8_t { shm, file };

/// A parsed name: `shm:name` (the default back-end) or `file:path`. A path may go through symbolic
/// links; the name is where they lead when it is parsed.
class ObjectName {
 public:
  /// @throws Error{invalid_name} for an empty or too long name, a slash in a shm name, a NUL byte,
  ///         a path that names a directory, or an unknown back-end.
  static ObjectName parse(std::string_view text);

  /// Where its object lives.
  [[nodiscard]] Backend backend() const noexcept { return backend_; }
  /// The canonical text, with its back-end: "shm:quotes".
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Where the object is found in the file system.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The folder of `path`.
  [[nodiscard]] std::string directory() const;

 private:
  Backend backend_ = Backend::shm;
  std::string text_;
  std::string path_;
};

/// Who may use a new object. Both hold whatever the umask says.
struct Permissions {
  std::uint32_t mode = 0600;
  std::optional<std::uint32_t> group = std::nullopt;
};

enum class Access : std::uint8_t { read_only, read_write };

/// Bytes [offset, offset + size) of an object; both multiples of the page size.
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
  /// @throws Error{no_space, permission_denied, locks_unsupported, system_error}
  static MemoryObject create_unnamed(const ObjectName& name, std::uint64_t size,
                                     const Permissions& permissions);

  /// Gives the object its name, in one atomic step.
  /// @return false if the name is taken; the object stays unnamed.
  [[nodiscard]] bool publish_name();

  /// Opens what has this name now; nothing if no object has it.
  /// `read_write` falls back to nothing weaker: lacking rights throw.
  /// @throws Error{permission_denied, not_a_ring (not a regular file), system_error}
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
  /// Copies bytes out through the file interface: safe on a file that shrinks meanwhile.
  /// @return how many bytes there were.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> into) const;

  /// Writes bytes through the file interface. For an object that nobody else has yet.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);

  /// Maps the first `size` bytes, readable everywhere and writable in `writable` only. Once.
  std::byte* map(std::uint64_t size, std::span<const PageRange> writable);
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

  /// Does the name still lead to this very object?
  [[nodiscard]] bool is_named() const;
  /// Removes the name, if it still leads to this object. The caller must hold what makes that safe.
  bool remove_name();

  /// True in the child of a fork: the object belongs to the parent.
  [[nodiscard]] bool is_orphaned_by_fork() const noexcept;

 private:
  struct State;
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

/// The granularity of mappings and protections.
[[nodiscard]] std::uint64_t page_size() noexcept;

}  // namespace disruptor_mp::os
