// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp clean: removes what is provably dead, and says why it keeps the rest.
#include <fmt/format.h>
#include <unistd.h>

#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "json_output.hpp"
#include "option_values.hpp"
#include "report.hpp"
#include "table.hpp"
#include "terminal.hpp"

namespace disruptor_mp::tool {
namespace {

struct CleanCommand {
  std::vector<std::string> names;
  std::vector<std::string> directories;
  std::string prefix;
  CleanOptions clean;
  bool json = false;
};

/// The names the user gave. A name that leads to nothing is told, and the others are still cleaned.
std::vector<CleanResult> clean_named(const CleanCommand& command, ExitCode& code) {
  std::vector<CleanResult> results;
  for (const std::string& name : command.names) {
    try {
      results.push_back(clean_ring(os::ObjectName::parse(name), command.clean));
      if (!results.back().is_removed && code == ExitCode::ok) code = ExitCode::in_use;
    } catch (const Error& error) {
      report(error, command.json);
      code = exit_code_of(error.code());
    }
  }
  return results;
}

void clean_listed(const RingList& list, const CleanOptions& options,
                  std::vector<CleanResult>& results) {
  const auto clean = [&](const std::string& name) {
    try {
      results.push_back(clean_ring(os::ObjectName::parse(name), options));
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) throw;  // else it went by itself
    }
  };
  for (const RingSummary& ring : list.rings) clean(ring.name);
  for (const UnreadableObject& object : list.unreadable) {
    // What other programs keep there is none of our business, unless it is named.
    if (object.error.code() != Errc::not_a_ring) clean(object.name);
  }
}

std::vector<CleanResult> clean_everywhere(const CleanCommand& command) {
  std::vector<CleanResult> results;
  clean_listed(list_rings(command.prefix), command.clean, results);
  for (const std::string& directory : command.directories)
    clean_listed(list_ring_files(directory, command.prefix), command.clean, results);
  if (!command.prefix.empty()) return results;

  std::vector<std::string> places = command.directories;
  places.emplace_back();
  for (const std::string& place : places) {
    auto temporaries = clean_temporaries(place, command.clean);
    std::move(temporaries.begin(), temporaries.end(), std::back_inserter(results));
  }
  return results;
}

void print_text(const std::vector<CleanResult>& results, bool dry_run) {
  const Style style(STDOUT_FILENO);
  std::size_t removed = 0;
  for (const CleanResult& result : results) {
    removed += result.is_removed ? 1 : 0;
    const char* verb = !result.is_removed ? "kept" : dry_run ? "would remove" : "removed";
    fmt::print("{} {}\n{}", style.paint(result.is_removed ? Tone::good : Tone::warning, verb),
               printable(result.name), wrap(printable(result.reason), 4));
  }
  fmt::print("{} {}, {} kept\n", removed, dry_run ? "to be removed" : "removed",
             results.size() - removed);
}

void print_as_json(const std::vector<CleanResult>& results, bool dry_run) {
  Json removed = Json::array();
  Json kept = Json::array();
  for (const CleanResult& result : results)
    (result.is_removed ? removed : kept).push_back(to_json(result));
  print_json(stdout, {{"dry_run", dry_run}, {"removed", removed}, {"kept", kept}});
}

ExitCode run_clean(const CleanCommand& command) {
  ExitCode code = ExitCode::ok;
  const auto results =
      command.names.empty() ? clean_everywhere(command) : clean_named(command, code);
  if (command.json) {
    print_as_json(results, command.clean.dry_run);
  } else {
    print_text(results, command.clean.dry_run);
  }
  return code;
}

constexpr const char* clean_notes =
    "Examples:\n"
    "  dmp clean --dry-run\n"
    "  dmp clean quotes file:/var/tmp/ring\n"
    "  dmp clean --dir /var/tmp --prefix market\n"
    "  dmp clean --force quotes\n"
    "\n"
    "Removes rings that nobody is attached to (the kernel knows) and nobody is\n"
    "expected to come back to. Kept: what somebody alive uses, stopped processes\n"
    "included; a ring left open for a successor; events that a required consumer has\n"
    "not read; what is no ring or cannot be read. --force removes also these for the\n"
    "names given, but never what somebody uses. Exit code 6: a name given was kept.\n"
    "\n";

}  // namespace

void add_clean(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<CleanCommand>();
  CLI::App& command = *app.add_subcommand("clean", "remove what is provably dead");
  auto* names = command.add_option("NAME", options->names,
                                   "only these rings; default: all in shared\nmemory");
  add_directories(command, options->directories)->excludes(names);
  command.add_option("--prefix", options->prefix, "only names that start with this")
      ->type_name("TEXT")
      ->excludes(names);
  command.add_flag("-n,--dry-run", options->clean.dry_run, "remove nothing, only tell");
  command.add_flag("--force", options->clean.force, "remove also what may be wanted")->needs(names);
  command.add_flag("--json", options->json, "one JSON object");
  command.footer(std::string(clean_notes) + exit_code_help);
  command.callback([options, &invocation] {
    invocation.json = options->json;
    invocation.run = [options] { return run_clean(*options); };
  });
}

}  // namespace disruptor_mp::tool
