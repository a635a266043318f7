// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A process that may write the ring writes random words at random places of it, header and slots
// included, while others produce, read, come, go and look. These may be told of corruption, get
// wrong events, or find nothing; they never crash, never get bytes from outside of the ring, and
// come back from each call by its deadline.
//
// Long runs, by hand: DMP_SOAK=100 build/…/bin/process_test --gtest_filter='*Hostile_peer*'
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <iostream>
#include <new>
#include <random>
#include <thread>

#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "disruptor_mp/segment/geometry.hpp"
#include "support/deadline.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;

/// How long a call with a deadline of milliseconds may last, on a loaded machine.
constexpr auto longest_call = 10s;
constexpr int outside = 11;  ///< exit codes of a role
constexpr int hanging = 12;
constexpr int surprised = 13;

/// What became of it all, in memory that the processes share.
struct Tally {
  std::atomic<std::uint64_t> written;  ///< words of nonsense
  std::atomic<std::uint64_t> published;
  std::atomic<std::uint64_t> read;
  std::atomic<std::uint64_t> refused;  ///< visits that ended with words
};

/// What all processes of one test know of each other.
struct Stage {
  std::string ring;
  std::string path;
  EventType event;
  ProducerKind producers = ProducerKind::single;
  TimePoint end;
  Tally* tally = nullptr;
};

[[noreturn]] void stop_with(int code, const std::string& text) {
  const std::string line = "hostile peer test: " + text + "\n";
  (void)!write(STDERR_FILENO, line.data(), line.size());
  _exit(code);
}

template <class Call>
void in_time(const char* name, Call&& call) {
  const TimePoint start = Clock::now();
  call();
  if (Clock::now() - start > longest_call) stop_with(hanging, std::string(name) + " hung");
}

// --- The one who writes

std::uint64_t nonsense(Random& random, const format::Header& header) {
  const std::uint64_t near = header.shape.first_sequence + random() % 64;
  switch (random() % 8) {
    case 0:
      return random();
    case 1:
      return ~std::uint64_t{0} - random() % 4;
    case 2:
      return std::uint64_t{1} << (random() % 64);
    case 3:  // a tail that is biased, revoking or closed; a tombstone
      return ((random() % 4) << 62U) | ((random() % 8) << 50U) | (random() % 8);
    case 4:  // a row's status
      return random() % 6 | (random() % 5 << 8U) | (random() % 8 << 16U) | (random() % 3 << 32U);
    default:
      return near;
  }
}

std::uint64_t place(Random& random, const format::Header& header, std::uint64_t size) {
  const format::Sections& sections = header.sections;
  const std::uint64_t words = size / 8;
  switch (random() % 8) {
    case 0:
      return random() % words;
    case 1:
      return random() % (sizeof(format::Header) / 8);
    case 2:
      return (sections.bells.offset + 128 * (random() % 2)) / 8;
    case 3:
    case 4:
      return (sections.control.offset + random() % sizeof(format::Control)) / 8;
    case 5:
    case 6:
      return (sections.rows.offset + random() % sections.rows.size) / 8;
    default:
      return (sections.slots.offset + random() % sections.slots.size) / 8;
  }
}

/// Whatever ring has the name now is written into for a while. Then its header is put right again,
/// and sometimes all of it, so that others can come in and get far.
void scribble(const Stage& stage, Random& random) {
  while (Clock::now() < stage.end) {
    std::this_thread::sleep_for(500us);
    const int fd = open(stage.path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    struct stat status {};
    if (fstat(fd, &status) != 0 || status.st_size < 4096) stop_with(surprised, "no ring to write");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) stop_with(surprised, "mmap");
    auto* const words = static_cast<std::atomic<std::uint64_t>*>(memory);
    std::vector<std::uint64_t> before(size / 8);
    for (std::size_t i = 0; i < before.size(); ++i) before[i] = words[i].load();
    format::Header header;
    std::memcpy(static_cast<void*>(&header), before.data(), sizeof header);

    const TimePoint end = Clock::now() + std::chrono::milliseconds(1 + random() % 20);
    while (Clock::now() < end) {
      for (unsigned i = 0; i < random() % 64; ++i) {
        words[place(random, header, size)].store(nonsense(random, header));
        ++stage.tally->written;
      }
      if (random() % 2 == 0) std::this_thread::sleep_for(50us);
    }
    const std::size_t healed =
        random() % 4 == 0 ? before.size() : sizeof(format::Header) / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < healed; ++i) words[i].store(before[i]);
    munmap(memory, size);
    close(fd);
  }
}

