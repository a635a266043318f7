# SPDX-License-Identifier: MIT OR Apache-2.0
# build/…/man/*.1, written by scripts/man-page from what the built programs say of themselves.
# Without Python, or where the programs cannot be run, there are none, and --help has to do.
find_package(Python3 COMPONENTS Interpreter QUIET)
if(NOT Python3_FOUND OR CMAKE_CROSSCOMPILING OR DMP_SANITIZER)
  return()
endif()

set(man_pages)
set(dmp_commands pub sub ls inspect tail stat export doctor clean)
set(dmp_pages ${dmp_commands})
list(TRANSFORM dmp_pages PREPEND dmp-)

# dmp_man_page(page target [argument...]): the page of a target, if it is built here.
function(dmp_man_page page target)
  if(NOT TARGET ${target})
    return()
  endif()
  set(out ${PROJECT_BINARY_DIR}/man/${page}.1)
  add_custom_command(OUTPUT ${out}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/scripts/man-page
      --version ${PROJECT_VERSION} --out ${out} $<TARGET_FILE:${target}> ${ARGN}
      --see-also dmp ${dmp_pages} dmp-bench dst
    DEPENDS ${target} ${PROJECT_SOURCE_DIR}/scripts/man-page
    COMMENT "Man page ${page}(1)"
    VERBATIM)
  set(man_pages ${man_pages} ${out} PARENT_SCOPE)
endfunction()

dmp_man_page(dmp dmp)
foreach(command IN LISTS dmp_commands)
  dmp_man_page(dmp-${command} dmp ${command})
endforeach()
dmp_man_page(dmp-bench dmp-bench)
dmp_man_page(dst dst --inline)

if(man_pages)
  add_custom_target(man_pages ALL DEPENDS ${man_pages})
  install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
