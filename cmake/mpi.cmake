# SPDX-License-Identifier: MIT
# clearbox-mpi, where there is an MPI. A machine that has several names the one that is meant by
# MPI_C_COMPILER (Debian: mpicc.openmpi, mpicc.mpich).
if(NOT CBX_MPI)
  return()
endif()
find_package(MPI COMPONENTS C)
if(NOT MPI_C_FOUND)
  if(CBX_MPI STREQUAL "AUTO")
    message(STATUS "No clearbox-mpi: there is no MPI (Debian: libopenmpi-dev or libmpich-dev)")
    return()
  endif()
  message(FATAL_ERROR "CBX_MPI=ON asks for clearbox-mpi, but there is no MPI "
                      "(Debian: libopenmpi-dev or libmpich-dev)")
endif()

file(GLOB CBX_MPI_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/host/mpi/*.c)
add_executable(clearbox_mpi ${CBX_MPI_FILES})
set_target_properties(clearbox_mpi PROPERTIES OUTPUT_NAME clearbox-mpi)
target_link_libraries(clearbox_mpi PRIVATE clearbox_cli MPI::MPI_C)
