// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/memory_object.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/fork_guard.hpp"
#include "disruptor_mp/os/process.hpp"
#include "os/mapped_pages.hpp"

namespace disruptor_mp::os {
namespace {

constexpr std::string_view temporary_prefix = ".dmp-making-";
/// Held by the maker of a temporary name for as long as it lives.
constexpr std::uint64_t temporary_lock_byte = 0;

std::string errno_text(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail(const ObjectName& name, std::string_view call, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    throw Error(
        Errc::no_space,
        {.object = name.text(),
         .problem = std::string(call) + " failed for " + name.path(),
         .found = errno_text(error),
         .expected = "an inode and room within the user's quota",
         .remedy = "Remove files there, leftover rings with `dmp clean`, or raise the limit; "
                   "`df -i` and `quota` tell what is used."});
  }
  if (error == EROFS) {
    throw Error(Errc::permission_denied,
                {.object = name.text(),
                 .problem = std::string(call) + " was refused for " + name.path(),
                 .found = errno_text(error),
                 .expected = "a file system that can be written",
                 .remedy = "Use a writable file system, or shm:."});
  }
  if (error == EACCES || error == EPERM) {
    throw Error(Errc::permission_denied,
                {.object = name.text(),
                 .problem = std::string(call) + " was refused for " + name.path(),
                 .found = errno_text(error) + ", as user " + std::to_string(geteuid()),
                 .expected = "the right to use the object and its directory",
                 .remedy = "Run as its owner or group, or create the ring with a wider mode."});
  }
  throw Error(Errc::system_error, {.object = name.text(),
                                   .problem = std::string(call) + " failed for " + name.path(),
                                   .found = errno_text(error),
                                   .expected = "the call to succeed",
                                   .remedy = "See the manual page of the call."});
}

/// No file can be made or named in the directory.
[[noreturn]] void fail_creating(const ObjectName& name, std::string_view call, int error) {
  if (error == EACCES || error == EPERM) {
    throw Error(Errc::permission_denied,
                {.object = name.text(),
                 .problem = std::string(call) + " was refused for " + name.path(),
                 .found = errno_text(error) + ", as user " + std::to_string(geteuid()),
                 .expected = "the right to make files in " + name.directory(),
                 .remedy = "Choose a directory that this user may write, or run as its owner."});
  }
  if (error == ENOENT || error == EOPNOTSUPP) {
    throw Error(Errc::system_error,
                {.object = name.text(),
                 .problem = std::string(call) + " failed for " + name.path(),
                 .found = errno_text(error),
                 .expected = "a file system in which files can be made",
                 .remedy = "Choose a directory of another file system, or use shm:."});
  }
  fail(name, call, error);
}

[[noreturn]] void fail_group(const ObjectName& name, std::uint32_t group, int error) {
  if (error != EPERM) fail(name, "fchown", error);
  throw Error(
      Errc::permission_denied,
      {.object = name.text(),
       .problem = "fchown to group " + std::to_string(group) + " was refused for " + name.path(),
       .found = errno_text(error) + ", as user " + std::to_string(geteuid()),
       .expected = "a group that this user belongs to",
       .remedy = "Choose such a group, or run as root."});
}

[[noreturn]] void fail_owner(const ObjectName& name, std::uint32_t owner, int error) {
  if (error != EPERM) fail(name, "fchown", error);
  throw Error(
      Errc::permission_denied,
      {.object = name.text(),
       .problem = "fchown to user " + std::to_string(owner) + " was refused for " + name.path(),
       .found = errno_text(error) + ", as user " + std::to_string(geteuid()),
       .expected = "this user's own number, or the right to give files away",
       .remedy = "Run as root (or with CAP_CHOWN), or share the ring through group and mode."});
}

/// There is no folder in which the object could be.
[[noreturn]] void fail_without_directory(const ObjectName& name, int error) {
  throw Error(Errc::not_found,
              {.object = name.text(),
               .problem = "its directory does not exist",
               .found = errno_text(error) + ": " + name.directory(),
               .expected = "a directory that exists",
               .remedy = name.backend() == Backend::shm ? "Mount a tmpfs there, or use file:PATH."
                                                        : "Make it, or correct the path."});
}

/// memfd_create(2). The newer flag keeps the kernel from warning that it was not given.
int open_memfd(const ObjectName& name, std::uint64_t pages) {
  const std::string label = name.text().substr(name.text().find(':') + 1);
  constexpr unsigned never_executable = 0x8;  // MFD_NOEXEC_SEAL, since Linux 6.3
  constexpr unsigned size_shift = 26;         // MFD_HUGE_SHIFT: where the size's logarithm is put
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  if (pages != page_size())
    flags |= MFD_HUGETLB | static_cast<unsigned>(std::countr_zero(pages)) << size_shift;
  const int fd = ::memfd_create(label.c_str(), flags | never_executable);
  return fd >= 0 || errno != EINVAL ? fd : ::memfd_create(label.c_str(), flags);
}

/// Nobody who has a descriptor can cut a sealed object short under those who have mapped it, nor
/// seal it against those who are still to come.
constexpr int ring_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

/// A ring without a name cannot be found, only be handed over.
[[noreturn]] void fail_unreachable(const ObjectName& name) {
  throw Error(Errc::invalid_name,
              {.object = name.text(),
               .problem = "a ring without a name can be made as this, but not be found",
               .found = "the label of a memfd",
               .expected = "fd:NUMBER, of a descriptor that its maker has handed over",
               .remedy = "See share_ring, send_ring and receive_ring."});
}

[[noreturn]] void fail_not_new(const ObjectName& name) {
  throw Error(Errc::invalid_name,
              {.object = name.text(),
               .problem = "a ring is not made out of a descriptor",
               .found = "the name of one",
               .expected = "memfd:LABEL for a ring without a name",
               .remedy = "Create it as memfd:LABEL and hand it over, or attach to this one."});
}

/// Nothing at /proc/…/fd/…, or no /proc.
[[noreturn]] void fail_no_descriptor(const ObjectName& name) {
  struct stat info {};
  if (stat("/proc/self/fd", &info) != 0) {
    throw Error(Errc::system_error,
                {.object = name.text(),
                 .problem = "rings without a name need /proc, to be opened anew",
                 .found = "no /proc/self/fd",
                 .expected = "procfs",
                 .remedy = "Mount it (mount -t proc proc /proc), or use shm: or file:."});
  }
  throw Error(
      Errc::not_found,
      {.object = name.text(),
       .problem = "there is no such descriptor",
       .found = "nothing at " + name.path(),
       .expected = "one that was inherited, received, or made by share_ring",
       .remedy = "Keep it open until the ring is attached; for exec, let it be inherited."});
}

void require_sealed(const ObjectName& name, int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  if (seals >= 0 && (seals & ring_seals) == ring_seals) return;
  throw Error(Errc::not_a_ring,
              {.object = name.text(),
               .problem = "what this descriptor leads to can be cut short by others",
               .found = seals < 0 ? "no memfd" : "seals " + std::to_string(seals),
               .expected = "a ring made as memfd:LABEL, with seals " + std::to_string(ring_seals),
               .remedy = "Attach to a ring with a name by that name."});
}

bool says_missing(int error) { return error == ENOENT || error == ENOTDIR; }

/// A file system that makes no files, such as /proc, says ENOENT too.
bool is_directory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

/// Is what this path leads to the open file?
bool is_at(const std::string& path, int fd, int flags) {
  struct stat mine {};
  struct stat named {};
  return fstat(fd, &mine) == 0 && fstatat(AT_FDCWD, path.c_str(), &named, flags) == 0 &&
         mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

/// What the kernel thinks can be had without taking it from programs (MemAvailable in proc(5));
/// else it would look for it by killing some.
std::optional<std::uint64_t> available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("MemAvailable:"))
      return std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10) * 1024;
  }
  return std::nullopt;
}

