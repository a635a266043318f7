# SPDX-License-Identifier: MIT OR Apache-2.0
# Settings that hold for every target, whichever preset or command line started the build.

option(DMP_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(DMP_BUILD_PROGRAMS "Build tools, bench and examples" ${PROJECT_IS_TOP_LEVEL})
set(DMP_SANITIZER "" CACHE STRING "address, undefined, thread or address,undefined; empty for none")
set_property(CACHE DMP_SANITIZER PROPERTY STRINGS
  "" address undefined address,undefined thread)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)  # the static library may end up in a Python module or a plug-in

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)  # clang-tidy and editors read it
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
  endif()

  # CMake's own Release adds -DNDEBUG. Ours does not: what the tests check is what ships, asserts
  # included. The price is visible in the bench and is paid only where an assert stands.
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g -D_GLIBCXX_ASSERTIONS")

  if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(DMP_CCACHE ccache)
    mark_as_advanced(DMP_CCACHE)
    if(DMP_CCACHE)
      # Who has no home that can be written, in a container say, keeps the cache beside the build.
      execute_process(COMMAND ${DMP_CCACHE} --get-config cache_dir
        OUTPUT_VARIABLE cache OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      set(cache_place "")
      if(cache)
        execute_process(COMMAND ${CMAKE_COMMAND} -E make_directory "${cache}/tmp"
          RESULT_VARIABLE made OUTPUT_QUIET ERROR_QUIET)
        execute_process(COMMAND ${CMAKE_COMMAND} -E touch "${cache}/tmp/can-be-written"
          RESULT_VARIABLE touched OUTPUT_QUIET ERROR_QUIET)
        if(NOT (made EQUAL 0 AND touched EQUAL 0))
          set(cache_place CCACHE_DIR=${PROJECT_BINARY_DIR}/ccache)
        endif()
      endif()
      # The tests' precompiled header (tests/CMakeLists.txt) is cached too.
      set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros ${cache_place} ${DMP_CCACHE})
    endif()
  endif()
endif()

if(DMP_SANITIZER)
  add_compile_options(-fsanitize=${DMP_SANITIZER} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DMP_SANITIZER})
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  if(DMP_SANITIZER MATCHES "undefined")
    # A null dereference ends in a signal anyway, and its checks take a fifth of the compile time.
    add_compile_options(-fno-sanitize=null)
  endif()
endif()

option(DMP_FUZZ "Build the fuzzers of tests/fuzz (clang only), and all that they call, for libFuzzer")
if(DMP_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Half of the work of compiling a program or a test is CLI11's, GoogleTest's and the standard library's
# inline functions: several sources together pay it once. Never for code whose instructions matter
# (the library, what is measured, what is simulated). Off where each source must stand alone.
option(DMP_TOGETHER "Compile sources of programs and tests several at a time" ON)
function(dmp_compile_together target)
  if(DMP_TOGETHER)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
  endif()
endfunction()

find_package(Threads REQUIRED)
