// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

namespace disruptor_mp::test {

// g++ defines the macros, clang answers __has_feature.
#if defined(__has_feature)
#define DMP_HAS_FEATURE(feature) __has_feature(feature)
#else
#define DMP_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || DMP_HAS_FEATURE(address_sanitizer)
inline constexpr bool under_asan = true;
#else
inline constexpr bool under_asan = false;
#endif

#if defined(__SANITIZE_THREAD__) || DMP_HAS_FEATURE(thread_sanitizer)
inline constexpr bool under_tsan = true;
#else
inline constexpr bool under_tsan = false;
#endif

#undef DMP_HAS_FEATURE

}  // namespace disruptor_mp::test