/// Bytes an unprivileged process may still allocate in the directory; nothing if that cannot be
/// told.
std::optional<std::uint64_t> free_bytes(const ObjectName& name) {
  if (name.backend() == Backend::memfd) return available_memory();
  struct statvfs info {};
  if (statvfs(name.directory().c_str(), &info) != 0 || info.f_blocks == 0) return std::nullopt;
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

[[noreturn]] void fail_no_space(const ObjectName& name, std::uint64_t size) {
  const auto free = free_bytes(name);
  const std::string free_text = free ? std::to_string(*free) : "an unknown number of";
  const std::string where = name.backend() == Backend::shm     ? "/dev/shm"
                            : name.backend() == Backend::memfd ? "the memory"
                                                               : name.directory();
  throw Error(
      Errc::no_space,
      {.object = name.text(),
       .problem = where + " is too small for the ring",
       .found = free_text + " bytes free",
       .expected = std::to_string(size) + " bytes",
       .remedy =
           name.backend() == Backend::shm
               ? "Lower the capacity, remove leftovers with `dmp clean`, or enlarge it (mount -o "
                 "remount,size=… /dev/shm; in a container: --shm-size)."
           : name.backend() == Backend::memfd
               ? "Lower the capacity, or end programs that use much memory."
               : "Lower the capacity or free some disk space."});
}

[[noreturn]] void fail_no_huge_pages(const ObjectName& name, std::uint64_t size,
                                     std::uint64_t pages) {
  throw Error(Errc::no_space,
              {.object = name.text(),
               .problem = "the pool of huge pages is too small for the ring",
               .found = "less than " + std::to_string(size / pages) + " free ones",
               .expected = std::to_string(size / pages) + " of " + std::to_string(pages) + " bytes",
               .remedy = "Lower the capacity, or enlarge it (sysctl vm.nr_hugepages=…)."});
}

[[noreturn]] void fail_locks(const ObjectName& name, int error) {
  throw Error(
      Errc::locks_unsupported,
      {.object = name.text(),
       .problem = "the file system of " + name.directory() + " lacks open-file-description locks",
       .found = errno_text(error),
       .expected = "fcntl F_OFD_SETLK to work",
       .remedy = "Use shm:, or a local file system such as ext4, xfs, btrfs or tmpfs."});
}

[[noreturn]] void fail_orphaned(const ObjectName& name) {
  throw Error(Errc::used_after_fork,
              {.object = name.text(),
               .problem = "this endpoint belongs to the parent of this process",
               .found = "a process made by fork, " + std::to_string(getpid()),
               .expected = "the process that created or attached it",
               .remedy = "Attach once more in the child."});
}

struct flock lock_request(short type, std::uint64_t byte) {
  struct flock request {};
  request.l_type = type;
  request.l_whence = SEEK_SET;
  request.l_start = static_cast<off_t>(byte);
  request.l_len = 1;
  return request;
}

/// open(2) of an unnamed file; -1 with EOPNOTSUPP/EISDIR where the file system has none.
int open_unnamed(const std::string& directory) {
  return ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

bool unnamed_files_are_missing(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL;
}

std::string temporary_path(const std::string& directory) {
  const auto id = random_id();
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(id[0]),
                static_cast<unsigned long long>(id[1]));
  return directory + "/" + std::string(temporary_prefix) + text;
}

/// As mmap(2), at an address where huge pages of the object can be mapped as such.
void* map_aligned(std::uint64_t size, int protection, int fd) {
  const std::uint64_t alignment = transparent_page_size();
  if (alignment == 0) return mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  // Room for any alignment; what is not needed of it goes again.
  const std::uint64_t room = size + alignment;
  void* const found = mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) return MAP_FAILED;
  auto* const begin = static_cast<std::byte*>(found);
  const std::uint64_t misaligned = reinterpret_cast<std::uintptr_t>(begin) % alignment;
  std::byte* const at = begin + (misaligned == 0 ? 0 : alignment - misaligned);
  void* const mapped = mmap(at, size, protection, MAP_SHARED | MAP_FIXED, fd, 0);
  if (mapped == MAP_FAILED) {
    const int error = errno;
    munmap(begin, room);
    errno = error;
    return MAP_FAILED;
  }
  const std::uint64_t page = page_size();
  std::byte* const end = at + (size + page - 1) / page * page;
  if (at != begin) munmap(begin, static_cast<std::size_t>(at - begin));
  if (end != begin + room) munmap(end, static_cast<std::size_t>(begin + room - end));
  return mapped;
}

