// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace disruptor_mp::market_feed {

/// The processes of a run.
enum class Role : std::uint8_t { gateway, journal, analytics, monitor };

[[nodiscard]] std::string_view name_of(Role role) noexcept;

/// One process of a run: "journal", or "gateway.2" where there are several of a role.
[[nodiscard]] std::string process_name(Role role, std::uint32_t index);

/// "Kill this process when that share of the events is published."
struct KillOrder {
  Role role = Role::gateway;
  std::uint32_t index = 0;  ///< which of several processes of this role, from 1; 0: the only one
  std::uint32_t share = 0;  ///< hundredths of a percent, 0 to 10000

  /// The number of events at which the order falls due: published ones, of a gateway its own.
  [[nodiscard]] std::uint64_t due_at(std::uint64_t total_events) const noexcept;

  friend bool operator==(const KillOrder&, const KillOrder&) = default;
};

/// ROLE@PERCENT% with ROLE = gateway | journal | analytics | monitor, or with an index: gateway.1;
/// PERCENT from 0 to 100 with at most two decimals. Throws Error for anything else.
[[nodiscard]] KillOrder parse_kill(std::string_view text);

/// The same text again, in its shortest form.
[[nodiscard]] std::string text_of(const KillOrder& order);

/// Lines of a generated feed: at least 1, at most a thousand million (some 200 GB).
[[nodiscard]] std::uint64_t parse_lines(std::string_view text);
/// Any number an unsigned 64-bit integer holds.
[[nodiscard]] std::uint64_t parse_seed(std::string_view text);
/// Slots of the ring: a power of two, at most 2^30. All three take decimal digits and nothing else,
/// and throw Error for anything else.
[[nodiscard]] std::uint64_t parse_capacity(std::string_view text);

/// Throws Error if the feeds given (none: generated ones) or the kills do not fit so many gateways.
void require_consistent(std::size_t gateways, std::size_t feeds,
                        const std::vector<KillOrder>& kills);

/// How fast a recording is replayed.
class Pace {
 public:
  Pace() = default;  ///< as fast as it goes

  /// A number above 0 with at most 8 decimals (1 is recorded speed, 10 ten times that), or "max".
  /// Throws Error for anything else.
  [[nodiscard]] static Pace parse(std::string_view text);

  [[nodiscard]] bool is_full_speed() const noexcept { return scaled_factor_ == 0; }

  /// How long after the first event an event is due that was received `recorded_ns` after the
  /// first. Exact integer arithmetic, rounded down; 0 at full speed.
  [[nodiscard]] std::int64_t due_after_ns(std::int64_t recorded_ns) const noexcept;

  /// "max", "1 x recorded speed".
  [[nodiscard]] std::string text() const;

  /// What parse() turns into this pace again.
  [[nodiscard]] std::string argument() const;

 private:
  std::int64_t scaled_factor_ = 0;  // 1e-8; 0 is full speed
};

}  // namespace disruptor_mp::market_feed
