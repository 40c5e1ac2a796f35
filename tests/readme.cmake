# SPDX-License-Identifier: MIT
# The example in the README is the one that test_install compiles, less its licence line.
#   cmake -DREADME=… -DEXAMPLE=… -P readme.cmake
file(READ ${README} readme)
file(READ ${EXAMPLE} example)
string(REGEX REPLACE "^/\\* SPDX[^\n]*\n" "" example "${example}")
string(FIND "${readme}" "${example}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "the README does not show ${EXAMPLE} as it is")
endif()
