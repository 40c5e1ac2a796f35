/* SPDX-License-Identifier: MIT */
/* What a spool begins with: "clearbox film 1\n"; the bytes of a JSON object as a uint32, the object, its CRC-32 as
 * a uint32, numbers little-endian. The object has "width", "height", "fps", "chroma_qp_offset", "container",
 * "title", "comment", "checkpoint", the name of a file that may count on this one, or null, and of frames that
 * libavcodec encoded "encoder", its name, and "extradata", in hexadecimal. */
#ifndef CBX_FILM_SPOOL_HEAD_H
#define CBX_FILM_SPOOL_HEAD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "clearbox/film.h"
#include "film/parameter_sets.h"

typedef struct cbx_spool_head {
    cbx_stream stream;
    cbx_container container;
    const char *title, *comment; /* NULL: there is none */
    const char *checkpoint;      /* the file that counts on it, once it is there; NULL */
    const char *encoder;         /* of libavcodec; NULL: the device's */
    const uint8_t *extradata;    /* what that said of its packets; NULL: nothing */
    size_t extradata_bytes;
} cbx_spool_head;

/* What the head of a spool that was read points into. Zeroed: nothing. */
typedef struct cbx_spool_texts {
    json_t *json;
    uint8_t *extradata;
} cbx_spool_texts;

/* `name` is the file's, in sentences. CBX_CANNOT_WRITE, CBX_NO_MEMORY. */
cbx_status cbx_spool_head_write(const cbx_spool_head *head, FILE *file, const char *name);

/* Fills *head and *texts, to be cleared in every case; *end: the first byte behind it. CBX_MISSING_INPUT,
 * CBX_BAD_DATA, CBX_NO_MEMORY. */
cbx_status cbx_spool_head_read(cbx_spool_head *head, cbx_spool_texts *texts, FILE *file,
                               const char *name, long long *end);

/* Whether an open file, at its beginning, is a spool of a later program, with another head. */
int cbx_spool_head_is_later(int file);

void cbx_spool_texts_clear(cbx_spool_texts *texts);

/* A disk that cannot be read, CBX_MISSING_INPUT, is not the end of a file. */
cbx_status cbx_spool_check_reading(FILE *file, const char *name);

#endif
