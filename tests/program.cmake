# SPDX-License-Identifier: MIT
# The public headers alone, the installed library from outside, and the command line.

include(CheckLanguage)
check_language(CXX)
set(cxx "")
if(CMAKE_CXX_COMPILER)
  set(cxx ${CMAKE_CXX_COMPILER})
endif()
clearbox_check(test_headers ${CMAKE_CURRENT_SOURCE_DIR}/headers.sh ${PROJECT_SOURCE_DIR}/include
               ${CMAKE_C_COMPILER} ${cxx})
clearbox_check(test_exports ${CBX_TEST_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/test_exports.py
               ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/exports ${CMAKE_COMMAND}
               ${CMAKE_GENERATOR} ${CMAKE_MAKE_PROGRAM} ${CMAKE_C_COMPILER} ${CMAKE_NM})

if(NOT TARGET clearbox_program)
  return()
endif()

# ---- built from outside: what all of these scripts get, then each its own ----
set(outside -DCOMPILER=${CMAKE_C_COMPILER} -DGENERATOR=${CMAKE_GENERATOR}
    -DMAKE_PROGRAM=${CMAKE_MAKE_PROGRAM})

if(CBX_INSTALL)
  clearbox_check(test_install ${CMAKE_COMMAND} ${outside}
    -DBUILD=${PROJECT_BINARY_DIR} -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/install_example
    -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/install
    -DLIBDIR=${CMAKE_INSTALL_LIBDIR} -DBINDIR=${CMAKE_INSTALL_BINDIR}
    -DMANDIR=${CMAKE_INSTALL_MANDIR} -DDATADIR=${CMAKE_INSTALL_DATADIR}
    -DSANITIZE=${CBX_SANITIZE} -DVERSION=${PROJECT_VERSION}
    -P ${CMAKE_CURRENT_SOURCE_DIR}/install_example/check.cmake)
  set_tests_properties(test_install PROPERTIES TIMEOUT 600)
endif()
clearbox_check(test_subproject ${CMAKE_COMMAND} ${outside} -DCLEARBOX=${PROJECT_SOURCE_DIR}
  -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/subproject_example
  -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/subproject
  -DSHARED=${BUILD_SHARED_LIBS} -DSANITIZE=${CBX_SANITIZE}
  -P ${CMAKE_CURRENT_SOURCE_DIR}/subproject_example/check.cmake)
clearbox_check(without_cmocka ${CMAKE_COMMAND} ${outside} -DCLEARBOX=${PROJECT_SOURCE_DIR}
  -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/without_cmocka
  -P ${CMAKE_CURRENT_SOURCE_DIR}/without_cmocka.cmake)
set_tests_properties(test_subproject without_cmocka PROPERTIES TIMEOUT 600)

# ---- the program beside others ----
clearbox_script_test(test_lesson_peer device slow TIMEOUT 900
  COMMAND ${CBX_TEST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/test_lesson_peer.py
          $<TARGET_FILE:clearbox_program> ${PROJECT_SOURCE_DIR}/bench/peers/lesson.py
          ${PROJECT_SOURCE_DIR}/data/mnist)
clearbox_script_test(readme_python device TIMEOUT 120
  COMMAND ${CBX_TEST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/test_readme.py
          $<TARGET_FILE:clearbox_program> ${PROJECT_SOURCE_DIR})
clearbox_may_be_left_out(test_lesson_peer readme_python)

clearbox_script_test(test_kit device slow TIMEOUT 1800
  COMMAND ${CBX_TEST_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/test_kit.py ${PROJECT_SOURCE_DIR}/bench/kit.py
          ${PROJECT_BINARY_DIR})
clearbox_may_be_left_out(test_kit)

# ---- cli ----
# cli_test(name label…): runs cli/test_NAME.py on the program
function(cli_test name)
  add_test(NAME cli_${name} COMMAND ${CBX_TEST_PYTHON} -B
           ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_${name}.py)
  clearbox_pocl_cache(cli_${name})
  set_property(TEST cli_${name} APPEND PROPERTY ENVIRONMENT
               CLEARBOX=$<TARGET_FILE:clearbox_program> CBX_TEST_SANITIZE=${CBX_SANITIZE})
  set_tests_properties(cli_${name} PROPERTIES LABELS "${ARGN}" TIMEOUT 900)
endfunction()

# Something to load before the program; a sanitizer's own library must come first.
if(NOT CBX_SANITIZE)
  add_library(bad_compiler MODULE preload/bad_compiler.c)
  target_compile_definitions(bad_compiler PRIVATE CL_TARGET_OPENCL_VERSION=120)
  target_include_directories(bad_compiler PRIVATE ${OpenCL_INCLUDE_DIRS})
  target_link_libraries(bad_compiler PRIVATE clearbox_options ${CMAKE_DL_LIBS})
endif()

cli_test(usage host)
cli_test(completions device)
cli_test(inputs device)
cli_test(devices device)
cli_test(drivers device)
cli_test(check device film)
cli_test(outputs device film)
cli_test(formats device film)
cli_test(report device film)
cli_test(look device)
cli_test(predict device)
cli_test(crew device film)
cli_test(resume device film)
cli_test(names device)
cli_test(recover device film)
cli_test(stops device film)
cli_test(load device film)
cli_test(terminal device)
cli_test(bench device film)
cli_test(compare host)
cli_test(encoder device film)
cli_test(verify device)
cli_test(arithmetic device)
cli_test(processors device film)
cli_test(headers device film)
clearbox_may_be_left_out(cli_formats cli_headers)
# Not every system has it, and no test is missing where it is not.
find_program(CBX_CHROMIUM chromium)
mark_as_advanced(CBX_CHROMIUM)
if(CBX_CHROMIUM)
  cli_test(chromium device film)
  clearbox_may_be_left_out(cli_chromium)
endif()
# ranks_test(name script program launcher): runs cli/test_SCRIPT.py with an MPI
function(ranks_test name script program launcher)
  add_test(NAME cli_${name} COMMAND ${CBX_TEST_PYTHON} -B
           ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_${script}.py)
  clearbox_pocl_cache(cli_${name})
  set_property(TEST cli_${name} APPEND PROPERTY ENVIRONMENT CLEARBOX=$<TARGET_FILE:${program}>
               CLEARBOX_ALONE=$<TARGET_FILE:clearbox_program> CBX_LAUNCHER=${launcher}
               CBX_TEST_SANITIZE=${CBX_SANITIZE})
  set_tests_properties(cli_${name} PROPERTIES LABELS "device;film" TIMEOUT 1800)
  clearbox_may_be_left_out(cli_${name})
endfunction()

# With the MPI that clearbox-mpi is built with, and with MPICH where that is another one.
if(TARGET clearbox_mpi)
  ranks_test(ranks ranks clearbox_mpi ${MPIEXEC_EXECUTABLE})
  ranks_test(rank_faults rank_faults clearbox_mpi ${MPIEXEC_EXECUTABLE})
  ranks_test(hosts hosts clearbox_mpi ${MPIEXEC_EXECUTABLE})
  set_tests_properties(cli_hosts PROPERTIES RUN_SERIAL ON) # names of hosts, and seconds, are judged
  pkg_check_modules(MPICH IMPORTED_TARGET mpich)
  find_program(CBX_MPICH_LAUNCHER mpiexec.mpich)
  mark_as_advanced(CBX_MPICH_LAUNCHER)
  if(MPICH_FOUND AND CBX_MPICH_LAUNCHER AND NOT MPI_C_INCLUDE_DIRS MATCHES mpich)
    add_executable(clearbox_mpich ${CBX_MPI_FILES})
    target_link_libraries(clearbox_mpich PRIVATE clearbox_cli PkgConfig::MPICH)
    ranks_test(ranks_mpich ranks clearbox_mpich ${CBX_MPICH_LAUNCHER})
    ranks_test(rank_faults_mpich rank_faults clearbox_mpich ${CBX_MPICH_LAUNCHER})
    ranks_test(hosts_mpich hosts clearbox_mpich ${CBX_MPICH_LAUNCHER})
    set_tests_properties(cli_hosts_mpich PROPERTIES RUN_SERIAL ON)
  endif()
endif()

# page_test(name script label…): runs page/test_SCRIPT.py on pages that the program makes
function(page_test name script)
  add_test(NAME page_${name} COMMAND ${CBX_TEST_PYTHON} -B
           ${CMAKE_CURRENT_SOURCE_DIR}/page/test_${script}.py)
  clearbox_pocl_cache(page_${name})
  set_property(TEST page_${name} APPEND PROPERTY ENVIRONMENT
               CLEARBOX=$<TARGET_FILE:clearbox_program>
               CBX_SCREENSHOTS=${PROJECT_BINARY_DIR}/screenshots)
  set_tests_properties(page_${name} PROPERTIES LABELS "${ARGN}" TIMEOUT 900)
  clearbox_may_be_left_out(page_${name})
endfunction()

# Chromium needs its driver, too; without it they are left out.
if(CBX_CHROMIUM)
  page_test(film film device film)
  page_test(network network device)
  page_test(layer layer device)
  page_test(proof proof device film)
  page_test(reading reading device film)
  page_test(sizes reading device film slow)
  set_property(TEST page_sizes APPEND PROPERTY ENVIRONMENT CBX_TEST_SIZES=large)
endif()
find_program(CBX_FIREFOX NAMES firefox-esr firefox)
mark_as_advanced(CBX_FIREFOX)
if(CBX_FIREFOX)
  page_test(firefox firefox device film)
endif()
set_tests_properties(cli_devices cli_drivers PROPERTIES TIMEOUT 600)
if(TARGET bad_compiler)
  set_property(TEST cli_check cli_crew cli_drivers cli_encoder cli_verify APPEND PROPERTY ENVIRONMENT
               "CBX_BAD_COMPILER=$<TARGET_FILE:bad_compiler>")
  foreach(name cli_ranks cli_ranks_mpich)
    if(TEST ${name})
      set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT
                   "CBX_BAD_COMPILER=$<TARGET_FILE:bad_compiler>")
    endif()
  endforeach()
endif()

# Failing calls: a layer between the program and its libraries.
if(NOT CBX_SANITIZE)
  add_library(inject MODULE preload/inject.c preload/inject_files.c preload/inject_libraries.c
              preload/inject_memory.c preload/inject_opencl.c preload/inject_system.c)
  target_compile_definitions(inject PRIVATE CL_TARGET_OPENCL_VERSION=120
                             CL_USE_DEPRECATED_OPENCL_1_2_APIS)
  target_link_libraries(inject PRIVATE OpenCL::OpenCL ZLIB::ZLIB PNG::PNG PkgConfig::LIBAV
                        PkgConfig::JANSSON Threads::Threads ${CMAKE_DL_LIBS})
  # Some cases each; all of them, about an hour: ctest -C faults -L faults
  foreach(name inject kills disk moments limits)
    cli_test(${name} device film slow)
    add_test(NAME faults_${name} CONFIGURATIONS faults
             COMMAND ${CBX_TEST_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_${name}.py)
    clearbox_pocl_cache(faults_${name})
    set_property(TEST faults_${name} APPEND PROPERTY ENVIRONMENT CBX_TEST_EVERY_FAULT=1
                 CLEARBOX=$<TARGET_FILE:clearbox_program> CBX_TEST_SANITIZE=)
    set_tests_properties(faults_${name} PROPERTIES LABELS "device;film;faults" TIMEOUT 36000)
    set_tests_properties(cli_${name} PROPERTIES TIMEOUT 3600)
    set_property(TEST cli_${name} faults_${name} APPEND PROPERTY ENVIRONMENT
                 "CBX_INJECT_LAYER=$<TARGET_FILE:inject>")
  endforeach()
  foreach(name cli_rank_faults cli_rank_faults_mpich)
    if(TEST ${name})
      set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "CBX_INJECT_LAYER=$<TARGET_FILE:inject>")
    endif()
  endforeach()
endif()
