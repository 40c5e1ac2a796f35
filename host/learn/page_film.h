/* SPDX-License-Identifier: MIT */
/* The film of a page, where the run's own is too large for one, or of a kind that browsers do not
 * play: some seconds by the logarithmic clock. */
#ifndef CBX_LEARN_PAGE_FILM_H
#define CBX_LEARN_PAGE_FILM_H

#include "learn/clock.h"
#include "reel/reel.h"

typedef struct cbx_page_film {
    int wanted; /* or all is zero */
    cbx_film_settings film;
    cbx_drawing drawing;
    cbx_grid grid;
    cbx_timing timing;
    cbx_painter painter;
    cbx_easel easel;
    cbx_reel *reel;   /* NULL: it is not open yet, finished, or lost */
    cbx_spool *spool; /* of its frames; NULL: none */
    uint64_t drawn;   /* frames so far */
    char *path;       /* of its file beside the page, until the page has it */
    uint64_t frames;  /* of the finished film; 0: there is none */
    int has_file;     /* which is there */
} cbx_page_film;

/* DIR/.NAME.film.mp4, for free(): hidden, as all that is not the user's. One that a killed run has
 * left is replaced. CBX_NO_MEMORY. */
cbx_status cbx_page_film_name(const char *report, char **out);

#endif
