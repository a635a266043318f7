// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace disruptor_mp::bench {

/// Zeroed memory that the processes of a case inherit. It has no name, so nothing remains of it.
class SharedArea {
 public:
  /// @param directory where the file lies that backs it; empty: memory (tmpfs).
  explicit SharedArea(std::size_t size, const std::string& directory = {});
  ~SharedArea();
  SharedArea(SharedArea&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  SharedArea(const SharedArea&) = delete;
  SharedArea& operator=(SharedArea&&) = delete;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_;
};

/// An object in such memory. Its bytes begin as zero, which must be a valid T.
template <class T>
class Shared {
 public:
  Shared() : area_(sizeof(T)), object_(new (area_.data()) T) {}
  [[nodiscard]] T* operator->() const noexcept { return object_; }
  [[nodiscard]] T& operator*() const noexcept { return *object_; }

 private:
  SharedArea area_;
  T* object_;
};

}  // namespace disruptor_mp::bench
