// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Both readers of traces, of arbitrary text: the contract's (disruptor_mp::dst), and the
// simulator's for `dst replay`. A text is refused with words, or is a trace that is written and
// read back as itself.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "disruptor_mp/dst/trace.hpp"
#include "trace_file.hpp"

namespace {

[[noreturn]] void finding(const char* text) {
  std::fprintf(stderr, "FINDING: %s\n", text);
  std::abort();
}

void read_as_contract(const std::string& text) {
  namespace dst = disruptor_mp::dst;
  const auto trace = dst::TraceArtifact::from_json(text);
  if (!trace) {
    if (to_string(trace.error()).empty()) finding("a refusal without words");
    return;
  }
  const std::string written = trace.value().to_json();
  const auto again = dst::TraceArtifact::from_json(written);
  if (!again || again.value().to_json() != written) finding("a trace that is not itself");
}

void read_as_simulator(const std::string& text) {
  namespace sim = disruptor_mp::sim;
  std::string written;
  try {
    written = to_json(sim::trace_from_json(text));
  } catch (const std::runtime_error&) {
    return;  // refused, in words
  }
  if (to_json(sim::trace_from_json(written)) != written) finding("a trace that is not itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_as_contract(text);
  read_as_simulator(text);
  return 0;
}
