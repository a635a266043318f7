// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rings in every state that tools may meet.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp/support/command.hpp"
#include "dmp/support/observe.hpp"
#include "dmp/support/subscriber.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {

inline std::string path_of(const std::string& ring) { return os::ObjectName::parse(ring).path(); }

/// A `dmp pub` and a `dmp sub` that have passed on three events.
struct Pair {
  std::string ring;
  Command pub;
  Subscriber sub;

  explicit Pair(std::string name, const std::string& kind = "gating")
      : ring(std::move(name)),
        pub(Command::dmp({"pub", ring, "--event-size", "8", "--capacity", "16"})),
        sub(ring, "reader", {"--kind", kind}) {
    pub.feed("event 1.event 2.event 3.");
    sub.command.wait_for_output(24);
    EXPECT_TRUE(eventually([&] { return has_committed(ring, "reader", 3); }));
  }

  void kill_both() {
    pub.kill();
    sub.command.kill();
    pub.finish();
    sub.command.finish();
  }
  void close() {
    EXPECT_EQ(pub.finish().exit_code, 0);
    EXPECT_EQ(sub.command.finish().exit_code, 0);
  }
};

/// Both killed: a ring that nobody will need again.
inline void make_dead_ring(const std::string& ring) { Pair(ring).kill_both(); }

inline void make_open_ring(const std::string& ring) {
  EXPECT_EQ(
      run_dmp({"pub", ring, "--event-size", "8", "--wait-for", "0", "--leave-open"}, "12345678")
          .exit_code,
      0);
}

inline void make_foreign_object(const std::string& ring) {
  std::ofstream(path_of(ring)) << "somebody's data";
}

/// Turns a byte of the header.
inline void corrupt(const std::string& ring) {
  std::fstream file(path_of(ring), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offsetof(format::Header, shape));
  file.put('\x7F');
}

inline bool object_exists(const std::string& ring) {
  return std::filesystem::exists(path_of(ring));
}

}  // namespace disruptor_mp::test
