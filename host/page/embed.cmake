# SPDX-License-Identifier: MIT
# Makes one page of the files in web/, and C arrays of its two halves: what is before and behind
# @DATA@. In index.html @NAME@ stands for the files of CBX_PAGE_NAME, in their order.
#
# As a script:  cmake -DOUTPUT=page_halves.c -DCHARTS=chart.min.js -P embed.cmake

# In order; a file uses only what is in those before it, but for calls.
set(CBX_PAGE_STYLE style.css style-film.css style-layer.css style-draw.css style-facts.css)
set(CBX_PAGE_WORKER canon.js worker.js)
set(CBX_PAGE_CODE
  data.js state.js network.js colours.js
  geometry.js seek.js film.js player.js curves.js charts.js
  tiles.js orders.js grid.js neuron.js layer.js
  digit.js answer.js pad.js
  confusion.js mistakes.js proof.js download.js made.js
  story.js tour.js main.js)
set(CBX_PAGE_WEB ${CMAKE_CURRENT_LIST_DIR}/web)

if(CMAKE_SCRIPT_MODE_FILE)
  cmake_policy(VERSION 3.18)
  file(READ ${CBX_PAGE_WEB}/index.html page)
  file(READ ${CHARTS} charts)
  string(REPLACE "@CHARTS@" "${charts}" page "${page}")
  foreach(part STYLE WORKER CODE)
    set(text "")
    foreach(file IN LISTS CBX_PAGE_${part})
      file(READ ${CBX_PAGE_WEB}/${file} content)
      string(APPEND text "${content}")
    endforeach()
    string(REPLACE "@${part}@" "${text}" page "${page}")
  endforeach()
  string(FIND "${page}" "@DATA@" middle)
  if(middle LESS 0)
    message(FATAL_ERROR "index.html has no @DATA@")
  endif()
  string(SUBSTRING "${page}" 0 ${middle} first)
  math(EXPR middle "${middle} + 6")
  string(SUBSTRING "${page}" ${middle} -1 second)
  set(arrays "")
  foreach(half first second)
    file(WRITE "${OUTPUT}.${half}" "${${half}}")
    file(READ "${OUTPUT}.${half}" hex HEX)
    file(REMOVE "${OUTPUT}.${half}")
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const unsigned char ${half}[] = {\n${bytes} 0};\n"
           "const cbx_page_half cbx_page_${half}_half = {(const char *)${half}, sizeof ${half} - 1};\n")
  endforeach()
  file(WRITE "${OUTPUT}.new" "/* Generated from host/page/web by embed.cmake. */\n"
       "#include \"page/halves.h\"\n\n${arrays}")
  file(RENAME "${OUTPUT}.new" "${OUTPUT}")
  return()
endif()

# Debian's libjs-chart.js.
find_file(CBX_CHART_JS NAMES chart.umd.min.js chart.umd.js chart.min.js Chart.min.js
  PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist)
if(NOT CBX_CHART_JS)
  message(FATAL_ERROR "Chart.js was not found, which draws the curves of the page (Debian: "
          "libjs-chart.js); -DCBX_CHART_JS=FILE names its chart.min.js")
endif()
set(CBX_PAGE_FILES index.html ${CBX_PAGE_STYLE} ${CBX_PAGE_WORKER} ${CBX_PAGE_CODE})
list(TRANSFORM CBX_PAGE_FILES PREPEND ${CBX_PAGE_WEB}/)
set(CBX_PAGE_C ${CMAKE_CURRENT_BINARY_DIR}/page_halves.c)
add_custom_command(OUTPUT ${CBX_PAGE_C}
  COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${CBX_PAGE_C}" "-DCHARTS=${CBX_CHART_JS}"
          -P ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  DEPENDS ${CBX_PAGE_FILES} ${CBX_CHART_JS} ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  VERBATIM COMMENT "Embedding the page")
add_custom_target(clearbox_page DEPENDS ${CBX_PAGE_C})