// --- The others

/// Reads every byte of an event, and knows where it must lie.
auto toucher(const Segment& segment, bool is_copy) {
  return [&segment, is_copy](std::span<const std::byte> event) {
    const std::byte* const first = segment.slots();
    const std::byte* const end = first + segment.header().sections.slots.size;
    if (event.size() != segment.shape().event_size ||
        (!is_copy && (event.data() < first || event.data() + event.size() > end)))
      stop_with(outside, "an event outside of the ring");
    for (const std::byte& byte : event) asm volatile("" ::"r"(byte));
  };
}

/// Does `visit` over and over; what the library refuses in words is no failure.
template <class Visit>
void keep_visiting(const Stage& stage, Visit&& visit) {
  while (Clock::now() < stage.end) {
    try {
      in_time("a visit", visit);
    } catch (const Error&) {
      ++stage.tally->refused;
    }
    std::this_thread::sleep_for(200us);
  }
}

void produce(const Stage& stage, Random& random) {
  const auto fill = [](std::span<std::byte> event) { std::ranges::fill(event, std::byte{7}); };
  keep_visiting(stage, [&] {
    ProducerOptions options;
    options.capacity = 16;
    options.max_participants = 8;
    options.producers = stage.producers;
    options.first_sequence = 1000;
    options.timeout = 2ms;
    options.required_patience = 1ms;
    options.bias_after = static_cast<std::uint32_t>(random() % 4);
    if (random() % 2 == 0) options.id = "writer-" + std::to_string(random() % 2);
    auto producer = Producer<Bytes>::create_or_attach(stage.ring, stage.event, options);
    for (unsigned i = 0; i < 100 && Clock::now() < stage.end; ++i) {
      in_time("a publish", [&] {
        const TimePoint deadline = Clock::now() + 1ms;
        switch (random() % 6) {
          case 0:
            (void)producer.publish_until(deadline, fill);
            break;
          case 1: {
            auto claim = producer.claim_until(deadline, random() % 18);
            for (const std::span<std::byte> event : claim) fill(event);
            if (claim && random() % 2 == 0) claim.publish(random() % 18);
            break;
          }
          case 2:
            (void)producer.participants();
            (void)producer.slowest_consumer();
            break;
          default:
            if (producer.try_publish(fill) == Publish::ok) ++stage.tally->published;
        }
      });
    }
    if (random() % 8 == 0) {
      producer.close_for_all();
    } else if (random() % 4 != 0) {
      producer.detach();
    }
  });
}

void consume(const Stage& stage, Random& random, ConsumerKind kind) {
  static constexpr Start starts[] = {Start::oldest, Start::latest, Start::resume};
  const bool observes = kind == ConsumerKind::observer;
  keep_visiting(stage, [&] {
    ConsumerOptions options;
    options.kind = kind;
    if (!observes) options.id = kind == ConsumerKind::required ? "required" : "gating";
    options.start = starts[random() % (observes ? 2 : 3)];
    options.timeout = 2ms;
    options.successor_patience = 1ms;
    auto consumer = Consumer<Bytes>::attach(stage.ring, options);
    const auto touch =
        [&, check = toucher(consumer.segment(), observes)](std::span<const std::byte> event) {
          check(event);
          ++stage.tally->read;
        };
    for (unsigned i = 0; i < 100 && Clock::now() < stage.end; ++i) {
      in_time("a poll", [&] {
        if (random() % 2 == 0) {
          consumer.poll(touch);
        } else {
          consumer.poll_until(Clock::now() + 1ms, touch);
        }
      });
    }
    if (random() % 2 == 0) consumer.resign();
  });
}

