// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp tail: the newest events of a ring, read as an observer, whoever is alive.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "byte_frame.hpp"
#include "byte_stream.hpp"
#include "command.hpp"
#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "event_lines.hpp"
#include "option_values.hpp"
#include "report.hpp"
#include "stop_signal.hpp"

namespace disruptor_mp::tool {
namespace {

struct TailOptions {
  std::string ring;
  std::uint64_t count = 10;
  std::optional<EventFormat> format;
  bool follows = false;
  bool json = false;
};

/// One run of `dmp tail`.
class Tail {
 public:
  explicit Tail(const TailOptions& options)
      : options_(options),
        consumer_(attach(options)),
        lines_(lines_of(consumer_.segment(), options)),
        end_(stream_position(consumer_.segment()).published.value()),
        first_(std::max(consumer_.start_sequence().value(), end_ - std::min(end_, options.count))) {
  }

  ExitCode run() {
    try {
      while (!is_over()) {
        const Poll outcome = read_some();
        tell_missed();
        output_.flush();
        if (outcome == Poll::events) continue;
        // Nobody can find one without a name any more: no successor comes.
        if (!options_.follows || is_final(outcome) || !consumer_.segment().object().is_named())
          break;
      }
    } catch (const BrokenPipe&) {
      return ExitCode::ok;
    }
    return stop_.received() == 0 ? ExitCode::ok : exit_code_of_signal(stop_.received());
  }

 private:
  static Consumer<Bytes> attach(const TailOptions& options) {
    return Consumer<Bytes>::attach(options.ring, {.kind = ConsumerKind::observer,
                                                  .start = Start::oldest,
                                                  .timeout = Duration::zero(),
                                                  .successor_patience = wait_slice / 2});
  }

  static EventLines lines_of(const Segment& segment, const TailOptions& options) {
    auto fields =
        parse_schema(segment.schema(), segment.shape().event_size).value_or(std::vector<Field>());
    const bool is_described = !fields.empty() && segment.type_name() != framed_type_name;
    EventFormat format = is_described ? EventFormat::fields : EventFormat::hex;
    if (options.json) format = EventFormat::json;
    if (options.format) format = *options.format;
    if (format == EventFormat::fields) fields = require_fields(segment);
    if (format == EventFormat::hex || (format == EventFormat::json && !is_described)) fields = {};
    return {segment, format, false, std::move(fields)};
  }

  [[nodiscard]] bool is_over() const {
    if (stop_.received() != 0) return true;
    return !options_.follows && consumer_.next_sequence().value() >= end_;
  }
  [[nodiscard]] static bool is_final(Poll outcome) {
    return outcome == Poll::closed || outcome == Poll::stopped || outcome == Poll::gone;
  }

  Poll read_some() {
    const auto show = [this](std::span<const std::byte> event, Sequence sequence) {
      if (sequence.value() < first_) return;
      if (!options_.follows && sequence.value() >= end_) return;
      // What claims to be of dmp pub and is not is shown as it is.
      lines_.append(output_, sequence.value(), lines_.payload(event).value_or(event));
    };
    return options_.follows ? consumer_.poll_until(os::now() + wait_slice, show).outcome
                            : consumer_.poll(show).outcome;
  }

  /// Of those that were to be shown.
  void tell_missed() {
    const std::uint64_t missed = consumer_.missed();
    if (missed != missed_ && consumer_.next_sequence().value() > first_) {
      warn(fmt::format("{}: {} events were overwritten before they were read", options_.ring,
                       missed - missed_),
           options_.json);
    }
    missed_ = missed;
  }

  const TailOptions& options_;
  StopSignal stop_;
  ByteOutput output_;
  Consumer<Bytes> consumer_;
  EventLines lines_;
  std::uint64_t end_;    ///< of what there was at first
  std::uint64_t first_;  ///< what is shown first
  std::uint64_t missed_ = 0;
};

constexpr const char* tail_notes =
    "Examples:\n"
    "  dmp tail quotes\n"
    "  dmp tail quotes -n 100 --format hex\n"
    "  dmp tail quotes --follow --json\n"
    "\n"
    "Shows the newest events, one a line, as fields if the ring describes them, else\n"
    "in hex; behind the sequence of each. Reads as an observer: it holds nobody up,\n"
    "and may miss events that are overwritten meanwhile, which it says on stderr.\n"
    "Works on a ring whose processes are stopped, dead, or gone. --follow ends when\n"
    "the ring is closed or removed, not when its producer dies.\n"
    "\n";

}  // namespace

void add_tail(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<TailOptions>();
  CLI::App& command = *app.add_subcommand("tail", "the newest events of a ring, without a trace");
  command.add_option("NAME", options->ring, "ring: NAME, shm:NAME or file:PATH")->required();
  add_number(command, "-n,--last", options->count, {.least = 0}, "so many of those there are; 10")
      ->type_name("N");
  command.add_flag("-f,--follow", options->follows, "then those that come, until the end");
  add_choice<std::optional<EventFormat>>(
      command, "--format", options->format,
      {{"hex", EventFormat::hex}, {"fields", EventFormat::fields}},
      "hex, or fields as the ring describes them")
      ->type_name("FORMAT");
  command.add_flag("--json", options->json, "events as JSON objects, a line each; errors too")
      ->excludes("--format");
  command.footer(std::string(tail_notes) + exit_code_help);
  command.callback([options, &invocation] {
    invocation.json = options->json;
    invocation.run = [options] { return Tail(*options).run(); };
  });
}

}  // namespace disruptor_mp::tool
