# SPDX-License-Identifier: MIT
# cmake/commit.cmake tells the commit of a clone, also after the next one, and none elsewhere.
#   cmake -DSCRIPT=…/commit.cmake -DSCRATCH=… -P commit.cmake
include(${CMAKE_CURRENT_LIST_DIR}/expect.cmake)

find_program(GIT git)
if(NOT GIT)
  message("left out: git is not installed")
  return()
endif()

set(clone ${SCRATCH}/clone)
set(header ${SCRATCH}/commit.h)
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${clone}/inner)
set(git ${GIT} -C ${clone} -c user.name=clearbox -c user.email=clearbox@example.org)

# told(SOURCE): sets `commit`
macro(told source)
  run("commit.cmake" ${CMAKE_COMMAND} -DSOURCE=${source} -DOUTPUT=${header} -P ${SCRIPT})
  file(STRINGS ${header} line REGEX "^#define CBX_COMMIT \"")
  string(REGEX REPLACE "^#define CBX_COMMIT \"(.*)\"$" "\\1" commit "${line}")
endmacro()

# should_be(TEXT): what the header tells of the clone
macro(should_be text)
  told(${clone})
  if(NOT commit STREQUAL "${text}")
    message(FATAL_ERROR "the header tells of ${commit} rather than ${text}")
  endif()
endmacro()

# head(): sets `head` to the first digits of the last commit
macro(head)
  execute_process(COMMAND ${git} rev-parse --short=12 HEAD OUTPUT_VARIABLE head
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
endmacro()

run("git init" ${git} init -q)
should_be(none)
file(WRITE ${clone}/file one)
run("git add" ${git} add file)
run("git commit" ${git} commit -q -m one)
head()
should_be(${head})

file(TIMESTAMP ${header} before "%s")
execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 1.1)
should_be(${head})
file(TIMESTAMP ${header} after "%s")
if(NOT before STREQUAL after)
  message(FATAL_ERROR "the header was written anew, though nothing changed")
endif()

file(WRITE ${clone}/file two)
should_be(${head}-dirty)
run("git commit" ${git} commit -q -a -m two)
set(first ${head})
head()
if(first STREQUAL head)
  message(FATAL_ERROR "the second commit is the first")
endif()
should_be(${head})

run("git tag" ${git} tag -a -m tag v1.2.3)
should_be(v1.2.3)
told(${clone}/inner) # an archive that was unpacked within another project
if(NOT commit STREQUAL "none")
  message(FATAL_ERROR "a folder within a clone is taken for its root: ${commit}")
endif()
file(REMOVE_RECURSE ${SCRATCH})
