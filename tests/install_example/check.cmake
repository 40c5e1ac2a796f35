# SPDX-License-Identifier: MIT
# Installs clearbox to an empty prefix, builds the example against it twice, and
# runs what came out.
#
#   cmake -DBUILD=… -DSOURCE=… -DSCRATCH=… -DCOMPILER=… -DGENERATOR=… -DMAKE_PROGRAM=…
#         -DLIBDIR=… -DBINDIR=… -DMANDIR=… -DDATADIR=… -DSANITIZE=… -DVERSION=… -P check.cmake

include(${CMAKE_CURRENT_LIST_DIR}/../expect.cmake)

set(prefix "${SCRATCH}/a prefix")
if(CMAKE_VERSION VERSION_LESS 3.20) # its FindPkgConfig knows no path with a space
  set(prefix "${SCRATCH}/a-prefix")
endif()
file(REMOVE_RECURSE ${SCRATCH})
run("cmake --install" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

foreach(file ${BINDIR}/clearbox ${MANDIR}/man1/clearbox.1 ${MANDIR}/man1/clearbox-learn.1
        ${LIBDIR}/pkgconfig/clearbox.pc
        ${DATADIR}/clearbox/mnist/train-images-idx3-ubyte.gz include/clearbox/learn.h
        ${DATADIR}/bash-completion/completions/clearbox ${DATADIR}/zsh/site-functions/_clearbox
        ${DATADIR}/fish/vendor_completions.d/clearbox.fish)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "${file} was not installed")
  endif()
endforeach()

file(GLOB_RECURSE inner RELATIVE ${prefix} ${prefix}/include/*bench* ${prefix}/${LIBDIR}/*bench*
     ${prefix}/${LIBDIR}/*inside*)
if(inner)
  message(FATAL_ERROR "installed, though it is no part of the library: ${inner}")
endif()

run("clearbox --version" ${prefix}/${BINDIR}/clearbox --version)
expect("clearbox ${VERSION}")

set(flags "")
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()
set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
set(ENV{LD_LIBRARY_PATH} ${prefix}/${LIBDIR})
foreach(way OFF ON)
  run("configuring the example" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE}
      -B ${SCRATCH}/example-${way} -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}
      -DCMAKE_C_COMPILER=${COMPILER} -DCMAKE_C_FLAGS=${flags} -DCMAKE_PREFIX_PATH=${prefix}
      -DUSE_PKG_CONFIG=${way})
  run("building the example" ${CMAKE_COMMAND} --build ${SCRATCH}/example-${way})
  run("the example" ${SCRATCH}/example-${way}/example ${prefix}/${DATADIR}/clearbox/mnist)
  expect("50000 + 10000 + 10000 images")
endforeach()
file(REMOVE_RECURSE ${SCRATCH})
