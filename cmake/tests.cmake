# SPDX-License-Identifier: MIT
# Whether there are tests. Those that were asked for by CBX_TESTS=ON are not left out.
if(NOT CBX_TESTS OR (CBX_TESTS STREQUAL "AUTO" AND NOT BUILD_TESTING))
  return()
endif()

pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
# The system's own Python first; the tests need nothing but its standard library.
find_program(CBX_TEST_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(CBX_TEST_PYTHON python3)
if(NOT CMOCKA_FOUND OR NOT CBX_TEST_PYTHON)
  set(missing "cmocka or Python 3 is missing (Debian: libcmocka-dev, python3)")
  if(CBX_TESTS STREQUAL "AUTO")
    message(STATUS "No tests: ${missing}")
    return()
  endif()
  message(FATAL_ERROR "CBX_TESTS=ON asks for the tests, but ${missing}")
endif()
enable_testing()
add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/../tests tests)