void look(const Stage& stage) {
  const auto name = os::ObjectName::parse(stage.ring);
  keep_visiting(stage, [&] {
    if (const auto segment = Segment::try_attach(name, SegmentRole::inspector, EventType{}))
      (void)summarize(*segment);
    (void)clean_ring(name, {.dry_run = true});
  });
}

// --- The test

struct Role {
  const char* name;
  std::function<void(const Stage&, Random&)> play;
  pid_t pid = 0;
};

void start_role(Role& role, const Stage& stage, std::uint64_t seed) {
  const pid_t parent = getpid();
  role.pid = fork();
  ASSERT_GE(role.pid, 0);
  if (role.pid != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(surprised);
  alarm(0);  // the watchdog is the test's
  Random random(seed);
  try {
    role.play(stage, random);
  } catch (const std::exception& error) {
    stop_with(surprised, std::string(role.name) + ": " + error.what());
  }
  _exit(0);
}

/// Waits for the end of a role, and ends it if it does not come.
std::string ending_of(const Role& role, TimePoint deadline) {
  int status = 0;
  while (waitpid(role.pid, &status, WNOHANG) == 0) {
    if (Clock::now() >= deadline) {
      kill(role.pid, SIGKILL);
      waitpid(role.pid, &status, 0);
      return "hung";
    }
    std::this_thread::sleep_for(1ms);
  }
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "fine" : "exit code " + std::to_string(WEXITSTATUS(status));
}

class Hostile_peer : public ProcessTestWithSetting {};

TEST_P(Hostile_peer, Makes_nobody_crash_hang_or_look_outside) {
  Stage stage;
  stage.ring = scratch().ring();
  stage.path = os::ObjectName::parse(stage.ring).path();
  stage.event = {.size = GetParam().form == EventForm::small ? 16U : 200U,
                 .align = 8,
                 .name = {},
                 .schema = {}};
  stage.producers = GetParam().producers;
  stage.end = Clock::now() + 1500ms * soak_factor();

  void* const shared =
      mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  stage.tally = new (shared) Tally{};

  Role roles[] = {
      {"scribbler", scribble},
      {"producer 0", produce},
      {"producer 1", produce},
      {"required", [](const Stage& s, Random& r) { consume(s, r, ConsumerKind::required); }},
      {"gating", [](const Stage& s, Random& r) { consume(s, r, ConsumerKind::gating); }},
      {"observer", [](const Stage& s, Random& r) { consume(s, r, ConsumerKind::observer); }},
      {"looker", [](const Stage& s, Random& /*unused*/) { look(s); }},
  };
  std::uint64_t seed = 1;
  for (Role& role : roles) start_role(role, stage, seed++);
  const TimePoint deadline = stage.end + hang_time;
  for (const Role& role : roles) EXPECT_EQ(ending_of(role, deadline), "fine") << role.name;
  unlink(stage.path.c_str());
  expect_nothing_remains();

  // They did meet.
  EXPECT_GT(stage.tally->written, 0U);
  EXPECT_GT(stage.tally->published, 0U);
  EXPECT_GT(stage.tally->read, 0U);
  EXPECT_GT(stage.tally->refused, 0U);
  std::cout << stage.tally->written << " words of nonsense, " << stage.tally->published
            << " events published, " << stage.tally->read << " read, " << stage.tally->refused
            << " visits refused\n";
  munmap(shared, sizeof(Tally));
}

constexpr Setting hostile_settings[] = {{os::Backend::shm, EventForm::small},
                                        {os::Backend::file, EventForm::large},
                                        {os::Backend::shm, EventForm::small, ProducerKind::multi}};
INSTANTIATE_TEST_SUITE_P(, Hostile_peer, testing::ValuesIn(hostile_settings), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
