/* SPDX-License-Identifier: MIT */
/* Where a film of these settings plays, before it is made. */
#ifndef CBX_FILM_PLAYS_H
#define CBX_FILM_PLAYS_H

#include <stddef.h>

#include "clearbox/film.h"

/* H.264's level by size and rate, "5.2"; the highest, "6.2", also for what is beyond it. Static.
 * NULL for another codec. */
const char *cbx_film_level(const cbx_film_settings *settings);

/* Whether it plays wherever H.264 does: decoders in hardware end at level 5.2, some players at
 * 4,096 x 2,304 pixels. Where not, a sentence of at most 68 characters says so and what helps;
 * else it is "". Other codecs have no levels, and are left alone. */
int cbx_film_plays(const cbx_film_settings *settings, char *sentence, size_t size);

/* "", or in at most 68 characters how large a film of so many frames will be and how long encoding
 * takes, where that is much; and how many frames it keeps, where players cannot show them all. */
void cbx_film_costs(const cbx_film_settings *settings, uint64_t frames, char *sentence,
                    size_t size);

#endif
