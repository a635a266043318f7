// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/endpoint/detail/settings.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/environment.hpp"

namespace disruptor_mp::detail {
namespace {

using namespace std::chrono_literals;

/// A variable of one role, and the one for all.
using Variables = std::array<const char*, 2>;

struct Setting {
  const char* variable;
  std::string value;
};

Variables wait_variables(SettingRole role) {
  return {
      role == SettingRole::producer ? "DISRUPTOR_MP_PRODUCER_WAIT" : "DISRUPTOR_MP_CONSUMER_WAIT",
      "DISRUPTOR_MP_WAIT"};
}

Variables core_variables(SettingRole role) {
  constexpr const char* all = "DISRUPTOR_MP_PROCESS_CORE";
  switch (role) {
    case SettingRole::producer:
      return {"DISRUPTOR_MP_PRODUCER_CORE", all};
    case SettingRole::consumer:
      return {"DISRUPTOR_MP_CONSUMER_CORE", all};
    case SettingRole::processor:
      break;
  }
  return {"DISRUPTOR_MP_PROCESSOR_CORE", all};
}

std::optional<Setting> setting_of(const Variables& variables) {
  for (const char* const variable : variables) {
    if (auto value = os::environment(variable)) return Setting{variable, std::move(*value)};
  }
  return std::nullopt;
}

[[noreturn]] void not_understood(const Setting& setting, const char* what, std::string expected) {
  throw Error(Errc::invalid_option,
              {.object = setting.variable,
               .problem = std::string("this environment variable says no ") + what,
               .found = "'" + setting.value + "'",
               .expected = std::move(expected),
               .remedy = "Correct the variable, unset it, or set the option in the program."});
}

/// A whole number without a sign; nothing if there is anything else.
template <class T>
std::optional<T> parse_number(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "50us"; at most an hour, so that no unit overflows.
std::optional<Duration> parse_period(std::string_view text) noexcept {
  constexpr std::array<std::pair<std::string_view, Duration>, 4> units{
      {{"ns", 1ns}, {"us", 1us}, {"ms", 1ms}, {"s", 1s}}};
  for (const auto& [unit, length] : units) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_number<std::uint64_t>(text.substr(0, text.size() - unit.size()));
    if (!number) continue;  // "5ms" also ends with "s"
    const auto most = static_cast<std::uint64_t>(Duration(1h) / length);
    if (*number == 0 || *number > most) return std::nullopt;
    return length * static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

/// "0-3, 6"
std::string core_list(const std::vector<unsigned>& cores) {
  std::string text;
  for (std::size_t i = 0; i < cores.size();) {
    std::size_t last = i;
    while (last + 1 < cores.size() && cores[last + 1] == cores[last] + 1) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(cores[i]);
    if (last != i) text += "-" + std::to_string(cores[last]);
    i = last + 1;
  }
  return text.empty() ? "none that the kernel names" : text;
}

}  // namespace

std::optional<WaitStrategy> parse_wait_strategy(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const bool is_bare = colon == std::string_view::npos;
  const std::string_view detail = is_bare ? std::string_view() : text.substr(colon + 1);
  if (kind == "busy_spin" && is_bare) return WaitStrategy::busy_spin();
  if (kind == "spin_with_hint" && is_bare) return WaitStrategy::spin_with_hint();
  if (kind == "sleep") {
    if (is_bare) return WaitStrategy::sleep();
    const auto period = parse_period(detail);
    return period ? std::optional(WaitStrategy::sleep(*period)) : std::nullopt;
  }
  const auto spins = parse_number<std::uint32_t>(detail);
  if (kind == "spin_then_yield" && (is_bare || spins))
    return is_bare ? WaitStrategy::spin_then_yield() : WaitStrategy::spin_then_yield(*spins);
  if (kind == "block" && (is_bare || spins))
    return is_bare ? WaitStrategy::block() : WaitStrategy::block(*spins);
  return std::nullopt;
}

WaitStrategy wait_setting(std::optional<WaitStrategy> option, SettingRole role) {
  if (option) return *option;
  const auto setting = setting_of(wait_variables(role));
  if (!setting) return WaitStrategy::block();
  const auto strategy = parse_wait_strategy(setting->value);
  if (!strategy) {
    not_understood(*setting, "wait strategy",
                   "block[:spins], sleep[:time], spin_then_yield[:spins], spin_with_hint or "
                   "busy_spin; a time as 50us, at most an hour");
  }
  return *strategy;
}

CorePin::CorePin(const std::string& object, std::optional<unsigned> option, SettingRole role)
    : core_(option) {
  std::optional<Setting> setting;
  if (!core_) {
    setting = setting_of(core_variables(role));
    if (!setting) return;
    core_ = parse_number<unsigned>(setting->value);
    if (!core_) not_understood(*setting, "core", "the number of a core, such as 3");
  }
  const auto before = os::cores_of_this_thread();
  const auto mask = os::CoreMask::only(*core_);
  if (mask && os::run_this_thread_on(*mask)) {
    before_ = before;
    return;
  }
  const std::string from = setting ? std::string(setting->variable) : "the option `core`";
  throw Error(Errc::invalid_option,
              {.object = object,
               .problem = "the thread cannot be pinned to the core that " + from + " names",
               .found = "core " + std::to_string(*core_),
               .expected = "a core that exists and is allowed to this process: " +
                           core_list(os::usable_cores()),
               .remedy = "Name one of these, or change the cpuset of the process's cgroup."});
}

CorePin::~CorePin() {
  if (before_) static_cast<void>(os::run_this_thread_on(*before_));
}

}  // namespace disruptor_mp::detail
