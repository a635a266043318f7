// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/graph.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <sstream>
#include <utility>

namespace disruptor_mp {
namespace {

using format::RowKind;
using Presence = Participant::Presence;

const Participant* find_consumer(const std::vector<Participant>& participants,
                                 const std::string& id) {
  const auto found =
      std::find_if(participants.begin(), participants.end(), [&](const Participant& participant) {
        return participant.kind != RowKind::producer && participant.id == id;
      });
  return found == participants.end() ? nullptr : &*found;
}

/// Whether its declaration still counts: it lives, or is held a place for and will declare the same
/// again when it returns.
bool may_go_on(const Participant& participant) {
  return participant.presence == Presence::alive || participant.presence == Presence::stopped ||
         (participant.kind == RowKind::required && participant.gates);
}

/// Depth first; `way` leads from the start to where we are.
bool leads_to(const std::vector<Participant>& participants, const std::string& goal,
              std::vector<std::string>& visited, std::vector<std::string>& way) {
  const std::string here = way.back();
  if (here == goal) return true;
  if (std::find(visited.begin(), visited.end(), here) != visited.end()) return false;
  visited.push_back(here);
  const Participant* const participant = find_consumer(participants, here);
  if (participant == nullptr || !may_go_on(*participant)) return false;
  for (const std::string& next : participant->after) {
    way.push_back(next);
    if (leads_to(participants, goal, visited, way)) return true;
    way.pop_back();
  }
  return false;
}

/// The one of `consumer.after` that is furthest behind, if it stands in the way.
std::optional<Blocker> first_blocker(const std::vector<Participant>& participants,
                                     const Participant& consumer) {
  std::optional<Blocker> first;
  for (const std::string& id : consumer.after) {
    const Participant* const predecessor = find_consumer(participants, id);
    if (predecessor == nullptr) return Blocker{.id = id, .participant = {}};
    if (!predecessor->gates || predecessor->cursor > consumer.cursor) continue;
    if (!first || predecessor->cursor < first->participant->cursor)
      first = Blocker{.id = id, .participant = *predecessor};
  }
  return first;
}

}  // namespace

std::string describe(const Blocker& blocker) {
  if (!blocker.participant) return blocker.id + ", which has never been there";
  return describe(*blocker.participant) + " at " +
         std::to_string(blocker.participant->cursor.value());
}

std::vector<Blocker> blockers_of(const std::vector<Participant>& participants,
                                 const Participant& consumer) {
  std::vector<Blocker> chain;
  const Participant* here = &consumer;
  // Nobody declares a circle, but somebody may have written one into the rows.
  while (chain.size() < participants.size()) {
    auto blocker = first_blocker(participants, *here);
    if (!blocker) break;
    chain.push_back(std::move(*blocker));
    if (!chain.back().participant) break;
    here = find_consumer(participants, chain.back().id);
  }
  return chain;
}

std::vector<std::string> find_cycle(const std::vector<Participant>& participants,
                                    const std::string& id, const std::vector<std::string>& after) {
  std::vector<std::string> visited;
  for (const std::string& first : after) {
    std::vector<std::string> way = {first};
    if (!leads_to(participants, id, visited, way)) continue;
    way.insert(way.begin(), id);
    return way;
  }
  return {};
}

std::vector<std::string> read_after(const format::Row& row) {
  std::array<std::uint64_t, format::after_words> words{};
  // Acquire: pairs with the release that ends a declaration; the other words were written before.
  words[0] = row.after[0].load(std::memory_order_acquire);
  if (words[0] == 0) return {};
  for (std::size_t i = 1; i < words.size(); ++i)
    words[i] = row.after[i].load(std::memory_order_relaxed);
  std::array<char, sizeof words> bytes{};
  std::memcpy(bytes.data(), words.data(), sizeof words);
  bytes.back() = '\0';
  std::vector<std::string> after;
  std::istringstream text(bytes.data());
  for (std::string id; std::getline(text, id, ',');) {
    for (char& c : id) {
      if (c < ' ' || c > '~') c = '?';
    }
    after.push_back(std::move(id));
  }
  return after;
}

void write_after(format::Row& row, const std::vector<std::string>& after) {
  row.after[0].store(0, std::memory_order_relaxed);
  if (after.empty()) return;
  // Whoever finds a word of the new declaration finds that the old one is gone.
  std::atomic_thread_fence(std::memory_order_release);
  std::string text;
  for (const std::string& id : after) text += (text.empty() ? "" : ",") + id;
  std::array<std::uint64_t, format::after_words> words{};
  std::memcpy(words.data(), text.data(), std::min(text.size(), format::max_after_length));
  for (std::size_t i = 1; i < words.size(); ++i)
    row.after[i].store(words[i], std::memory_order_relaxed);
  // Release: whoever sees the first word sees all.
  row.after[0].store(words[0], std::memory_order_release);
}

std::size_t after_length(const std::vector<std::string>& after) noexcept {
  std::size_t length = after.empty() ? 0 : after.size() - 1;
  for (const std::string& id : after) length += id.size();
  return length;
}

}  // namespace disruptor_mp
