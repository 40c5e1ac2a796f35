/* SPDX-License-Identifier: MIT */
/* A film of the scene, small enough for every encoder to take a moment. */
#ifndef TEST_SUPPORT_SMALL_FILM_H
#define TEST_SUPPORT_SMALL_FILM_H

#include "clearbox/film.h"
#include "support/film_scene.h"

enum { WIDTH = 84, HEIGHT = 56, FRAMES = 300 };

/* Of that size, by two workers, with a title and a comment. */
cbx_film_settings settings_for(uint32_t fps);

/* Writes `count` frames; what became of it. */
cbx_film_result make_film(const char *path, const cbx_film_settings *settings, uint64_t count);

#endif
