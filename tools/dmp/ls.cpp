// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp ls: which rings are there.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "json_output.hpp"
#include "option_values.hpp"
#include "ring_facts.hpp"
#include "table.hpp"
#include "terminal.hpp"

namespace disruptor_mp::tool {
namespace {

struct LsOptions {
  std::vector<std::string> directories;
  std::string prefix;
  bool shows_all = false;
  bool names_only = false;
  bool json = false;
};

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

RingList find_rings(const LsOptions& options) {
  RingList list = list_rings(options.prefix);
  for (const std::string& directory : options.directories) {
    RingList files = list_ring_files(directory, options.prefix);
    append(list.rings, std::move(files.rings));
    append(list.unreadable, std::move(files.unreadable));
  }
  return list;
}

/// The name without its namespaces, and not longer than fits a table.
std::string short_type(const std::string& name) {
  constexpr std::size_t longest = 12;
  const auto colons = name.substr(0, name.find('<')).rfind("::");
  return (colons == std::string::npos ? name : name.substr(colons + 2)).substr(0, longest);
}

std::string consumers_of(const RingSummary& ring) {
  const auto expected = ring.consumers_present + ring.consumers_away;
  return ring.consumers_away == 0 ? std::to_string(ring.consumers_present)
                                  : fmt::format("{}/{}", ring.consumers_present, expected);
}

void print_table(const RingList& list) {
  if (list.rings.empty()) {
    fmt::print("no rings\n");
    return;
  }
  using Align = Table::Align;
  Table table({{"NAME"},
               {"TYPE"},
               {"SIZE", Align::right},
               {"SLOTS", Align::right},
               {"PUBLISHED", Align::right},
               {"CONS", Align::right},
               {"PRODUCER"}});
  for (const RingSummary& ring : list.rings) {
    table.add(
        {{printable(ring.name)},
         {short_type(ring.type_name)},
         {std::to_string(ring.event_size)},
         {std::to_string(ring.capacity)},
         {std::to_string(ring.position.published.value())},
         {consumers_of(ring)},
         {producers_text(ring.producer_kind, ring.state, ring.producers), tone_of(ring.state)}});
  }
  fmt::print("{}", table.text(Style(STDOUT_FILENO)));
}

void print_unreadable(const RingList& list, bool shows_all) {
  if (shows_all) {
    for (const UnreadableObject& object : list.unreadable) {
      fmt::print("\n{}\n{}", printable(object.name),
                 wrap(object.error.problem() + ": found " + object.error.found() + ", expected " +
                          object.error.expected(),
                      2));
    }
    return;
  }
  // Objects of other programs are no news; rings that cannot be read are.
  const auto damaged = std::count_if(list.unreadable.begin(), list.unreadable.end(),
                                     [](const UnreadableObject& object) {
                                       return object.error.code() != Errc::not_a_ring &&
                                              object.error.code() != Errc::permission_denied;
                                     });
  if (damaged != 0) fmt::print("{} more cannot be read: see `dmp ls --all`\n", damaged);
}

ExitCode run_ls(const LsOptions& options) {
  const RingList list = find_rings(options);
  if (options.json) {
    Json rings = Json::array();
    for (const RingSummary& ring : list.rings) rings.push_back(to_json(ring));
    Json unreadable = Json::array();
    for (const UnreadableObject& object : list.unreadable)
      unreadable.push_back({{"name", object.name}, {"error", to_json(object.error)}});
    print_json(stdout, {{"rings", rings}, {"unreadable", unreadable}});
  } else if (options.names_only) {
    for (const RingSummary& ring : list.rings) fmt::print("{}\n", printable(ring.name));
  } else {
    print_table(list);
    print_unreadable(list, options.shows_all);
  }
  return ExitCode::ok;
}

constexpr const char* ls_notes =
    "Examples:\n"
    "  dmp ls\n"
    "  dmp ls --dir /var/tmp --prefix market\n"
    "  dmp ls --json\n"
    "\n"
    "CONS counts required and gating consumers that are attached; \"1/2\" means that\n"
    "one of two is there, and the required one that is away holds the producer back.\n"
    "PRODUCER is alive, stopped (SIGSTOP), dead, left (open for a successor) or\n"
    "closed; of several producers, how many are what: \"2 alive, 1 dead\". Observers\n"
    "leave no trace in a ring.\n"
    "\n";

}  // namespace

void add_ls(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<LsOptions>();
  CLI::App& command = *app.add_subcommand("ls", "list rings");
  add_directories(command, options->directories);
  command.add_option("--prefix", options->prefix, "only names that start with this")
      ->type_name("TEXT");
  command.add_flag("--all", options->shows_all, "also what cannot be read, and why");
  command.add_flag("--names", options->names_only, "nothing but names, one per line");
  command.add_flag("--json", options->json, "one JSON object");
  command.footer(std::string(ls_notes) + exit_code_help);
  command.callback([options, &invocation] {
    invocation.json = options->json;
    invocation.run = [options] { return run_ls(*options); };
  });
}

}  // namespace disruptor_mp::tool
