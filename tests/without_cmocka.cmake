# SPDX-License-Identifier: MIT
# Without cmocka a plain configure has no tests and says so; asked for, they are missed.
#   cmake -DCLEARBOX=… -DSCRATCH=… -DCOMPILER=… -DGENERATOR=… -DMAKE_PROGRAM=… -P without_cmocka.cmake
file(REMOVE_RECURSE ${SCRATCH})
find_program(PKG_CONFIG pkg-config REQUIRED)
file(WRITE ${SCRATCH}/pkg-config "#!/bin/sh
case \"$*\" in *cmocka*) exit 1 ;; esac
exec ${PKG_CONFIG} \"$@\"
")
execute_process(COMMAND chmod +x ${SCRATCH}/pkg-config)

function(configure) # the code and what was printed, in the caller's variables of these names
  execute_process(COMMAND ${CMAKE_COMMAND} -G ${GENERATOR} -S ${CLEARBOX} -B ${SCRATCH}/build
    -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM} -DCMAKE_C_COMPILER=${COMPILER}
    -DPKG_CONFIG_EXECUTABLE=${SCRATCH}/pkg-config ${ARGN}
    RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(code ${code} PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

configure()
if(NOT code EQUAL 0 OR NOT output MATCHES "No tests: cmocka")
  message(FATAL_ERROR "a plain configure ended with ${code}:\n${output}")
endif()
configure(-DCBX_TESTS=ON)
if(code EQUAL 0 OR NOT output MATCHES "libcmocka-dev")
  message(FATAL_ERROR "CBX_TESTS=ON ended with ${code}:\n${output}")
endif()
configure(-DCBX_TESTS=OFF)
if(NOT code EQUAL 0 OR output MATCHES "No tests")
  message(FATAL_ERROR "CBX_TESTS=OFF ended with ${code}:\n${output}")
endif()
file(REMOVE_RECURSE ${SCRATCH})
