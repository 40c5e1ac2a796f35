# SPDX-License-Identifier: MIT
# Turns every kernel source into a C array, so that the program needs no files
# at run time. The host sees them through host/device/sources.h.
#
# As a script:  cmake -DOUTPUT=sources.c -DFILES="a.h;b.cl" -P embed.cmake

if(CMAKE_SCRIPT_MODE_FILE)
  set(arrays "")
  set(table "")
  foreach(file IN LISTS FILES)
    get_filename_component(name "${file}" NAME)
    string(MAKE_C_IDENTIFIER "source_${name}" symbol)
    file(READ "${file}" hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const unsigned char ${symbol}[] = {\n${bytes} 0};\n")
    string(APPEND table "    {\"${name}\", (const char *)${symbol}, sizeof ${symbol} - 1},\n")
  endforeach()
  file(WRITE "${OUTPUT}.new" "/* Generated from kernels/ by embed.cmake. */\n"
       "#include \"device/sources.h\"\n\n${arrays}\n"
       "const cbx_source cbx_sources[] = {\n${table}    {0, 0, 0},\n};\n")
  file(RENAME "${OUTPUT}.new" "${OUTPUT}")
  return()
endif()

file(GLOB CBX_KERNEL_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.cl)
list(PREPEND CBX_KERNEL_FILES ${CMAKE_CURRENT_SOURCE_DIR}/kernels/layout.h)
set(CBX_SOURCES_C ${CMAKE_CURRENT_BINARY_DIR}/kernel_sources.c)
add_custom_command(OUTPUT ${CBX_SOURCES_C}
  COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${CBX_SOURCES_C}" "-DFILES=${CBX_KERNEL_FILES}"
          -P ${CMAKE_CURRENT_SOURCE_DIR}/kernels/embed.cmake
  DEPENDS ${CBX_KERNEL_FILES} ${CMAKE_CURRENT_SOURCE_DIR}/kernels/embed.cmake
  VERBATIM COMMENT "Embedding kernels")
add_custom_target(clearbox_kernels DEPENDS ${CBX_SOURCES_C})
