# SPDX-License-Identifier: MIT OR Apache-2.0

# dmp_add_program_folders()
# Adds every direct sub-folder that has a CMakeLists.txt. Folders come and go without an edit here;
# the glob is checked again at each build.
set(DMP_SKIP_FOLDERS "" CACHE STRING "Folders of programs and of tests not to build")
function(dmp_add_program_folders)
  file(GLOB lists CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} */CMakeLists.txt)
  foreach(list IN LISTS lists)
    cmake_path(GET list PARENT_PATH folder)
    if(NOT folder IN_LIST DMP_SKIP_FOLDERS)
      add_subdirectory(${folder})
    endif()
  endforeach()
endfunction()

# dmp_add_test(name SOURCES file... [LIBS target...] [LABELS label...] [TIMEOUT seconds]
#              [ENVIRONMENT NAME=value...] [SERIAL] [OPTIMISED])
# One GoogleTest binary bin/<name>; every TEST becomes a ctest test of its own, so tests run in
# parallel and must not share names of shared memory. SERIAL is for tests that need both cores;
# OPTIMISED ones are compiled like a user's program.
# Sources see DMP_SOURCE_DIR (repository root) and DMP_BIN_DIR (folder of the built programs).
function(dmp_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL;OPTIMISED" "TIMEOUT" "SOURCES;LIBS;LABELS;ENVIRONMENT")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "dmp_add_test(${name}): SOURCES is required; "
      "not understood: '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(DMP_SANITIZER)
    math(EXPR arg_TIMEOUT "3 * ${arg_TIMEOUT}")
  endif()

  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    DMP_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    DMP_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  target_link_libraries(${name} PRIVATE
    ${arg_LIBS} disruptor_mp::disruptor_mp GTest::gmock GTest::gtest_main)
  if(arg_OPTIMISED)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O2>)
  else()
    target_precompile_headers(${name} REUSE_FROM dmp_test_headers)
    dmp_compile_together(${name})
  endif()
  dmp_link_rapidcheck_if_included(${name})

  set(properties TIMEOUT ${arg_TIMEOUT})
  if(arg_LABELS)
    list(APPEND properties LABELS "${arg_LABELS}")
  endif()
  if(NOT "${arg_ENVIRONMENT}" MATCHES "RC_PARAMS=")
    list(APPEND arg_ENVIRONMENT "RC_PARAMS=seed=1")  # property tests draw the same cases in every run
  endif()
  if(DMP_SANITIZER)
    # A sanitizer watches the code, not the values: few cases reach it all, many take minutes.
    list(TRANSFORM arg_ENVIRONMENT REPLACE " *max_success=[0-9]+" "")
    list(TRANSFORM arg_ENVIRONMENT REPLACE "^RC_PARAMS=(.*)" "RC_PARAMS=\\1 max_success=20")
  endif()
  list(APPEND properties ENVIRONMENT "${arg_ENVIRONMENT}")
  if(arg_SERIAL)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES ${properties})
endfunction()

# Linked only where used: it has no build for other architectures (cross_dependencies.cmake).
function(dmp_link_rapidcheck_if_included name)
  get_target_property(sources ${name} SOURCES)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    if(EXISTS ${source})
      file(STRINGS ${source} uses REGEX "#include <rapidcheck" LIMIT_COUNT 1)
      if(uses)
        target_link_libraries(${name} PRIVATE rapidcheck rapidcheck_gtest)
        return()
      endif()
    endif()
  endforeach()
endfunction()
