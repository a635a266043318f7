# SPDX-License-Identifier: MIT OR Apache-2.0
# cmake --install: headers, libraries, programs with their man pages and completion, and the files behind
#   find_package(disruptor_mp) … target_link_libraries(app disruptor_mp::disruptor_mp)
#   pkg-config --cflags --libs disruptor_mp
# docs/install.md says what lands where. The programs' own rules stand beside them in tools/ and bench/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(dmp_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/disruptor_mp)
set(dmp_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(dmp_doc_dir ${CMAKE_INSTALL_DATAROOTDIR}/doc/disruptor-mp)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${dmp_pc_dir} OUTPUT_VARIABLE dmp_prefix_from_pc)

set(dmp_pc_files disruptor_mp)
install(TARGETS disruptor_mp EXPORT disruptor_mp_targets FILE_SET HEADERS)
install(EXPORT disruptor_mp_targets NAMESPACE disruptor_mp:: DESTINATION ${dmp_package_dir})
if(TARGET disruptor_mp_dst)
  set_target_properties(disruptor_mp_dst PROPERTIES EXPORT_NAME dst)
  install(TARGETS disruptor_mp_dst EXPORT disruptor_mp_dst_targets FILE_SET HEADERS)
  install(EXPORT disruptor_mp_dst_targets NAMESPACE disruptor_mp:: DESTINATION ${dmp_package_dir})
  list(APPEND dmp_pc_files disruptor_mp_dst)
endif()

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/disruptor_mp-config.cmake.in
  ${PROJECT_BINARY_DIR}/disruptor_mp-config.cmake
  INSTALL_DESTINATION ${dmp_package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/disruptor_mp-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/disruptor_mp-config.cmake
  ${PROJECT_BINARY_DIR}/disruptor_mp-config-version.cmake
  DESTINATION ${dmp_package_dir})
foreach(name IN LISTS dmp_pc_files)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${dmp_pc_dir})
endforeach()

if(PROJECT_IS_TOP_LEVEL)
  include(man_pages)
  install(FILES LICENSE RENAME copyright DESTINATION ${dmp_doc_dir})
  install(FILES LICENSE-MIT LICENSE-APACHE CHANGELOG.md DESTINATION ${dmp_doc_dir})

  # What an installation needs, without the tests: scripts/install and scripts/package build this.
  add_custom_target(installed)
  foreach(target disruptor_mp disruptor_mp_dst dmp dmp-bench dst man_pages)
    if(TARGET ${target})
      add_dependencies(installed ${target})
    endif()
  endforeach()
  include(package)
endif()
