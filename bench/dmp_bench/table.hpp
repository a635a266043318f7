// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "dmp_bench/clock.hpp"
#include "dmp_bench/driver.hpp"
#include "dmp_bench/environment.hpp"
#include "dmp_bench/recovery.hpp"

namespace disruptor_mp::bench {

/// At most 100 columns wide.
void print_environment(const Environment& environment, const Ticks& ticks, const Load& load);
void print_header(Pattern pattern);
void print_case(const CaseResult& result);
void print_legend();

/// At most 80 columns wide.
void print_recovery_header();
void print_recovery(const Recovery& recovery);
void print_recovery_legend();

}  // namespace disruptor_mp::bench
