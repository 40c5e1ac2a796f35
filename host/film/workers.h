/* SPDX-License-Identifier: MIT */
/* The threads that turn frames into groups of packets and put them in the file.
 *
 * One worker encodes one group, from its first frame on, while the next workers
 * wait for the next groups. Which worker takes which group is left to chance; the
 * packets do not depend on it, and they are written in the order of the groups.
 */
#ifndef CBX_FILM_WORKERS_H
#define CBX_FILM_WORKERS_H

#include <stdint.h>

#include "film/encoder.h"

typedef struct cbx_workers cbx_workers;

/* Starts the threads; `parts` outlive them. `first`, the encoder that the parameters came
 * from, encodes the first group; the workers own it in every case. CBX_NO_MEMORY. */
cbx_status cbx_workers_start(cbx_workers **out, const cbx_film_parts *parts, cbx_encoder *first);

/* The next frame, which becomes the workers' in every case; see cbx_film_push(). */
cbx_status cbx_workers_push(cbx_workers *workers, const cbx_film_frame *frame);

/* No frame will follow; what was pushed is encoded and written meanwhile. */
void cbx_workers_end(cbx_workers *workers);

/* Frames that were pushed and are not yet written; 0 after a failure. */
uint64_t cbx_workers_unwritten(cbx_workers *workers);

/* Encodes and writes all that was pushed and ends the threads. Returns the first
 * failure. `frames` and `seconds`, of processor time, count from the start. */
cbx_status cbx_workers_finish(cbx_workers *workers, uint64_t *frames, double *seconds);

/* Ends the threads, releasing what they have not encoded; NULL is allowed. */
void cbx_workers_destroy(cbx_workers *workers);

#endif
