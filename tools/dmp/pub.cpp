// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp pub: stdin becomes events.
#include <memory>
#include <string>

#include "command.hpp"
#include "disruptor_mp/segment/format.hpp"
#include "option_values.hpp"
#include "publication.hpp"

namespace disruptor_mp::tool {
namespace {

constexpr const char* pub_examples =
    "Examples:\n"
    "  dmp pub quotes --event-size 64 < quotes.bin\n"
    "  dmp pub file:/var/tmp/ring --event-size 4096 --wait-for 2 < data\n"
    "  dmp pub ticks --event-size 16 --raw --type Tick --align 8 < ticks.bin\n"
    "  dmp pub quotes --event-size 64 --producers multi < quotes.bin\n"
    "\n"
    "`dmp sub` gives back exactly the bytes of stdin, whatever their number: each\n"
    "event carries its length, in four bytes before its payload. With --raw events\n"
    "are the bare bytes, for programs of your own. Several `dmp pub` on one ring take\n"
    "turns between events, never within one.\n"
    "\n";

void add_raw_options(CLI::App& command, PubOptions& options) {
  auto* raw = command.add_flag("--raw", options.is_raw, "events are exactly N bytes of stdin");
  command.add_option("--type", options.raw_type.name, "with --raw: name of the event type")
      ->type_name("NAME")
      ->needs(raw);
  add_number(command, "--align", options.raw_type.align,
             {.least = 1,
              .most = max_event_align,
              .expected = "a power of two from 1 to " + std::to_string(max_event_align)},
             "with --raw: alignment of the event type")
      ->type_name("A")
      ->needs(raw);
  command.add_option("--schema", options.raw_type.schema, "with --raw: fields of the event type")
      ->type_name("TEXT")
      ->needs(raw);
}

}  // namespace

void add_pub(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<PubOptions>();
  CLI::App& command = *app.add_subcommand("pub", "publish stdin as events of N bytes");
  command.add_option("NAME", options->ring, "ring: NAME, shm:NAME or file:PATH")->required();
  add_number(command, "-n,--event-size", options->event_size, {.least = 1, .most = max_event_size},
             "bytes of stdin per event, to 1 MiB; in the\nring 4 more, unless --raw")
      ->type_name("N")
      ->required();
  // What is a number is judged by the library, which knows the neighbouring powers of two.
  add_number(command, "-c,--capacity", options->capacity,
             {.expected = "a power of two from 1 to " + std::to_string(format::max_capacity)},
             "slots of a new ring, a power of two;\n4096, fewer if events are large")
      ->type_name("C");
  add_choice<ProducerKind>(
      command, "--producers", options->producer.producers,
      {{"single", ProducerKind::single}, {"multi", ProducerKind::multi}},
      "who may publish into a new ring: one at a\ntime (single), or any number (multi)")
      ->type_name("KIND");
  add_number(command, "-w,--wait-for", options->wait_for, {.most = format::max_rows - 1},
             "wait for K consumers that hold the\nproducer back; 1")
      ->type_name("K");
  add_number(command, "-b,--batch", options->batch, {.least = 1},
             "publish at most B events at once; 256")
      ->type_name("B");
  add_duration(command, "-t,--timeout", options->timeout,
               "longest wait for consumers, for room, or\nfor another producer to end");
  add_wait_strategy(command, options->producer.wait);
  command.add_option("--id", options->producer.id, "name under which tools show this producer")
      ->type_name("ID");
  command.add_flag("--leave-open", options->leaves_open,
                   "at the end leave the ring to a successor");
  add_raw_options(command, *options);
  command.add_flag("-q,--quiet", options->is_quiet, "no progress, no summary");
  command.add_flag("--json", options->json, "summary and errors as JSON (on stderr)");
  command.footer(std::string(pub_examples) + exit_code_help);
  command.callback([options, &invocation] {
    invocation.json = options->json;
    invocation.run = [options] { return Publication(*options).run(); };
  });
}

}  // namespace disruptor_mp::tool
