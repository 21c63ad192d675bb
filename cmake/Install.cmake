# cmake --install: headers, the monitor library, the programs, what is made from
# the option tree, and how other builds find all this: a CMake package
# (find_package(datamon) gives the target datamon::datamon) and a pkg-config
# file. The tree may be moved: every path is found relative to another.
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/datamon)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pkgconfig_to_prefix /prefix/${pkgconfig_dir} /prefix)

install(DIRECTORY include/datamon DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS datamon datamon-pipeline RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS datamon_monitor datamon_cupti LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} NAMELINK_SKIP)
if(TARGET datamon_nvtx)
  install(TARGETS datamon_nvtx LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET datamon_preload)
  install(TARGETS datamon_preload LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/ DESTINATION ${CMAKE_INSTALL_DATADIR})
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/datamon/examples
        REGEX "examples/CMakeLists.txt$" EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)

configure_package_config_file(cmake/datamonConfig.cmake.in ${CMAKE_BINARY_DIR}/datamonConfig.cmake
  INSTALL_DESTINATION ${config_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/datamonConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/datamonConfig.cmake ${CMAKE_BINARY_DIR}/datamonConfigVersion.cmake
        DESTINATION ${config_dir})

configure_file(cmake/datamon.pc.in ${CMAKE_BINARY_DIR}/datamon.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/datamon.pc DESTINATION ${pkgconfig_dir})
