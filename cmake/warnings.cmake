# SPDX-License-Identifier: MIT OR Apache-2.0
# Included after the third-party packages, so that it reaches our targets and only them.

option(DMP_WARNINGS_AS_ERRORS "Stop the build at a warning" ${PROJECT_IS_TOP_LEVEL})

add_compile_options(-Wall -Wextra -Wpedantic)
if(DMP_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()

# g++ 12 warns at -O1 and above, with a sanitizer's extra branches, about values in the standard
# library that are never read uninitialised; the plain builds keep these warnings.
if(DMP_SANITIZER AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-maybe-uninitialized)
endif()
if(DMP_SANITIZER STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # atomic_thread_fence is not modelled by g++'s thread sanitizer and is diagnosed at every use.
  add_compile_options(-Wno-tsan)
endif()
