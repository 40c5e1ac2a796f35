/* SPDX-License-Identifier: MIT */
/* Who encodes excerpts: the device's kernels, or an encoder of libavcodec in this thread. */
#ifndef CBX_BENCH_CODER_H
#define CBX_BENCH_CODER_H

#include "bench/excerpts.h"
#include "bench/tally.h"
#include "clearbox/film.h"

/* Frames of a group, as the device's films of 70 frames a second have them. */
enum { CBX_CODER_GROUP = 140 };

typedef struct cbx_coder {
    /* Encodes both excerpts, each from a key frame on, and tells what came of them. `judged`: decodes them, too,
     * for the error. `stop` is asked between frames or strips. */
    cbx_status (*run)(struct cbx_coder *coder, int judged, const cbx_bench_stop *stop,
                      cbx_tally out[CBX_EXCERPTS]);
    void (*destroy)(struct cbx_coder *coder);
} cbx_coder;

/* Both borrow the excerpts. *out is the caller's, to be destroyed by its own function. Statuses of
 * cbx_avc_create(), cbx_decoder_open(). */
cbx_status cbx_coder_on_device(cbx_coder **out, cbx_device *device, const cbx_excerpts *excerpts,
                               const cbx_film_settings *film);

/* Groups of `group` frames. Those of cbx_film_trial_create(). */
cbx_status cbx_coder_by_libav(cbx_coder **out, const cbx_excerpts *excerpts,
                              const cbx_film_settings *film, uint32_t group);

#endif
