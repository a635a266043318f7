# SPDX-License-Identifier: MIT OR Apache-2.0
# Packages that tests and programs may use, found once here; a target just links
#   fmt::fmt  CLI11::CLI11  nlohmann_json::nlohmann_json  ZLIB::ZLIB  Boost::headers
#   prometheus-cpp::pull
#   GTest::gtest_main  GTest::gmock  rapidcheck  rapidcheck_gtest
# The core library uses none of them.

if(NOT DMP_BUILD_TESTS AND NOT DMP_BUILD_PROGRAMS)
  return()
endif()

if(CMAKE_CROSSCOMPILING)
  include(cross_dependencies)
  return()
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(fmt 9 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(prometheus-cpp REQUIRED)  # states no version

if(DMP_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()
