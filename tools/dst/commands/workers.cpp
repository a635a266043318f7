// SPDX-License-Identifier: MIT OR Apache-2.0
#include "workers.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace disruptor_mp::sim {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

struct Worker {
  pid_t pid = 0;
  File result;  ///< shared with the child: an open file description outlives both of us
};

/// Seen by all processes that are forked from now on.
Board& shared_board() {
  void* memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory to share with the jobs");
  return *new (memory) Board;
}

Worker start(Board& board, unsigned job, const std::function<Totals(Board&, unsigned)>& work) {
  Worker worker{.result = File(std::tmpfile())};
  if (worker.result == nullptr) throw std::runtime_error("no temporary file for a job's result");
  worker.pid = fork();
  if (worker.pid < 0) throw std::runtime_error("no process for a job");
  if (worker.pid != 0) return worker;
  int code = 1;
  try {
    const std::string text = to_json(work(board, job));
    if (std::fputs(text.c_str(), worker.result.get()) >= 0 && std::fflush(worker.result.get()) == 0)
      code = 0;
  } catch (const std::exception& error) {
    static_cast<void>(std::fprintf(stderr, "dst: job %u: %s\n", job, error.what()));
  }
  _exit(code);
}

Totals result_of(Worker& worker) {
  std::string text;
  std::array<char, 4096> part{};
  std::rewind(worker.result.get());
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), worker.result.get()))
    text.append(part.data(), n);
  return totals_from_json(text);
}

}  // namespace

Totals fork_out(unsigned jobs, const std::function<Totals(Board&, unsigned)>& work,
                const std::function<void(Board&)>& watch) {
  Board& board = shared_board();
  std::vector<Worker> workers;
  workers.reserve(jobs);
  for (unsigned job = 0; job < jobs; ++job) workers.push_back(start(board, job, work));
  Totals totals;
  for (unsigned job = 0; job < jobs; ++job) {
    Worker& worker = workers[job];
    int status = 0;
    while (waitpid(worker.pid, &status, WNOHANG) == 0) {
      watch(board);
      usleep(20'000);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      totals.add(result_of(worker));
    } else {
      // Code under test that does this in a simulated process takes the simulator with it.
      const std::string how = WIFSIGNALED(status)
                                  ? "signal " + std::to_string(WTERMSIG(status))
                                  : "exit code " + std::to_string(WEXITSTATUS(status));
      ++totals.violations;
      Totals::Problem& problem = totals.problems["a job ended with " + how];
      ++problem.count;
      problem.seed = board.seeds[job];
      problem.verdict = static_cast<int>(Verdict::safety);
    }
  }
  board.~Board();
  munmap(&board, sizeof(Board));
  return totals;
}

Totals share_out(unsigned jobs, const std::function<Totals(Board&, unsigned)>& work,
                 const std::function<void(Board&)>& watch) {
  if (jobs > 1) return fork_out(jobs, work, watch);
  Board board;
  return work(board, 0);
}

}  // namespace disruptor_mp::sim
