// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp export: rings as metrics for Prometheus.
#include <fmt/format.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "command.hpp"
#include "disruptor_mp/adapters/prometheus.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "failure.hpp"
#include "option_values.hpp"
#include "report.hpp"
#include "stop_signal.hpp"

namespace disruptor_mp::tool {
namespace {

struct ExportOptions {
  std::string listen = "127.0.0.1:9464";
  RingSelection selection;
  bool once = false;
  bool json = false;
};

std::unique_ptr<prometheus::Exposer> serve(const std::string& address) {
  try {
    return std::make_unique<prometheus::Exposer>(address);
  } catch (const std::exception&) {
    throw Failure(ExitCode::failure, "cannot_listen",
                  {.object = "dmp export",
                   .problem = "cannot listen",
                   .found = address,
                   .expected = "an address and a free port of this machine, as 127.0.0.1:9464",
                   .remedy = "Choose another with --listen."});
  }
}

ExitCode run_export(const ExportOptions& options) {
  const auto rings = std::make_shared<RingCollector>(options.selection);
  if (options.once) {
    fmt::print("{}", prometheus::TextSerializer().Serialize(rings->Collect()));
    return ExitCode::ok;
  }
  StopSignal stop;
  const auto exposer = serve(options.listen);
  exposer->RegisterCollectable(rings);
  const std::string host = options.listen.substr(0, options.listen.rfind(':') + 1);
  fmt::print(stderr, "dmp: serving http://{}{}/metrics\n", host,
             exposer->GetListeningPorts().front());
  while (stop.received() == 0) os::sleep_until(os::now() + wait_slice);
  return exit_code_of_signal(stop.received());
}

constexpr const char* export_notes =
    "Examples:\n"
    "  dmp export --listen 127.0.0.1:9464\n"
    "  dmp export --once --prefix market\n"
    "  dmp export --once --dir /var/tmp\n"
    "\n"
    "Serves http://ADDR:PORT/metrics: all rings there are when somebody asks, their\n"
    "participants and counters. Reads only, holds nobody up; what cannot be read is\n"
    "told (disruptor_mp_ring_readable 0) beside the others. Rules and a dashboard\n"
    "are in ops/, the metrics in docs/operations.md.\n"
    "\n";

}  // namespace

void add_export(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App& command = *app.add_subcommand("export", "all rings as metrics for Prometheus");
  command.add_option("--listen", options->listen, "where to serve; 127.0.0.1:9464")
      ->type_name("ADDR:PORT");
  command.add_option("--prefix", options->selection.prefix, "only names that start with this")
      ->type_name("TEXT");
  add_directories(command, options->selection.directories);
  command.add_flag("--once", options->once, "print what would be served, and end");
  command.add_flag("--json", options->json, "errors as JSON (on stderr)");
  command.footer(std::string(export_notes) + exit_code_help);
  command.callback([options, &invocation] {
    invocation.json = options->json;
    invocation.run = [options] { return run_export(*options); };
  });
}

}  // namespace disruptor_mp::tool
