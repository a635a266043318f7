// SPDX-License-Identifier: MIT OR Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "fabric.hpp"

namespace disruptor_mp::inference_fabric {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// What came back from one worker.
class Answers {
 public:
  Answers(const Plan& plan, std::uint64_t rank)
      : rank_(rank),
        ring_(Consumer<Response>::attach(
            plan.response_ring(rank),
            {.id = "driver", .kind = ConsumerKind::required, .timeout = patience})) {}

  /// Takes what is there. @return whether there was anything.
  bool take() {
    return ring_.poll([this](const Response& response) { check(response); }).count != 0;
  }
  void wait_until(TimePoint deadline) {
    ring_.poll_until(deadline, [this](const Response& response) { check(response); });
  }
  void finish() { ring_.resign(); }

  [[nodiscard]] std::uint64_t count() const { return next_; }
  [[nodiscard]] std::uint64_t repeated() const { return repeated_; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }

 private:
  void check(const Response& response) {
    if (response.number < next_) {  // from before a restart
      ++repeated_;
      return;
    }
    if (response.number != next_ || response.rank != rank_ ||
        response.share != share_of(rank_, request_of(next_))) {
      throw std::runtime_error(fmt::format("{} answered {} with {:x} where {} was to be answered",
                                           Plan::worker_id(rank_), response.number, response.share,
                                           next_));
    }
    sum_ += response.share;
    ++next_;
  }

  std::uint64_t rank_;
  Consumer<Response> ring_;
  std::uint64_t next_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t sum_ = 0;
};

void tell_alert(const ConsumerAlert& alert) {
  fmt::print(stderr, "driver: {} is {} at request {}\n", alert.consumer_id,
             to_string(alert.trouble), alert.next_sequence.value());
}

std::uint64_t expected_sum(const Plan& plan) {
  std::uint64_t sum = 0;
  for (std::uint64_t number = 0; number < plan.requests; ++number)
    for (std::uint64_t rank = 0; rank < plan.workers; ++rank)
      sum += share_of(rank, request_of(number));
  return sum;
}

}  // namespace

std::string run_driver(const Plan& plan, int kill_request) {
  auto requests =
      Producer<Request>::create(plan.request_ring(), {.capacity = 1024, .id = "driver"});
  std::vector<std::unique_ptr<Answers>> answers;
  for (std::uint64_t rank = 0; rank < plan.workers; ++rank)
    answers.push_back(std::make_unique<Answers>(plan, rank));
  wait_for_topology(plan.topology(), patience);
  requests.enable_liveness({.required_consumer_ids = plan.worker_ids(),
                            .startup_wait_timeout = patience,
                            .progress_timeout = 10s,
                            .absence_grace_period = patience,
                            .alert_hook = tell_alert});

  const auto begin = Clock::now();
  const auto take_all = [&] {
    bool is_any = false;
    for (const auto& one : answers) is_any = one->take() || is_any;
    return is_any;
  };
  auto kill = plan.kills.begin();
  while (requests.next_sequence() < Sequence(plan.requests)) {
    const std::uint64_t number = requests.next_sequence().value();
    for (; kill != plan.kills.end() && kill->at <= number; ++kill) {
      auto rank = static_cast<unsigned char>(kill->rank);
      if (write(kill_request, &rank, 1) != 1 || read(kill_request, &rank, 1) != 1)
        throw std::runtime_error("the supervisor is gone");
    }
    // Never blocked here: a worker that waits for room for its answer waits for us.
    const Publish result = requests.try_publish(request_of(number));
    if (result != Publish::ok && result != Publish::full) throw requests.explain(result);
    if (result == Publish::full && !take_all())
      answers[number % answers.size()]->wait_until(Clock::now() + 100us);
  }
  requests.close();

  for (const TimePoint deadline = Clock::now() + patience;;) {
    take_all();
    Answers* last = nullptr;
    for (const auto& one : answers)
      if (one->count() != plan.requests) last = one.get();
    if (last == nullptr) break;
    if (Clock::now() >= deadline) throw std::runtime_error("some answers did not come in time");
    last->wait_until(Clock::now() + 1ms);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();

  std::uint64_t sum = 0;
  std::uint64_t repeated = 0;
  for (const auto& one : answers) {
    sum += one->sum();
    repeated += one->repeated();
    one->finish();
  }
  if (sum != expected_sum(plan)) throw std::runtime_error("the sum of all answers is wrong");
  return fmt::format(
      "{} requests to {} workers, {} answers as expected, {} repeated and dropped; "
      "sum {:016x}, {:.3f} s",
      plan.requests, plan.workers, plan.requests * plan.workers, repeated, sum, seconds);
}

}  // namespace disruptor_mp::inference_fabric
