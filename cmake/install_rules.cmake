# SPDX-License-Identifier: MIT OR Apache-2.0
# cmake --install: headers, the library, and the package files behind
#   find_package(disruptor_mp) … target_link_libraries(app disruptor_mp::disruptor_mp)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(dmp_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/disruptor_mp)

install(TARGETS disruptor_mp EXPORT disruptor_mp_targets FILE_SET HEADERS)
install(EXPORT disruptor_mp_targets NAMESPACE disruptor_mp:: DESTINATION ${dmp_package_dir})
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
