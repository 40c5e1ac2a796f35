# SPDX-License-Identifier: MIT
# cmake --install: the program, its manual and completions, the library with headers, CMake
# package and pkg-config file, and the data that the program looks for.
include(CMakePackageConfigHelpers)

set(CBX_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/clearbox)

if(TARGET clearbox_program)
  install(TARGETS clearbox_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET clearbox_mpi)
    install(TARGETS clearbox_mpi RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
  file(GLOB CBX_MANUAL CONFIGURE_DEPENDS docs/*.1)
  install(FILES ${CBX_MANUAL} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  include(cmake/completions.cmake)
endif()
install(TARGETS clearbox EXPORT clearboxTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/clearbox DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(DIRECTORY data/mnist DESTINATION ${CMAKE_INSTALL_DATADIR}/clearbox)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT clearboxTargets NAMESPACE clearbox:: DESTINATION ${CBX_CONFIG_DIR})
configure_package_config_file(cmake/clearboxConfig.cmake.in clearboxConfig.cmake
                              INSTALL_DESTINATION ${CBX_CONFIG_DIR})
write_basic_package_version_file(clearboxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/clearboxConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/clearboxConfigVersion.cmake
        DESTINATION ${CBX_CONFIG_DIR})

# Whoever links the static library links what it uses; the shared one brings it along.
set(CBX_PC_PACKAGES "OpenCL zlib libpng libavformat libavcodec libavutil jansson")
if(BUILD_SHARED_LIBS)
  set(CBX_PC_REQUIRES "Requires.private: ${CBX_PC_PACKAGES}")
  set(CBX_PC_LIBS "")
else()
  set(CBX_PC_REQUIRES "Requires: ${CBX_PC_PACKAGES}")
  set(CBX_PC_LIBS " -lpthread -ldl -lm")
endif()
# Relative to the file itself, so that `cmake --install --prefix` and moved trees work.
file(RELATIVE_PATH CBX_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" CBX_PC_PREFIX "${CBX_PC_PREFIX}")
foreach(which LIB INCLUDE)
  set(CBX_PC_${which}DIR "\${prefix}/${CMAKE_INSTALL_${which}DIR}")
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${which}DIR}")
    set(CBX_PC_${which}DIR "${CMAKE_INSTALL_${which}DIR}")
  endif()
endforeach()
configure_file(cmake/clearbox.pc.in clearbox.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/clearbox.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
