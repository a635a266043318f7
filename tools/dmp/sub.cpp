// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp sub: events become bytes on stdout.
#include <memory>
#include <string>

#include "command.hpp"
#include "option_values.hpp"
#include "subscription.hpp"

namespace disruptor_mp::tool {
namespace {

constexpr const char* sub_examples =
    "Examples:\n"
    "  dmp sub quotes > copy.bin\n"
    "  dmp sub quotes --id journal --kind required --start resume >> journal.bin\n"
    "  dmp sub quotes --kind observer --start latest --count 10 --format hex\n"
    "  dmp sub quotes --kind observer --count 10 --format fields\n"
    "\n"
    "Waits for the ring to appear and ends when its producer closes it. After a\n"
    "crash --start resume goes on behind the last batch that was written; at most\n"
    "that batch is written twice (--format hex shows the sequence of each event).\n"
    "\n";

}  // namespace

void add_sub(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<SubOptions>();
  CLI::App& command = *app.add_subcommand("sub", "write the events of a ring to stdout");
  command.add_option("NAME", options->ring, "ring: NAME, shm:NAME or file:PATH")->required();
  command.add_option("--id", options->consumer.id, "this consumer's id; made up if not given")
      ->type_name("ID");
  add_choice<Start>(
      command, "--start", options->consumer.start,
      {{"oldest", Start::oldest}, {"latest", Start::latest}, {"resume", Start::resume}},
      "oldest event in the ring (default), latest,\nor resume where this id stopped")
      ->type_name("WHERE");
  add_choice<ConsumerKind>(command, "--kind", options->consumer.kind,
                           {{"gating", ConsumerKind::gating},
                            {"required", ConsumerKind::required},
                            {"observer", ConsumerKind::observer}},
                           "gating: holds the producer back (default);\n"
                           "required: also while it is away; observer:\n"
                           "never, may miss events")
      ->type_name("KIND");
  command
      .add_option("--after", options->consumer.after,
                  "wait for these consumers: read what all of\nthem have committed")
      ->type_name("ID,...")
      ->delimiter(',')
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_number(command, "--count", options->count, {.least = 1}, "end after N events")
      ->type_name("N");
  add_duration(command, "-t,--timeout", options->timeout,
               "longest wait for the ring and for an event;\ndefault: for ever");
  command.add_flag("--follow", options->follows, "wait for a successor if the producer dies");
  add_number(command, "-b,--batch", options->consumer.max_batch, {.least = 1},
             "commit at most B events at once; 256")
      ->type_name("B");
  add_wait_strategy(command, options->consumer.wait);
  add_choice<EventFormat>(
      command, "--format", options->format,
      {{"raw", EventFormat::raw},
       {"hex", EventFormat::hex},
       {"fields", EventFormat::fields},
       {"json", EventFormat::json}},
      "raw bytes (default), or a line per event:\nhex (sequence and bytes), fields or json (as\n"
      "the ring describes its events)")
      ->type_name("FORMAT");
  command.add_flag("--frames", options->shows_frames, "print events of dmp pub with their length");
  command.add_flag("-q,--quiet", options->is_quiet, "no progress, no summary");
  command.add_flag("--json", options->json, "summary and errors as JSON (on stderr)");
  command.footer(std::string(sub_examples) + exit_code_help);
  command.callback([options, &invocation] {
    invocation.json = options->json;
    invocation.run = [options] { return Subscription(*options).run(); };
  });
}

}  // namespace disruptor_mp::tool
