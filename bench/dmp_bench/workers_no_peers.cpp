// SPDX-License-Identifier: MIT OR Apache-2.0
//
// In place of workers_peers.cpp where the peers are not installed: no case names them then.
#include <stdexcept>

#include "dmp_bench/worker.hpp"

namespace disruptor_mp::bench {

std::size_t peer_size(const Case& /*work*/, const Contender& /*contender*/) { return 4096; }

std::unique_ptr<Worker> make_peer_worker(const Part& /*part*/) {
  throw std::logic_error("built without peers");
}

}  // namespace disruptor_mp::bench
