/* SPDX-License-Identifier: MIT */
/* The names of the public choices, each list in the order of its enum and ended by NULL. */
#ifndef CBX_BASE_NAMES_H
#define CBX_BASE_NAMES_H

extern const char *const cbx_arithmetic_names[];
extern const char *const cbx_family_names[];
extern const char *const cbx_recipe_names[];
extern const char *const cbx_schedule_names[];
extern const char *const cbx_tone_names[];
extern const char *const cbx_codec_names[];
extern const char *const cbx_colours_names[];
extern const char *const cbx_container_names[];
extern const char *const cbx_clock_names[];
extern const char *const cbx_style_names[];

#endif
