// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What `dmp ls`, `dmp inspect`, `dmp stat` and `dmp clean` make of a ring of arbitrary bytes. The
// commands themselves run in this process; what they print is thrown away. They never touch what
// lies beside the ring, and what they print as JSON is JSON.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <exception>
#include <initializer_list>
#include <string>
#include <vector>

#include "command.hpp"
#include "disruptor_mp/base/error.hpp"
#include "failure.hpp"
#include "fuzz/support/image.hpp"

namespace disruptor_mp::fuzz {
namespace {

/// One command line; what the library or the command refuses is no finding.
void run(std::initializer_list<std::string> arguments) {
  CLI::App app("", "dmp");
  tool::Invocation invocation;
  tool::add_ls(app, invocation);
  tool::add_inspect(app, invocation);
  tool::add_stat(app, invocation);
  tool::add_clean(app, invocation);
  std::vector<std::string> reversed(std::rbegin(arguments), std::rend(arguments));
  app.parse(std::move(reversed));
  try {
    (void)invocation.run();
  } catch (const Error&) {
  } catch (const tool::Failure&) {
  }
}

const Folder& folder() {
  static const Folder it;
  return it;
}

}  // namespace
}  // namespace disruptor_mp::fuzz

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  return nowhere >= 0 && ::dup2(nowhere, STDOUT_FILENO) >= 0 ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using disruptor_mp::fuzz::folder;
  using disruptor_mp::fuzz::run;
  const std::string& ring = folder().ring_name();
  folder().put({data, size});
  // The prefix keeps the rings of others in shared memory out of the list.
  run({"ls", "--dir", folder().path(), "--prefix", folder().prefix()});
  run({"ls", "--all", "--dir", folder().path(), "--prefix", folder().prefix()});
  run({"ls", "--json", "--dir", folder().path(), "--prefix", folder().prefix()});
  run({"inspect", ring});
  run({"inspect", "--json", ring});
  run({"inspect", "--graph", ring});
  run({"inspect", "--dot", ring});
  run({"stat", "--all", "--interval", "0", ring});
  run({"stat", "--json", "--interval", "0", ring});
  run({"clean", "--dry-run", ring});
  run({"clean", "--json", "--dir", folder().path(), "--prefix", folder().prefix()});
  folder().put({data, size});
  run({"clean", "--force", ring});
  folder().require_untouched();
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t room, unsigned seed) {
  std::mt19937 random(seed);
  return disruptor_mp::fuzz::mutate_image(data, size, room, random);
}
