/* SPDX-License-Identifier: MIT */
/* What encoded frames are put in: a container is a row of the table in containers.c. */
#ifndef CBX_FILM_CONTAINERS_H
#define CBX_FILM_CONTAINERS_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/film.h"

typedef struct cbx_container_kind {
    cbx_container container;
    const char *muxer;          /* libavformat's name */
    const char *a_film;         /* in sentences, "a WebM film" */
    const char *const *endings; /* ".mp4", the usual one first, ended by NULL */
    unsigned codecs;            /* a bit, 1 << codec, for each that it takes */
    uint32_t most_fps;          /* pictures a second that players show; 0: any number */
    int in_pieces;      /* a piece after the other: frames of all groups come from one encoder */
    int needs_file;     /* a pipe does not do */
    int global_headers; /* of the encoder, rather than in each key frame */
    const char *file_options, *pipe_options; /* of the muxer, "a=b:c=d"; NULL: none */
} cbx_container_kind;

/* The row; that of mp4 for CBX_CONTAINER_AUTO; NULL: there is no such container. */
const cbx_container_kind *cbx_container_kind_of(cbx_container container);

int cbx_container_takes(const cbx_container_kind *kind, cbx_codec codec);

/* The container with that ending, ".mp4"; NULL: it is another's. */
const cbx_container_kind *cbx_container_of_ending(const char *ending);

/* Writes all endings, ".mp4, .m4v … and .ts". */
void cbx_container_list_endings(char *out, size_t size);

/* Pictures a second in a file of frames at `fps`. */
uint32_t cbx_container_rate(const cbx_container_kind *kind, uint32_t fps);

/* Which picture of the file frame `index` is; of several the last is kept. */
uint64_t cbx_container_slot(const cbx_container_kind *kind, uint32_t fps, uint64_t index);

/* Pictures in the file of so many frames. */
uint64_t cbx_container_pictures(const cbx_container_kind *kind, uint32_t fps, uint64_t frames);

#endif
