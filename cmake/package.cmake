# SPDX-License-Identifier: MIT OR Apache-2.0
# make package: one .deb of all that is installed. It runs nothing when it is installed or removed.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME disruptor-mp)
set(CPACK_PACKAGE_VENDOR disruptor-mp)
set(CPACK_PACKAGE_CONTACT "disruptor-mp <disruptor-mp@localhost>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS  # whatever the umask of who builds it
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # what the programs link with, from dpkg-shlibdeps
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "pkg-config, cmake (>= 3.25), g++ (>= 4:12)")
set(CPACK_PACKAGE_DESCRIPTION
"Processes on one host hand each other events of a fixed size through one ring
in shared memory or in a file. There is no daemon; any process may be killed at
any instruction, and the others go on without losing what was published.
.
This package has the C++20 headers, the static library with its CMake package
and pkg-config file, and the commands dmp, dmp-bench and dst.")
include(CPack)
