# SPDX-License-Identifier: MIT
# The letters of captions: drawn by cmake/make_font.c at build time, compiled into the library.

pkg_check_modules(FREETYPE IMPORTED_TARGET freetype2)
if(NOT TARGET PkgConfig::FREETYPE)
  message(FATAL_ERROR "FreeType is missing, which draws the letters of captions when clearbox is "
                      "built: install libfreetype-dev (Debian's name)")
endif()
find_file(CBX_FONT NAMES DejaVuSans.ttf DOC "The font of captions, a .ttf"
          PATHS /usr/share/fonts /usr/local/share/fonts /Library/Fonts
          PATH_SUFFIXES truetype/dejavu dejavu dejavu-sans-fonts TTF ttf-dejavu NO_DEFAULT_PATH)
if(NOT CBX_FONT OR NOT EXISTS "${CBX_FONT}")
  message(FATAL_ERROR "DejaVu Sans, the font of captions, is missing: install fonts-dejavu-core "
                      "(Debian's name), or name another .ttf with -DCBX_FONT=FILE")
endif()

add_executable(clearbox_make_font ${CMAKE_CURRENT_LIST_DIR}/make_font.c)
target_include_directories(clearbox_make_font PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/host
                           ${CMAKE_CURRENT_SOURCE_DIR}/kernels)
target_link_libraries(clearbox_make_font PRIVATE clearbox_options PkgConfig::FREETYPE)
set_target_properties(clearbox_make_font PROPERTIES
                      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/font)
set(CBX_FONT_C ${CMAKE_CURRENT_BINARY_DIR}/font.c)
add_custom_command(OUTPUT ${CBX_FONT_C}
  COMMAND clearbox_make_font ${CBX_FONT} ${CBX_FONT_C}
  DEPENDS clearbox_make_font ${CBX_FONT} VERBATIM COMMENT "Drawing letters")
add_custom_target(clearbox_font DEPENDS ${CBX_FONT_C})
