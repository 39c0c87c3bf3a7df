# What `cmake --install` puts where, and how others find it: find_package(msrnn) → msrnn::msrnn, pkg-config msrnn.
include(CMakePackageConfigHelpers)

set(msrnn_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/msrnn)

install(TARGETS msrnn EXPORT msrnn-targets)
install(DIRECTORY include/msrnn TYPE INCLUDE)
if(TARGET msrnn_program)
  install(TARGETS msrnn_program)
endif()
install(FILES LICENSE NOTICE TYPE DOC)

# Users of the archive link what it was built from; users of the shared object need not know.
if(BUILD_SHARED_LIBS)
  set(msrnn_link_dependencies OFF)
  set(msrnn_pc_requires "Requires.private")
else()
  set(msrnn_link_dependencies ON)
  set(msrnn_pc_requires "Requires")
endif()

install(EXPORT msrnn-targets NAMESPACE msrnn:: DESTINATION ${msrnn_package_dir})
configure_package_config_file(cmake/msrnn-config.cmake.in msrnn-config.cmake INSTALL_DESTINATION ${msrnn_package_dir})
write_basic_package_version_file(msrnn-config-version.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH msrnn_include_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/msrnn.pc.in msrnn.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/msrnn-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/msrnn-config-version.cmake
        DESTINATION ${msrnn_package_dir})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/msrnn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
