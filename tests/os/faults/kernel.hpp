// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The kernel as the library sees it in this test binary: each call can be made to fail, or to do
// something else first.
#pragma once

#include <functional>

namespace disruptor_mp::test {

struct Kernel {
  /// errno for F_OFD_SETLK and F_OFD_GETLK; 0 lets them through.
  int ofd_lock_error = 0;
  /// errno for open(2) with O_TMPFILE.
  int unnamed_file_error = 0;
  /// What posix_fallocate returns.
  int allocate_error = 0;
  /// errno for membarrier(2).
  int membarrier_error = 0;
  /// errno for madvise(2) with an advice from `first_new_advice` on. EINVAL: as a kernel that does
  /// not know it; else it is known, and fails after so many that are let through.
  int madvise_error = 0;
  int first_new_advice = 0;
  int let_through = 0;
  /// errno for memfd_create(2) with flags that are newer than Linux 6.2.
  int memfd_error = 0;
  /// errno for mlock(2).
  int mlock_error = 0;
  /// Whether statvfs fails, as on file systems that do not know their free space.
  bool free_space_is_unknown = false;
  /// Called just before renameat2(2).
  std::function<void()> before_rename = {};
  /// errno for renameat2(2).
  int rename_error = 0;

  int fallbacks = 0;  ///< how often a file was made with a temporary name
};

/// The one kernel; a test sets what it needs and `Faults` puts everything back.
inline Kernel kernel;

/// Restores the kernel at the end of a test.
struct Faults {
  Faults() = default;
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
  ~Faults() { kernel = {}; }
};

}  // namespace disruptor_mp::test
