// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp doctor: what of this machine is in the way of rings, and what to change.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "host.hpp"
#include "json_output.hpp"
#include "table.hpp"
#include "terminal.hpp"

namespace disruptor_mp::tool {
namespace {

std::vector<Check> examine() {
  utsname kernel{};
  const std::string release = ::uname(&kernel) == 0 ? kernel.release : "unknown";
  const HostFiles files;
  std::vector<Check> checks = check_a_ring();
  checks.insert(checks.begin(), {check_kernel(release), check_shared_memory(find_shared_memory())});
  for (Check& check :
       std::vector<Check>{check_cores(), check_cpu_quota(files), check_isolated_cores(files),
                          check_governor(files), check_clock(files), check_memory_limit(files),
                          check_locked_memory(), check_huge_pages(files), check_swap(files),
                          check_remove_ipc(files, ::geteuid())}) {
    checks.push_back(std::move(check));
  }
  return checks;
}

Tone verdict_tone(Check::Verdict verdict) {
  switch (verdict) {
    case Check::Verdict::good:
      return Tone::good;
    case Check::Verdict::warning:
      return Tone::warning;
    case Check::Verdict::bad:
      return Tone::bad;
    case Check::Verdict::note:
      break;
  }
  return Tone::plain;
}

void print_checks(const std::vector<Check>& checks) {
  constexpr std::size_t indent = 28;
  const Style style(STDOUT_FILENO);
  for (const Check& check : checks) {
    std::string text = wrap(check.found, indent);
    const std::string verdict = fmt::format("{:<7}", name_of(check.verdict));
    text.replace(0, indent,
                 fmt::format("{} {:<{}}", style.paint(verdict_tone(check.verdict), verdict),
                             check.name, indent - 8));
    fmt::print("{}", text);
    if (!check.remedy.empty()) fmt::print("{}", wrap(check.remedy, indent));
  }
}

std::size_t count_of(const std::vector<Check>& checks, Check::Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(checks.begin(), checks.end(),
                    [verdict](const Check& check) { return check.verdict == verdict; }));
}

ExitCode run_doctor(bool json) {
  const std::vector<Check> checks = examine();
  const std::size_t bad = count_of(checks, Check::Verdict::bad);
  const std::size_t warnings = count_of(checks, Check::Verdict::warning);
  if (json) {
    Json all = Json::array();
    for (const Check& check : checks) {
      all.push_back({{"name", check.name},
                     {"verdict", name_of(check.verdict)},
                     {"found", check.found},
                     {"remedy", check.remedy.empty() ? Json() : Json(check.remedy)}});
    }
    print_json(stdout, {{"checks", all}, {"bad", bad}, {"warnings", warnings}});
  } else {
    print_checks(checks);
    if (bad != 0) {
      fmt::print("\nrings do not work here: {} to mend\n", bad);
    } else if (warnings != 0) {
      fmt::print("\nrings work; {} to look at\n", warnings);
    } else {
      fmt::print("\nrings work\n");
    }
  }
  return bad == 0 ? ExitCode::ok : ExitCode::failure;
}

constexpr const char* doctor_notes =
    "Examples:\n"
    "  dmp doctor\n"
    "  dmp doctor --json\n"
    "\n"
    "Makes a small ring, passes an event through it and removes it; then looks at\n"
    "what the machine allows. It changes nothing. \"warning\": rings work, and not as\n"
    "well as they could; \"note\": as it is, some would want it otherwise. The exit\n"
    "code is 1 if rings do not work.\n"
    "\n";

}  // namespace

void add_doctor(CLI::App& app, Invocation& invocation) {
  auto json = std::make_shared<bool>(false);
  CLI::App& command = *app.add_subcommand("doctor", "what of this machine is in the way of rings");
  command.add_flag("--json", *json, "one JSON object");
  command.footer(std::string(doctor_notes) + exit_code_help);
  command.callback([json, &invocation] {
    invocation.json = *json;
    invocation.run = [json] { return run_doctor(*json); };
  });
}

}  // namespace disruptor_mp::tool
