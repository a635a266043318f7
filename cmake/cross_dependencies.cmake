# SPDX-License-Identifier: MIT OR Apache-2.0
# Third-party packages when compiling for another architecture, without installing that
# architecture's packages: headers are those of the build machine (they are the same files),
# googletest is built from its Debian source package, and compiled libraries have stand-ins.

set(dmp_cross_include ${PROJECT_BINARY_DIR}/third_party)
file(MAKE_DIRECTORY ${dmp_cross_include})
# One link per package: /usr/include itself would bring in the build machine's C library.
foreach(entry fmt CLI nlohmann boost prometheus rapidcheck rapidcheck.h zlib.h zconf.h)
  if(EXISTS /usr/include/${entry})
    file(CREATE_LINK /usr/include/${entry} ${dmp_cross_include}/${entry} SYMBOLIC)
  endif()
endforeach()

function(dmp_header_package name)
  add_library(${name} INTERFACE IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${dmp_cross_include})
endfunction()

# A stand-in has headers but no code: what links it compiles in full and cannot be run. The native
# builds are where a missing symbol is found.
function(dmp_stand_in name)
  dmp_header_package(${name})
  set_property(TARGET ${name} PROPERTY
    INTERFACE_LINK_OPTIONS -Wl,--unresolved-symbols=ignore-all)
endfunction()

dmp_header_package(CLI11::CLI11)
dmp_header_package(nlohmann_json::nlohmann_json)
dmp_header_package(Boost::headers)
dmp_header_package(Boost::boost)
dmp_header_package(fmt::fmt)
set_property(TARGET fmt::fmt PROPERTY INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1)
dmp_header_package(fmt::fmt-header-only)
set_property(TARGET fmt::fmt-header-only PROPERTY INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1)
dmp_stand_in(ZLIB::ZLIB)
dmp_stand_in(prometheus-cpp::pull)

if(DMP_BUILD_TESTS)
  dmp_stand_in(rapidcheck)
  dmp_stand_in(rapidcheck_gtest)
  dmp_stand_in(rapidcheck_gmock)
  set(INSTALL_GTEST OFF)
  add_subdirectory(/usr/src/googletest ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL SYSTEM)
  foreach(library gtest gtest_main gmock gmock_main)
    if(NOT TARGET GTest::${library})
      add_library(GTest::${library} ALIAS ${library})
    endif()
  endforeach()
endif()
