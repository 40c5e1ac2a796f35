# SPDX-License-Identifier: MIT
# README.md has a line for every module of support/ and every script here.
#   cmake -DTESTS=… -P index.cmake
file(READ ${TESTS}/README.md index)
file(GLOB files RELATIVE ${TESTS} ${TESTS}/support/*.[ch] ${TESTS}/*.py ${TESTS}/*.sh ${TESTS}/*.cmake
     ${TESTS}/*/*.py ${TESTS}/*/*.cmake ${TESTS}/fuzz/*.c ${TESTS}/preload/*.c)
list(TRANSFORM files REPLACE "^support/(.+)\\.[ch]$" "\\1")
list(REMOVE_DUPLICATES files)
list(LENGTH files count)
if(count LESS 40)
  message(FATAL_ERROR "only ${count} files were found in ${TESTS}")
endif()
set(missing "")
foreach(file IN LISTS files)
  string(FIND "${index}" "`${file}`" place)
  if(place EQUAL -1)
    string(APPEND missing "\n  ${file}")
  endif()
endforeach()
if(missing)
  message(FATAL_ERROR "tests/README.md has no line for:${missing}")
endif()
