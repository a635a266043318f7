// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <utility>
#include <variant>

namespace disruptor_mp::dst {

/// Returned in place of a value to make a failed Result: `return Failure{error};`.
template <class E>
struct Failure {
  E error;
};
template <class E>
Failure(E) -> Failure<E>;

/// A value, or the reason why there is none. For outcomes a caller must expect, so no exception.
/// Asking for the side that is absent is a bug in the caller and throws std::bad_variant_access.
template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  template <class F>
  Result(Failure<F> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  [[nodiscard]] const E& error() const { return std::get<1>(state_); }

  friend bool operator==(const Result&, const Result&) = default;

 private:
  std::variant<T, E> state_;
};

/// Success without a value, or the reason of the failure. Default construction is success.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  template <class F>
  Result(Failure<F> failure) : error_(std::in_place, std::move(failure.error)) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] const E& error() const {
    if (!error_) throw std::bad_variant_access();
    return *error_;
  }

  friend bool operator==(const Result&, const Result&) = default;

 private:
  std::optional<E> error_;
};

}  // namespace disruptor_mp::dst
