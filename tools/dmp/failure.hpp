// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "exit_code.hpp"

namespace disruptor_mp::tool {

/// A failure of the command itself, told in the same form as an Error of the library.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode exit_code, std::string code, ErrorText text)
      : std::runtime_error(Error(Errc::system_error, text).what()),
        exit_code_(exit_code),
        code_(std::move(code)),
        text_(std::move(text)) {}

  [[nodiscard]] ExitCode exit_code() const noexcept { return exit_code_; }
  /// What JSON readers see, e.g. "producer_dead".
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  [[nodiscard]] const ErrorText& text() const noexcept { return text_; }

 private:
  ExitCode exit_code_;
  std::string code_;
  ErrorText text_;
};

}  // namespace disruptor_mp::tool
