// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A journal that is killed three times in the middle of its work and started again under the same
// id. It goes on behind the last batch that it committed: nothing is lost, and at most one batch a
// restart is written twice.
//
//   resume_after_restart    runs it, and compares the journal with what was published
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"

namespace dmp = disruptor_mp;
using namespace std::chrono_literals;

namespace {

struct Order {
  std::uint64_t number;
};
constexpr std::uint64_t count = 400'000;
constexpr std::uint64_t batch = 256;
constexpr std::uint64_t kills = 3;

/// Appends the number of every order to the file. A batch is written before it is committed: dying
/// in between repeats it, but loses nothing.
int keep_journal(const std::string& ring, const char* path) {
  auto orders = dmp::Consumer<Order>::attach(ring, {.id = "journal",
                                                    .kind = dmp::ConsumerKind::required,
                                                    .start = dmp::Start::resume,
                                                    .timeout = 10s,
                                                    .max_batch = batch});
  const int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  std::vector<std::uint64_t> written;
  const dmp::Poll end = orders.run([&](const Order& order, dmp::Sequence, bool is_last) {
    written.push_back(order.number);
    if (!is_last) return;
    const std::size_t size = written.size() * sizeof(std::uint64_t);
    if (write(file, written.data(), size) != static_cast<ssize_t>(size)) std::abort();
    written.clear();
  });
  return end == dmp::Poll::closed ? 0 : 1;
}

pid_t start_journal(const std::string& ring, const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "resume_after_restart", ring.c_str(), path.c_str(), nullptr);
    std::_Exit(127);
  }
  return child;
}

/// Is every number there, in order, but for what was repeated after a restart?
int compare(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return 1;
  std::uint64_t next = 0;
  std::uint64_t repeated = 0;
  std::uint64_t wrong = 0;
  for (std::uint64_t number = 0; std::fread(&number, sizeof number, 1, file) == 1;) {
    if (number > next) ++wrong;
    if (number < next) ++repeated;
    if (number == next) ++next;
  }
  std::fclose(file);
  const bool is_right = next == count && wrong == 0 && repeated <= kills * batch;
  std::printf("%llu orders in the journal, %llu repeated after %llu kills: %s\n",
              static_cast<unsigned long long>(next), static_cast<unsigned long long>(repeated),
              static_cast<unsigned long long>(kills), is_right ? "nothing lost" : "FAILED");
  return is_right ? 0 : 1;
}

int run(const std::string& path) {
  const std::string ring = dmp::os::portable_name("resume");
  auto orders = dmp::Producer<Order>::create(
      ring, {.capacity = 1024, .required_patience = 10s});  // longer than a restart takes
  pid_t journal = start_journal(ring, path);
  orders.wait_for_consumers({"journal"}, 10s);
  for (std::uint64_t i = 0; i != count; ++i) {
    if (i % (count / (kills + 1)) == 0 && i != 0) {
      kill(journal, SIGKILL);  // wherever it is
      waitpid(journal, nullptr, 0);
      journal = start_journal(ring, path);
    }
    if (const auto result = orders.publish({.number = i}); result != dmp::Publish::ok)
      throw orders.explain(result);
  }
  orders.close();
  int status = 1;
  waitpid(journal, &status, 0);
  return status == 0 ? compare(path) : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 3) return keep_journal(argv[1], argv[2]);
  std::string path = "/tmp/resume-XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0) return 1;
  close(file);
  const int failures = run(path);
  unlink(path.c_str());
  return failures;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
