// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What `dmp sub`, `dmp tail` and `dmp pub` make of a ring of arbitrary bytes: they read it to its
// end, or for as long as they may, and publish a few bytes into it. The commands themselves run in
// this process; what they print is thrown away.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

#include "byte_stream.hpp"
#include "command.hpp"
#include "disruptor_mp/base/error.hpp"
#include "failure.hpp"
#include "fuzz/support/image.hpp"

namespace disruptor_mp::fuzz {
namespace {

/// A whole command, whose waiting costs no time (support/virtual_time.cpp).
constexpr auto longest_command = std::chrono::seconds(5);

/// One command line; what the library or the command refuses is no finding.
void run(std::initializer_list<std::string> arguments) {
  CLI::App app("", "dmp");
  tool::Invocation invocation;
  tool::add_sub(app, invocation);
  tool::add_pub(app, invocation);
  tool::add_tail(app, invocation);
  std::vector<std::string> reversed(std::rbegin(arguments), std::rend(arguments));
  app.parse(std::move(reversed));
  const auto start = std::chrono::steady_clock::now();
  try {
    (void)invocation.run();
  } catch (const Error&) {
  } catch (const tool::Failure&) {
  }
  if (std::chrono::steady_clock::now() - start > longest_command) {
    std::fprintf(stderr, "FINDING: a command past its deadline\n");
    std::abort();
  }
}

const Folder& folder() {
  static const Folder it;
  return it;
}

/// The same few events for every publisher.
void rewind_input() { (void)::lseek(STDIN_FILENO, 0, SEEK_SET); }

}  // namespace
}  // namespace disruptor_mp::fuzz

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  std::FILE* const input = std::tmpfile();
  if (nowhere < 0 || input == nullptr || ::dup2(nowhere, STDOUT_FILENO) < 0) return 1;
  static constexpr std::array<char, 80> bytes{};
  if (::write(::fileno(input), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    return 1;
  return ::dup2(::fileno(input), STDIN_FILENO) >= 0 ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using disruptor_mp::fuzz::folder;
  using disruptor_mp::fuzz::rewind_input;
  using disruptor_mp::fuzz::run;
  const std::string& ring = folder().ring_name();
  folder().put({data, size});
  run({"sub", ring, "-q", "-t", "1ms", "--kind", "observer", "--format", "hex"});
  run({"sub", ring, "-q", "-t", "1ms", "--start", "latest", "--count", "3", "-b", "1"});
  run({"sub", ring, "-q", "-t", "1ms", "--id", "third", "--after", "first,second", "--follow"});
  run({"sub", ring, "-q", "-t", "1ms", "--id", "first", "--kind", "required", "--start", "resume",
       "--frames"});
  run({"tail", ring});
  run({"tail", ring, "--json", "--last", "1000"});
  // As the seeds have it: an event of two words with a name, or the bytes of `dmp pub` itself.
  folder().put({data, size});
  rewind_input();
  run({"pub", ring, "-q", "-t", "1ms", "-w", "0", "-c", "4", "-n", "16", "--raw", "--type", "Tick",
       "--align", "8", "--leave-open"});
  rewind_input();
  run({"pub", ring, "-q", "-t", "1ms", "-w", "1", "-c", "4", "-n", "28", "--id", "writer"});
  run({"sub", ring, "-q", "-t", "1ms"});
  folder().require_untouched();
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t room, unsigned seed) {
  std::mt19937 random(seed);
  return disruptor_mp::fuzz::mutate_image(data, size, room, random);
}
