// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/cases.hpp"

#include <fmt/format.h>

#include <initializer_list>

#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp::bench {
namespace {

using format::SlotLayout;

constexpr std::size_t sizes[] = {8, 32, 56, 64, 128, 256, 1024};
constexpr std::size_t main_sizes[] = {8, 32, 56, 64};
constexpr std::uint64_t batches[] = {1, 8, 64};

/// Whether the build found the peers' headers.
#if defined(DMP_BENCH_HAS_PEERS)
constexpr bool has_peers = true;
#else
constexpr bool has_peers = false;
#endif

Contender limit(SlotLayout layout, Storage storage = Storage::shm) {
  std::string label = layout == SlotLayout::packed ? "limit packed" : "limit stamped";
  if (storage == Storage::file) label += " file";
  return {.label = std::move(label), .kind = Kind::limit, .layout = layout, .storage = storage};
}

Contender library(std::string label, SlotLayout layout) {
  return {.label = std::move(label), .kind = Kind::library, .layout = layout};
}

/// Both hand-written layouts, because the better one is the limit whatever the library chose.
std::vector<Contender> limits_and_library(std::size_t size) {
  return {limit(SlotLayout::stamped), limit(SlotLayout::packed),
          library("library", default_slot_layout(size))};
}

void add_ping_pong(std::vector<Case>& cases) {
  for (const std::size_t size : sizes) {
    cases.push_back({.name = fmt::format("ping-pong/{}", size),
                     .pattern = Pattern::ping_pong,
                     .event_size = size,
                     .contenders = limits_and_library(size)});
  }
}

void add_streams(std::vector<Case>& cases) {
  for (const std::size_t size : sizes) {
    for (const std::uint64_t batch : batches) {
      cases.push_back({.name = fmt::format("stream/{}/{}", size, batch),
                       .event_size = size,
                       .batch = batch,
                       .contenders = limits_and_library(size)});
    }
  }
}

void add_broadcast(std::vector<Case>& cases) {
  for (const std::size_t size : main_sizes) {
    cases.push_back({.name = fmt::format("ping-pong-1p2c/{}", size),
                     .pattern = Pattern::ping_pong,
                     .event_size = size,
                     .consumers = 2,
                     .contenders = limits_and_library(size)});
    for (const std::uint64_t batch : {1, 64}) {
      cases.push_back({.name = fmt::format("stream-1p2c/{}/{}", size, batch),
                       .event_size = size,
                       .batch = batch,
                       .consumers = 2,
                       .contenders = limits_and_library(size)});
    }
  }
}

/// Bursts beside claims of the same size; beside single events, of several sizes.
void add_bursts(std::vector<Contender>& contenders, const Contender& plain, std::uint64_t batch,
                std::initializer_list<std::uint64_t> sizes_of_singles) {
  const auto add = [&](std::uint64_t burst) {
    contenders.push_back(plain);
    contenders.back().label += fmt::format(" burst {}", burst);
    contenders.back().burst = burst;
  };
  if (batch != 1) return add(batch);
  for (const std::uint64_t burst : sizes_of_singles) add(burst);
}

/// Publishes side by side: one producer in a ring of one and in a ring of several, and several.
void add_several_producers(std::vector<Case>& cases) {
  constexpr SlotLayout layout = SlotLayout::stamped;
  Contender multi = library("multi", layout);
  multi.producers = format::ProducerKind::multi;
  for (const std::size_t size : main_sizes) {
    for (const std::uint64_t batch : batches) {
      const Contender single = library("single", layout);
      std::vector<Contender> contenders = {limit(layout), single, multi};
      add_bursts(contenders, single, batch, {16});
      add_bursts(contenders, multi, batch, {8, 16, 64});
      cases.push_back({.name = fmt::format("multi-1p1c/{}/{}", size, batch),
                       .event_size = size,
                       .batch = batch,
                       .contenders = contenders});
      contenders = {limit(layout), multi};
      add_bursts(contenders, multi, batch, {8, 16, 64});
      if (has_peers && batch == 1) {
        contenders.push_back({.label = "boost lockfree", .kind = Kind::boost_lockfree});
        contenders.push_back({.label = "boost m. queue", .kind = Kind::boost_message_queue});
      }
      cases.push_back({.name = fmt::format("multi-2p/{}/{}", size, batch),
                       .event_size = size,
                       .batch = batch,
                       .producers = 2,
                       .consumers = 0,
                       .contenders = contenders});
      cases.push_back({.name = fmt::format("multi-2p1c/{}/{}", size, batch),
                       .event_size = size,
                       .batch = batch,
                       .producers = 2,
                       .contenders = contenders});
    }
  }
}

/// What a wait strategy costs while nobody has to sleep.
void add_wait_strategies(std::vector<Case>& cases) {
  constexpr std::size_t size = 32;
  constexpr SlotLayout layout = default_slot_layout(size);
  std::vector<Contender> contenders = {limit(layout)};
  const auto add = [&](std::string label, WaitStrategy wait) {
    contenders.push_back(library(std::move(label), layout));
    contenders.back().wait = wait;
  };
  add("busy_spin", WaitStrategy::busy_spin());
  add("spin_with_hint", WaitStrategy::spin_with_hint());
  add("spin_then_yield", WaitStrategy::spin_then_yield());
  add("block", WaitStrategy::block());
  cases.push_back({.name = "wait/ping-pong/32",
                   .pattern = Pattern::ping_pong,
                   .event_size = size,
                   .contenders = contenders});
  cases.push_back({.name = "wait/stream/32/1", .event_size = size, .contenders = contenders});
  cases.push_back(
      {.name = "wait/stream/32/64", .event_size = size, .batch = 64, .contenders = contenders});
}

/// What it costs to count.
void add_counters(std::vector<Case>& cases) {
  for (const std::size_t size : {8, 56}) {
    const SlotLayout layout = default_slot_layout(size);
    Contender off = library("counters off", layout);
    off.counters = false;
    const std::vector<Contender> contenders = {limit(layout), off, library("counters on", layout)};
    cases.push_back({.name = fmt::format("counters/ping-pong/{}", size),
                     .pattern = Pattern::ping_pong,
                     .event_size = size,
                     .contenders = contenders});
    for (const std::uint64_t batch : batches) {
      cases.push_back({.name = fmt::format("counters/stream/{}/{}", size, batch),
                       .event_size = size,
                       .batch = batch,
                       .contenders = contenders});
    }
  }
  Contender on = library("counters on", SlotLayout::stamped);
  on.producers = format::ProducerKind::multi;
  Contender off = on;
  off.label = "counters off";
  off.counters = false;
  cases.push_back({.name = "counters/multi-1p1c/56/1",
                   .event_size = 56,
                   .contenders = {limit(SlotLayout::stamped), off, on}});
  cases.push_back({.name = "counters/multi-2p/56/1",
                   .event_size = 56,
                   .producers = 2,
                   .consumers = 0,
                   .contenders = {limit(SlotLayout::stamped), off, on}});
}

void add_file(std::vector<Case>& cases) {
  constexpr std::size_t size = 32;
  constexpr SlotLayout layout = default_slot_layout(size);
  std::vector<Contender> contenders = {limit(layout, Storage::file), library("shm", layout),
                                       library("file", layout)};
  contenders.back().storage = Storage::file;
  cases.push_back({.name = "file/ping-pong/32",
                   .pattern = Pattern::ping_pong,
                   .event_size = size,
                   .contenders = contenders});
  for (const std::uint64_t batch : {1, 64}) {
    cases.push_back({.name = fmt::format("file/stream/32/{}", batch),
                     .event_size = size,
                     .batch = batch,
                     .contenders = contenders});
  }
}

/// The figures behind default_slot_layout: both layouts of the library beside both limits.
void add_layouts(std::vector<Case>& cases) {
  for (const std::size_t size : {8, 16, 24, 32, 48, 56, 64, 128, 256}) {
    const std::vector<Contender> contenders = {
        limit(SlotLayout::stamped), limit(SlotLayout::packed),
        library("stamped", SlotLayout::stamped), library("packed", SlotLayout::packed)};
    cases.push_back({.name = fmt::format("layout/ping-pong/{}", size),
                     .pattern = Pattern::ping_pong,
                     .event_size = size,
                     .contenders = contenders,
                     .in_suite = false});
    for (const std::uint64_t batch : batches) {
      cases.push_back({.name = fmt::format("layout/stream/{}/{}", size, batch),
                       .event_size = size,
                       .batch = batch,
                       .contenders = contenders,
                       .in_suite = false});
    }
  }
}

}  // namespace

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  add_ping_pong(cases);
  add_streams(cases);
  add_broadcast(cases);
  add_several_producers(cases);
  add_wait_strategies(cases);
  add_file(cases);
  add_counters(cases);
  add_layouts(cases);
  return cases;
}

}  // namespace disruptor_mp::bench