/// The regular files of an open directory, which is closed. Half-made objects do not count.
std::vector<ObjectName> list_objects(DIR* directory, const std::string& before_name,
                                     std::string_view prefix) {
  std::vector<ObjectName> names;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view file = entry->d_name;
    if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN) continue;
    if (file.starts_with(temporary_prefix) || !file.starts_with(prefix)) continue;
    if (file == "." || file == "..") continue;  // where the file system tells no types
    names.push_back(ObjectName::parse(before_name + std::string(file)));
  }
  closedir(directory);
  std::sort(names.begin(), names.end(),
            [](const ObjectName& a, const ObjectName& b) { return a.text() < b.text(); });
  return names;
}

[[noreturn]] void fail_directory(const std::string& directory, int error) {
  const Errc code = says_missing(error) ? Errc::not_found
                    : error == EACCES   ? Errc::permission_denied
                                        : Errc::system_error;
  throw Error(code, {.object = directory,
                     .problem = "this directory cannot be listed",
                     .found = errno_text(error),
                     .expected = "a readable directory",
                     .remedy = "Name the directory that holds the rings."});
}

}  // namespace

struct MemoryObject::State {
  explicit State(ObjectName n) : name(std::move(n)), guard(&State::become_orphan, this) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    {
      const ForkPause pause;  // a child must find both gone or both there
      if (data != nullptr) munmap(std::exchange(data, nullptr), mapped_size);
      if (fd >= 0) ::close(std::exchange(fd, -1));
    }
    // After a fork the temporary name, like everything else, is the parent's.
    if (!temporary.empty() && !orphaned) ::unlink(temporary.c_str());
  }

  /// In the child of a fork: from here on its stores go to a copy of its own, and its descriptor no
  /// longer holds the parent's locks.
  static void become_orphan(void* context) noexcept {
    auto& self = *static_cast<State*>(context);
    if (self.orphaned) return;
    self.orphaned = true;
    if (self.data != nullptr) self.replace_mapping();
    if (self.fd >= 0) ::close(self.fd);
    self.fd = -1;
  }

  /// Opens a file without a name or, where the file system has none, one with a name of its own.
  void create_file(std::uint64_t pages) {
    if (name.backend() == Backend::memfd) {
      const ForkPause pause;
      fd = open_memfd(name, pages);
      return;
    }
    const std::string directory = name.directory();
    const ForkPause pause;
    fd = open_unnamed(directory);
    if (fd >= 0 || !unnamed_files_are_missing(errno) || ::access(directory.c_str(), F_OK) != 0)
      return;
    temporary = temporary_path(directory);
    fd = ::open(temporary.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) temporary.clear();
  }
  [[nodiscard]] bool was_taken_for_abandoned() const noexcept {
    struct stat info {};
    return !temporary.empty() && fstat(fd, &info) == 0 && info.st_nlink == 0;
  }

  /// Puts a private copy in place of the shared pages. A mapping holds its open file description, a
  /// private one too, and with it the locks: so the copy must be of a description of its own. Where
  /// /proc is missing it is a copy of nothing.
  void replace_mapping() noexcept {
    std::array<char, 32> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
    const int own = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    const int flags = MAP_PRIVATE | MAP_FIXED | (own < 0 ? MAP_ANONYMOUS : 0);
    if (mmap(data, mapped_size, PROT_READ | PROT_WRITE, flags, own, 0) == MAP_FAILED) {
      // No memory may be promised for a copy. Zeros that cannot be written need none.
      static_cast<void>(mmap(data, mapped_size, PROT_READ,
                             MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    }
    if (own >= 0) ::close(own);
  }

  /// Maps it, and says so to the fork handler in the same step.
  void map(std::uint64_t size, int protection, bool is_huge) {
    {
      const ForkPause pause;
      void* const address = is_huge ? map_aligned(size, protection, fd)
                                    : mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
      if (address != MAP_FAILED) {
        data = static_cast<std::byte*>(address);
        mapped_size = size;
      }
    }
    if (data == nullptr) fail(name, "mmap", errno);
  }
  void unmap() noexcept {
    const ForkPause pause;
    if (data != nullptr) munmap(std::exchange(data, nullptr), mapped_size);
  }

  ObjectName name;
  Access access = Access::read_write;
  int fd = -1;
  std::string temporary;  ///< the name it has before publish_name, where it needs one
  std::byte* data = nullptr;
  std::uint64_t mapped_size = 0;
  std::vector<PageRange> writable;  ///< parts of the mapping
  bool orphaned = false;
  ForkGuard guard;
};

/// All of an object that nobody else has yet, writable for a moment.
class MemoryObject::Draft {
 public:
  Draft(State& state, std::uint64_t size, bool is_huge) : state_(state) {
    state_.map(size, PROT_READ | PROT_WRITE, is_huge);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() { state_.unmap(); }
  [[nodiscard]] std::byte* data() const noexcept { return state_.data; }

 private:
  State& state_;
};

MemoryObject::MemoryObject(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
MemoryObject::MemoryObject(MemoryObject&&) noexcept = default;
MemoryObject& MemoryObject::operator=(MemoryObject&&) noexcept = default;
MemoryObject::~MemoryObject() = default;

MemoryObject MemoryObject::create_unnamed(const ObjectName& name, std::uint64_t size,
                                          const Permissions& permissions, std::uint64_t pages) {
  if (name.backend() == Backend::descriptor) fail_not_new(name);
  std::unique_ptr<State> state;
  for (int attempt = 0;; ++attempt) {
    state = std::make_unique<State>(name);
    state->create_file(pages);
    if (state->fd < 0) {
      const int error = errno;
      if (says_missing(error) && !is_directory(name.directory()))
        fail_without_directory(name, error);
      fail_creating(name, "creating a file", error);
    }
    auto lock = lock_request(F_WRLCK, temporary_lock_byte);
    const int error = fcntl(state->fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
    if (error == 0 && !state->was_taken_for_abandoned()) break;
    // Else somebody who cleans up may have come between our open and our lock.
    const bool was_cleaned = error == 0 || error == EAGAIN || error == EACCES;
    if (state->temporary.empty() || !was_cleaned || attempt == 100)
      fail_locks(name, error == 0 ? EAGAIN : error);
  }

  // Asked first because the kernel would otherwise fill the whole of /dev/shm before it gives up.
  // (A pool of huge pages is not filled by who asks for too many of them.)
  const bool is_pool = pages != os::page_size();
  if (const auto free = free_bytes(name); !is_pool && free && *free < size)
    fail_no_space(name, size);
  // Every page now, so that a full /dev/shm is an error here and not a SIGBUS in the middle of a
  // publish.
  if (const int error = posix_fallocate(state->fd, 0, static_cast<off_t>(size)); error != 0) {
    if (is_pool && (error == ENOSPC || error == ENOMEM)) fail_no_huge_pages(name, size, pages);
    if (error == ENOSPC || error == EFBIG || error == ENOMEM) fail_no_space(name, size);
    fail(name, "posix_fallocate", error);
  }
  // The owner last: who gives it away has no right to change the group any more.
  if (permissions.group && fchown(state->fd, static_cast<uid_t>(-1), *permissions.group) != 0) {
    fail_group(name, *permissions.group, errno);
  }
  // Nobody executes a ring, and a memfd may be sealed against it.
  constexpr std::uint32_t executable = 0111;
  const bool has_name = name.is_lasting();
  const std::uint32_t mode = has_name ? permissions.mode : permissions.mode & ~executable;
  if (fchmod(state->fd, mode) != 0) fail(name, "fchmod", errno);
  if (!has_name && fcntl(state->fd, F_ADD_SEALS, ring_seals) != 0)
    fail(name, "fcntl F_ADD_SEALS", errno);
  if (permissions.owner && fchown(state->fd, *permissions.owner, static_cast<gid_t>(-1)) != 0) {
    fail_owner(name, *permissions.owner, errno);
  }
  return MemoryObject(std::move(state));
}

bool MemoryObject::publish_name() {
  if (!state_->name.is_lasting()) return true;
  const std::string& path = state_->name.path();
  int result = 0;
  if (state_->temporary.empty()) {
    const std::string self = "/proc/self/fd/" + std::to_string(state_->fd);
    result = linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
  } else {
    result =
        renameat2(AT_FDCWD, state_->temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
  }
  if (result != 0) {
    if (errno == EEXIST) return false;
    fail_creating(state_->name, "naming the object", errno);
  }
  state_->temporary.clear();
  unlock(temporary_lock_byte);
  return true;
}

std::optional<MemoryObject> MemoryObject::open(const ObjectName& name, Access access) {
  if (name.backend() == Backend::memfd) fail_unreachable(name);
  auto state = std::make_unique<State>(name);
  state->access = access;
  const int flags =
      (access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  {
    const ForkPause pause;
    state->fd = ::open(name.path().c_str(), flags);
  }
  if (state->fd < 0) {
    if (errno == ENOENT && name.backend() == Backend::descriptor) fail_no_descriptor(name);
    if (errno == ENOENT) return std::nullopt;
    if (errno == ENOTDIR) fail_without_directory(name, errno);
    if (errno != EISDIR && errno != ENXIO) fail(name, "opening", errno);
  }
  struct stat info {};
  if (state->fd >= 0 && fstat(state->fd, &info) != 0) fail(name, "fstat", errno);
  if (state->fd < 0 || !S_ISREG(info.st_mode)) {
    throw Error(Errc::not_a_ring, {.object = name.text(),
                                   .problem = name.path() + " is not a regular file",
                                   .found = "a directory, device or socket",
                                   .expected = "a ring made by this library",
                                   .remedy = "Choose another name."});
  }
  if (name.backend() == Backend::descriptor) require_sealed(name, state->fd);
  return MemoryObject(std::move(state));
}

const ObjectName& MemoryObject::name() const noexcept { return state_->name; }
Access MemoryObject::access() const noexcept { return state_->access; }
std::byte* MemoryObject::data() const noexcept { return state_->data; }
bool MemoryObject::is_orphaned_by_fork() const noexcept { return state_->orphaned; }

std::uint64_t MemoryObject::size() const {
  struct stat info {};
  if (fstat(state_->fd, &info) != 0) fail(state_->name, "fstat", errno);
  return static_cast<std::uint64_t>(info.st_size);
}

std::uint64_t MemoryObject::page_size() const {
  struct statfs info {};
  if (fstatfs(state_->fd, &info) != 0) fail(state_->name, "fstatfs", errno);
  return info.f_type == HUGETLBFS_MAGIC ? static_cast<std::uint64_t>(info.f_bsize)
                                        : os::page_size();
}

std::size_t MemoryObject::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = pread(state_->fd, into.data() + done, into.size() - done,
                            static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(state_->name, "pread", errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

void MemoryObject::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = pwrite(state_->fd, bytes.data() + done, bytes.size() - done,
                             static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EINVAL && page_size() != os::page_size()) {
      // Files of a hugetlbfs can be read, but only be written through a mapping.
      const Draft all(*state_, size(), false);
      std::memcpy(all.data() + offset, bytes.data(), bytes.size());
      return;
    }
    if (n < 0) fail(state_->name, "pwrite", errno);
    done += static_cast<std::size_t>(n);
  }
}

PageNote MemoryObject::make_huge(std::uint64_t size) {
  const Draft all(*state_, size, true);
  return collapse(all.data(), size);
}

NodeNote MemoryObject::place(std::uint64_t size, std::uint32_t node) {
  const Draft all(*state_, size, false);
  return place_on_node(all.data(), size, node);
}

std::byte* MemoryObject::map(std::uint64_t size, std::span<const PageRange> writable,
                             bool is_huge) {
  state_->map(size, PROT_READ, is_huge);
  state_->writable.assign(writable.begin(), writable.end());
  for (const PageRange& range : writable) {
    if (mprotect(state_->data + range.offset, range.size, PROT_READ | PROT_WRITE) != 0) {
      fail(state_->name, "mprotect", errno);
    }
  }
  return state_->data;
}

void MemoryObject::prefault() noexcept {
  for (const PageRange& range : state_->writable)
    os::prefault(state_->data + range.offset, range.size, true);
  os::prefault(state_->data, state_->mapped_size, false);
}

void MemoryObject::lock_pages() { os::lock_pages(state_->name, state_->data, state_->mapped_size); }

bool MemoryObject::try_lock(std::uint64_t byte, LockMode mode) {
  if (state_->orphaned) fail_orphaned(state_->name);
  auto request = lock_request(mode == LockMode::exclusive ? F_WRLCK : F_RDLCK, byte);
  if (fcntl(state_->fd, F_OFD_SETLK, &request) == 0) return true;
  if (errno == EAGAIN || errno == EACCES || errno == EBADF)
    return false;  // EBADF: a read-only object
  fail_locks(state_->name, errno);
}

void MemoryObject::unlock(std::uint64_t byte) noexcept {
  auto request = lock_request(F_UNLCK, byte);
  fcntl(state_->fd, F_OFD_SETLK, &request);
}

bool MemoryObject::is_locked_elsewhere(std::uint64_t byte, LockMode wanted) const {
  if (state_->orphaned) fail_orphaned(state_->name);
  auto request = lock_request(wanted == LockMode::exclusive ? F_WRLCK : F_RDLCK, byte);
  if (fcntl(state_->fd, F_OFD_GETLK, &request) != 0) fail_locks(state_->name, errno);
  return request.l_type != F_UNLCK;
}

Descriptor MemoryObject::share() const {
  if (state_->orphaned) fail_orphaned(state_->name);
  if (state_->name.is_lasting()) {
    throw Error(Errc::invalid_name,
                {.object = state_->name.text(),
                 .problem = "only a ring without a name is handed over by a descriptor",
                 .found = "a ring that others find by its name",
                 .expected = "one made as memfd:LABEL",
                 .remedy = "Attach to it by its name."});
  }
  const std::string self = "/proc/self/fd/" + std::to_string(state_->fd);
  const int flags = (state_->access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
  const int fd = ::open(self.c_str(), flags);
  if (fd < 0) fail(state_->name, "opening it anew through " + self, errno);
  return Descriptor::adopt(fd);
}

bool MemoryObject::is_named() const {
  return !state_->name.is_lasting() || is_at(state_->name.path(), state_->fd, 0);
}

bool MemoryObject::remove_name() {
  if (!state_->name.is_lasting()) return false;  // it goes when its last descriptor does
  // A name has no links in it. One put there since then leads to the object, but unlink would
  // remove the link and leave the object.
  const std::string& path = state_->name.path();
  return is_at(path, state_->fd, AT_SYMLINK_NOFOLLOW) && ::unlink(path.c_str()) == 0;
}

std::vector<ObjectName> list_shm_objects(std::string_view prefix) {
  DIR* directory = opendir("/dev/shm");
  return directory == nullptr ? std::vector<ObjectName>{} : list_objects(directory, "shm:", prefix);
}

std::vector<ObjectName> list_file_objects(const std::string& directory, std::string_view prefix) {
  DIR* entries = opendir(directory.c_str());
  if (entries == nullptr) fail_directory(directory, errno);
  return list_objects(entries, "file:" + directory + (directory.ends_with('/') ? "" : "/"), prefix);
}

std::vector<std::string> remove_abandoned_temporaries(const std::string& directory, bool dry_run) {
  std::vector<std::string> removed;
  DIR* entries = opendir(directory.c_str());
  if (entries == nullptr) return removed;
  while (const dirent* entry = readdir(entries)) {
    if (!std::string_view(entry->d_name).starts_with(temporary_prefix)) continue;
    const std::string path = directory + "/" + entry->d_name;
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    auto request = lock_request(F_WRLCK, temporary_lock_byte);
    // Getting the maker's lock proves it dead. (A living maker that lost its name here, between its
    // open and its lock, notices and takes another.)
    const bool is_abandoned =
        dry_run ? fcntl(fd, F_OFD_GETLK, &request) == 0 && request.l_type == F_UNLCK
                : fcntl(fd, F_OFD_SETLK, &request) == 0 && ::unlink(path.c_str()) == 0;
    if (is_abandoned) removed.push_back(path);
    ::close(fd);
  }
  closedir(entries);
  std::sort(removed.begin(), removed.end());
  return removed;
}

}  // namespace disruptor_mp::os
