// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

namespace disruptor_mp::sim {

/// While true, memory is the engine's own even if a process is running (see heap.cpp). Every fiber
/// is left with it true and clears it when it is back in its own code.
inline bool heap_is_ours = false;

struct EngineHeap {
  EngineHeap() noexcept { heap_is_ours = true; }
  ~EngineHeap() { heap_is_ours = false; }
  EngineHeap(const EngineHeap&) = delete;
  EngineHeap& operator=(const EngineHeap&) = delete;
};

}  // namespace disruptor_mp::sim
