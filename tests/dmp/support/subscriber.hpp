// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dmp/support/command.hpp"
#include "dmp/support/observe.hpp"

namespace disruptor_mp::test {

/// A `dmp sub` that is attached when its constructor returns. (Not for observers: they leave no
/// trace.)
struct Subscriber {
  Subscriber(const std::string& ring, const std::string& id,
             const std::vector<std::string>& options = {})
      : command(Command::dmp(arguments(ring, id, options))) {
    EXPECT_TRUE(eventually([&] { return is_present(ring, id); }));
  }

  static std::vector<std::string> arguments(const std::string& ring, const std::string& id,
                                            std::vector<std::string> options) {
    options.insert(options.begin(), {"sub", ring, "--id", id});
    return options;
  }

  Command command;
};

}  // namespace disruptor_mp::test
