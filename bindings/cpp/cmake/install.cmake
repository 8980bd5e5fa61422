# The package as others find it: the CMake package `trivet` and the pkg-config module `trivet`.
include(CMakePackageConfigHelpers)

set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/trivet)
install(EXPORT trivet-targets NAMESPACE trivet:: DESTINATION ${cmake_dir})
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/trivet-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/trivet-config.cmake
  INSTALL_DESTINATION ${cmake_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/trivet-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/trivet-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/trivet-config-version.cmake
  DESTINATION ${cmake_dir})

# The Abseil libraries are in our public headers, so they are required in any case.
get_target_property(libraries trivet_engine INTERFACE_LINK_LIBRARIES)
list(FILTER libraries INCLUDE REGEX "^absl::")
list(TRANSFORM libraries REPLACE "^absl::" "absl_")
list(JOIN libraries ", " TRIVET_PC_REQUIRES)
set(TRIVET_PC_REQUIRES_PRIVATE "libxxhash, sqlite3, hiredis")
get_target_property(type trivet_trivet TYPE)
if(type STREQUAL "STATIC_LIBRARY")
  # Nobody else can name what our archives need; this way `pkg-config --libs trivet` suffices without --static.
  string(APPEND TRIVET_PC_REQUIRES ", ${TRIVET_PC_REQUIRES_PRIVATE}")
  set(TRIVET_PC_REQUIRES_PRIVATE "")
endif()
# Relative, so that the installed tree can be moved.
file(RELATIVE_PATH TRIVET_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/trivet.pc.in ${CMAKE_CURRENT_BINARY_DIR}/trivet.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/trivet.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
