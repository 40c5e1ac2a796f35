# SPDX-License-Identifier: MIT
# Builds a project with clearbox inside, runs it, and looks for what clearbox should
# leave to its parent: tests, what is installed, compiler flags, the build folder's root.
#
#   cmake -DCLEARBOX=… -DSOURCE=… -DSCRATCH=… -DCOMPILER=… -DGENERATOR=… -DMAKE_PROGRAM=…
#         -DSHARED=… -DSANITIZE=… -P check.cmake

include(${CMAKE_CURRENT_LIST_DIR}/../expect.cmake)

file(REMOVE_RECURSE ${SCRATCH})
set(build ${SCRATCH}/build)
run("configuring" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${build}
    -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM} -DCMAKE_C_COMPILER=${COMPILER} -DCLEARBOX=${CLEARBOX}
    -DBUILD_SHARED_LIBS=${SHARED} -DCBX_SANITIZE=${SANITIZE} -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
run("building" ${CMAKE_COMMAND} --build ${build})
run("the example" ${build}/example ${CLEARBOX}/data/mnist)
expect("50000 + 10000 + 10000 images")

run("counting the tests" ${CMAKE_COMMAND} -E chdir ${build} ${CMAKE_CTEST_COMMAND} -N)
expect("Total Tests: 0")

run("installing" ${CMAKE_COMMAND} --install ${build} --prefix ${SCRATCH}/prefix)
file(GLOB_RECURSE installed RELATIVE ${SCRATCH}/prefix ${SCRATCH}/prefix/*)
if(NOT installed STREQUAL "bin/film")
  message(FATAL_ERROR "installed: ${installed}")
endif()

file(GLOB_RECURSE programs ${build}/clearbox ${build}/raw_frames ${build}/test_*)
if(programs)
  message(FATAL_ERROR "built, though nobody asked for it: ${programs}")
endif()

file(STRINGS ${build}/compile_commands.json commands REGEX "-o CMakeFiles/film.dir")
if(NOT commands OR commands MATCHES "-Wconversion|_POSIX_C_SOURCE|/host|-std=c11")
  message(FATAL_ERROR "flags of clearbox's in: ${commands}")
endif()
file(REMOVE_RECURSE ${SCRATCH})
