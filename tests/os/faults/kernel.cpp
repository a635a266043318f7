// SPDX-License-Identifier: MIT OR Apache-2.0
#include "os/faults/kernel.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>

using disruptor_mp::test::kernel;

// The linker's --wrap=name sends calls of `name` to __wrap_name, and __real_name to the C library.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {

int __real_fcntl(int fd, int command, ...);
int __real_madvise(void* data, std::size_t size, int advice);
int __real_memfd_create(const char* name, unsigned flags);
int __real_mlock(const void* data, std::size_t size);
int __real_open(const char* path, int flags, ...);
int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __real_renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags);
int __real_statvfs(const char* path, struct statvfs* info);
long __real_syscall(long number, ...);

int __wrap_fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if ((command == F_OFD_SETLK || command == F_OFD_GETLK) && kernel.ofd_lock_error != 0) {
    errno = kernel.ofd_lock_error;
    return -1;
  }
  return __real_fcntl(fd, command, argument);
}

int __wrap_madvise(void* data, std::size_t size, int advice) {
  const bool is_known = kernel.madvise_error != EINVAL;
  if (kernel.madvise_error != 0 && advice >= kernel.first_new_advice &&
      !(is_known && (size == 0 || kernel.let_through-- > 0))) {
    errno = kernel.madvise_error;
    return -1;
  }
  return __real_madvise(data, size, advice);
}

int __wrap_memfd_create(const char* name, unsigned flags) {
  constexpr unsigned never_executable = 8;  // MFD_NOEXEC_SEAL
  if (kernel.memfd_error != 0 && (flags & never_executable) != 0) {
    errno = kernel.memfd_error;
    return -1;
  }
  return __real_memfd_create(name, flags);
}

int __wrap_mlock(const void* data, std::size_t size) {
  if (kernel.mlock_error != 0) {
    errno = kernel.mlock_error;
    return -1;
  }
  return __real_mlock(data, size);
}

int __wrap_open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = va_arg(arguments, unsigned);
  va_end(arguments);
  if ((flags & O_TMPFILE) == O_TMPFILE && kernel.unnamed_file_error != 0) {
    errno = kernel.unnamed_file_error;
    return -1;
  }
  if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) ++kernel.fallbacks;
  return __real_open(path, flags, mode);
}

int __wrap_posix_fallocate(int fd, off_t offset, off_t size) {
  if (kernel.allocate_error != 0) return kernel.allocate_error;
  return __real_posix_fallocate(fd, offset, size);
}

int __wrap_renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags) {
  if (kernel.before_rename) kernel.before_rename();
  if (kernel.rename_error != 0) {
    errno = kernel.rename_error;
    return -1;
  }
  return __real_renameat2(from_fd, from, to_fd, to, flags);
}

int __wrap_statvfs(const char* path, struct statvfs* info) {
  if (kernel.free_space_is_unknown) {
    errno = ENOSYS;
    return -1;
  }
  return __real_statvfs(path, info);
}

long __wrap_syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long values[6];
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_membarrier && kernel.membarrier_error != 0) {
    errno = kernel.membarrier_error;
    return -1;
  }
  return __real_syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
