// SPDX-License-Identifier: MIT OR Apache-2.0
//
// inference_fabric: requests to all workers over one ring, their answers over one each; workers are
// killed and restarted in the middle, and every answer is checked.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fabric.hpp"

namespace disruptor_mp::inference_fabric {
namespace {

constexpr std::uint64_t most_workers = 64;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// "worker.2@50%"
std::optional<Kill> parse_kill(std::string_view text, const Plan& plan) {
  constexpr std::string_view prefix = "worker.";
  const auto at = text.find('@');
  if (!text.starts_with(prefix) || !text.ends_with('%') || at == std::string_view::npos) return {};
  const auto rank = number_in(text.substr(prefix.size(), at - prefix.size()));
  const auto percent = number_in(text.substr(at + 1, text.size() - at - 2));
  if (!rank || !percent || *rank >= plan.workers || *percent > 99) return {};
  return Kill{.rank = *rank, .at = plan.requests * *percent / 100};
}

int run(int count, char** arguments) {
  Plan plan;
  plan.name = "inference-fabric-" + std::to_string(getpid());
  std::vector<std::string> kills;
  CLI::App app("One driver and N workers over rings in shared memory", "inference_fabric");
  app.add_option("--workers", plan.workers, "how many (4)")->check(CLI::Range(1UL, most_workers));
  app.add_option("--requests", plan.requests, "how many (200000)")
      ->check(CLI::Range(1UL, 1'000'000'000UL));
  app.add_option("--kill", kills, "kill -9 a worker when so much was sent: worker.2@50%")
      ->take_all();
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const std::string& text : kills) {
    const auto kill = parse_kill(text, plan);
    if (!kill) {
      fmt::print(stderr,
                 "inference_fabric: --kill {}: expected worker.N@P%, N below {} and P up to 99\n",
                 text, plan.workers);
      return 2;
    }
    plan.kills.push_back(*kill);
  }
  std::stable_sort(plan.kills.begin(), plan.kills.end(),
                   [](const Kill& a, const Kill& b) { return a.at < b.at; });
  return supervise(plan);
}

}  // namespace
}  // namespace disruptor_mp::inference_fabric

int main(int count, char** arguments) try {
  return disruptor_mp::inference_fabric::run(count, arguments);
} catch (const std::exception& error) {
  fmt::print(stderr, "inference_fabric: {}\n", error.what());
  return 1;
}
