// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/fault_plan.hpp"

#include <algorithm>

#include "disruptor_mp/dst/xorshift.hpp"
#include "dst/codec.hpp"

namespace disruptor_mp::dst {

static void write(JsonWriter& out, const FailureKind& kind) {
  const auto tag = to_string(kind.kind());
  switch (kind.kind()) {
    case FailureKind::Kind::DelayAttachMs:
      return out.tagged(tag, [&] { out.number(kind.amount()); });
    case FailureKind::Kind::DropConsumerAttach:
      return out.tagged(tag, [&] {
        out.begin_object();
        out.key("consumer_index");
        out.number(kind.amount());
        out.end_object();
      });
    default:
      return out.string(tag);
  }
}

static bool read(JsonReader& in, FailureKind& kind) {
  std::uint64_t ms = 0;
  std::uint32_t index = 0;
  const auto delay = [&] {
    if (!in.read(ms)) return false;
    kind = FailureKind::delay_attach_ms(ms);
    return true;
  };
  const auto drop = [&] {
    if (!in.object({{"consumer_index", reads(in, index)}})) return false;
    kind = FailureKind::drop_consumer_attach(index);
    return true;
  };
  return in.variant({{"DelayAttachMs", true, delay},
                     {"KillProcess", false, sets(kind, FailureKind::kill_process())},
                     {"RestartProcess", false, sets(kind, FailureKind::restart_process())},
                     {"DropConsumerAttach", true, drop},
                     {"Noop", false, sets(kind, FailureKind::noop())}});
}

static void write(JsonWriter& out, const FailureStep& fault) {
  out.begin_object();
  out.key("step");
  out.number(fault.step);
  out.key("role");
  write(out, fault.role);
  out.key("kind");
  write(out, fault.kind);
  out.end_object();
}

static bool read(JsonReader& in, FailureStep& fault) {
  return in.object({{"step", reads(in, fault.step)},
                    {"role", [&] { return read(in, fault.role); }},
                    {"kind", [&] { return read(in, fault.kind); }}});
}

static void write(JsonWriter& out, const DeterministicFaultInjector& plan) {
  out.begin_object();
  out.key("seed");
  out.number(plan.seed);
  out.key("max_steps");
  out.number(plan.max_steps);
  out.key("inject_at");
  write(out, plan.inject_at);
  out.end_object();
}

static bool read(JsonReader& in, DeterministicFaultInjector& plan) {
  return in.object({{"seed", reads(in, plan.seed)},
                    {"max_steps", reads(in, plan.max_steps)},
                    {"inject_at", [&] { return read(in, plan.inject_at); }}});
}

std::string_view to_string(FailureKind::Kind kind) noexcept {
  switch (kind) {
    case FailureKind::Kind::DelayAttachMs:
      return "DelayAttachMs";
    case FailureKind::Kind::KillProcess:
      return "KillProcess";
    case FailureKind::Kind::RestartProcess:
      return "RestartProcess";
    case FailureKind::Kind::DropConsumerAttach:
      return "DropConsumerAttach";
    case FailureKind::Kind::Noop:
      return "Noop";
  }
  return "?";
}

std::string to_string(const FailureKind& kind) {
  std::string text(to_string(kind.kind()));
  const bool has_amount = kind.kind() == FailureKind::Kind::DelayAttachMs ||
                          kind.kind() == FailureKind::Kind::DropConsumerAttach;
  if (has_amount) text += "(" + std::to_string(kind.amount()) + ")";
  return text;
}

namespace {

ProcessRole draw_role(XorShift64& random, std::uint32_t consumers) {
  if (consumers == 0 || random.below(2) == 0) return ProcessRole::producer();
  return ProcessRole::consumer(random.below(consumers));
}

FailureKind draw_kind(XorShift64& random) {
  switch (random.below(4)) {
    case 0:
      return FailureKind::delay_attach_ms(25 + 25 * random.below(4));
    case 1:
      return FailureKind::kill_process();
    case 2:
      return FailureKind::restart_process();
    default:
      return FailureKind::noop();
  }
}

}  // namespace

DeterministicFaultInjector DeterministicFaultInjector::from_seed(std::uint64_t seed,
                                                                 std::uint32_t consumers,
                                                                 std::uint64_t max_steps) {
  // Keeps the plan of a seed independent of the startup schedule of the same seed.
  constexpr std::uint64_t salt = 0xA5A55A5A77AA11EEULL;
  XorShift64 random(seed ^ salt);
  DeterministicFaultInjector plan{seed, max_steps, {}};

  const std::uint32_t faults = random.below(3);
  for (std::uint32_t i = 0; i < faults; ++i) {
    // Three statements, because the order of the draws is part of the contract.
    const std::uint64_t step = random.below(static_cast<std::uint32_t>(max_steps));
    const ProcessRole role = draw_role(random, consumers);
    const FailureKind kind = draw_kind(random);
    plan.inject_at.push_back({step, role, kind});
  }
  std::stable_sort(plan.inject_at.begin(), plan.inject_at.end(),
                   [](const FailureStep& a, const FailureStep& b) { return a.step < b.step; });
  return plan;
}

std::vector<FailureStep> DeterministicFaultInjector::at_step(std::uint64_t step) const {
  std::vector<FailureStep> faults;
  std::copy_if(inject_at.begin(), inject_at.end(), std::back_inserter(faults),
               [step](const FailureStep& fault) { return fault.step == step; });
  return faults;
}

std::string DeterministicFaultInjector::to_json() const { return pretty_json(*this); }

Result<DeterministicFaultInjector, JsonError> DeterministicFaultInjector::from_json(
    std::string_view text) {
  return parse_json<DeterministicFaultInjector>(text);
}

}  // namespace disruptor_mp::dst
