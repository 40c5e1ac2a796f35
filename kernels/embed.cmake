# SPDX-License-Identifier: MIT
# Turns the kernel sources into C arrays and the programs into a table, so that the
# program needs no files at run time. The host sees them through host/device/sources.h.
#
# As a script:  cmake -DOUTPUT=kernel_sources.c -P embed.cmake

include(${CMAKE_CURRENT_LIST_DIR}/sources.cmake)
set(CBX_KERNEL_FILES "")
foreach(program IN LISTS CBX_PROGRAMS)
  list(APPEND CBX_KERNEL_FILES ${CBX_SOURCES_${program}})
endforeach()
list(REMOVE_DUPLICATES CBX_KERNEL_FILES)

if(CMAKE_SCRIPT_MODE_FILE)
  set(arrays "")
  foreach(file IN LISTS CBX_KERNEL_FILES)
    string(MAKE_C_IDENTIFIER "text_${file}" symbol)
    file(READ "${CMAKE_CURRENT_LIST_DIR}/${file}" hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const unsigned char ${symbol}[] = {\n${bytes} 0};\n")
  endforeach()
  set(table "")
  foreach(program IN LISTS CBX_PROGRAMS)
    set(files "")
    set(texts "")
    set(sizes "")
    foreach(file IN LISTS CBX_SOURCES_${program})
      string(MAKE_C_IDENTIFIER "text_${file}" symbol)
      get_filename_component(name "${file}" NAME)
      string(APPEND files "    \"${name}\",\n")
      string(APPEND texts "    (const char *)${symbol},\n")
      string(APPEND sizes "    sizeof ${symbol} - 1,\n")
    endforeach()
    string(APPEND arrays "static const char *files_of_${program}[] = {\n${files}};\n"
           "static const char *texts_of_${program}[] = {\n${texts}};\n"
           "static const size_t sizes_of_${program}[] = {\n${sizes}};\n")
    list(LENGTH CBX_SOURCES_${program} count)
    string(APPEND table "    {\"${program}\", files_of_${program}, texts_of_${program}, "
           "sizes_of_${program}, ${count}},\n")
  endforeach()
  file(WRITE "${OUTPUT}.new" "/* Generated from kernels/ by embed.cmake. */\n"
       "#include \"device/sources.h\"\n\n${arrays}\n"
       "const cbx_sources cbx_programs[] = {\n${table}    {0, 0, 0, 0, 0},\n};\n")
  file(RENAME "${OUTPUT}.new" "${OUTPUT}")
  return()
endif()

list(TRANSFORM CBX_KERNEL_FILES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
set(CBX_SOURCES_C ${CMAKE_CURRENT_BINARY_DIR}/kernel_sources.c)
add_custom_command(OUTPUT ${CBX_SOURCES_C}
  COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${CBX_SOURCES_C}" -P ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  DEPENDS ${CBX_KERNEL_FILES} ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
          ${CMAKE_CURRENT_LIST_DIR}/sources.cmake
  VERBATIM COMMENT "Embedding kernels")
add_custom_target(clearbox_kernels DEPENDS ${CBX_SOURCES_C})
