# SPDX-License-Identifier: MIT
# The scripts by which shells complete, which the program prints, and where shells look for them.
if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  message(STATUS "No completions for shells: the program that prints them cannot run here")
  return()
endif()

set(CBX_COMPLETIONS ${PROJECT_BINARY_DIR}/completions)
file(MAKE_DIRECTORY ${CBX_COMPLETIONS})
set(scripts "")
# clearbox_completions(shell folder name)
macro(clearbox_completions shell folder name)
  add_custom_command(OUTPUT ${CBX_COMPLETIONS}/${name}
    COMMAND clearbox_program completions ${shell} > ${CBX_COMPLETIONS}/${name}
    DEPENDS clearbox_program VERBATIM COMMENT "Printing the completions for ${shell}")
  list(APPEND scripts ${CBX_COMPLETIONS}/${name})
  install(FILES ${CBX_COMPLETIONS}/${name} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
endmacro()
clearbox_completions(bash bash-completion/completions clearbox)
clearbox_completions(zsh zsh/site-functions _clearbox)
clearbox_completions(fish fish/vendor_completions.d clearbox.fish)
add_custom_target(clearbox_scripts ALL DEPENDS ${scripts})
