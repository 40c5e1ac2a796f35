/* SPDX-License-Identifier: MIT */
#include "reel/reel.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "reel/frames.h"

/* Strips that may be under way, a launch each or several: enough to keep the device busy while
 * this thread hands frames over in bunches. */
enum { MOST_OUTSTANDING = 16 };

struct cbx_reel {
    cbx_frames *frames;
    cbx_film *film; /* NULL when finished */
    uint64_t filmed;
    double waited_seconds;
    int torn;
};

static cbx_status open_film(cbx_reel *reel, cbx_painter *painter, cbx_output *output,
                            const cbx_film_settings *settings) {
    const size_t chroma = (size_t)(settings->width / 2) * (settings->height / 2);
    uint8_t *planes = NULL;
    cbx_status status = cbx_new(&planes, 2 * chroma);
    if (!status) {
        status = cbx_painter_chroma(painter, planes, planes + chroma);
    }
    if (!status) {
        status = cbx_film_open_on(&reel->film, output, settings, planes, planes + chroma);
    }
    free(planes);
    return status;
}

cbx_status cbx_reel_open(cbx_reel **out, cbx_painter *painter, int drawn_apart, cbx_output *output,
                         const cbx_film_settings *settings) {
    cbx_reel *reel = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&reel, 1);
    if (!status) {
        status = open_film(reel, painter, output, settings);
    }
    if (!status) {
        status = cbx_frames_create(&reel->frames, painter, cbx_film_ring_frames(reel->film),
                                   drawn_apart);
    }
    cbx_output_discard(output); /* the film has it, or nobody wants it */
    if (status) {
        cbx_reel_discard(reel);
        return status;
    }
    *out = reel;
    return CBX_OK;
}

uint64_t cbx_reel_memory_bytes(const cbx_film_settings *settings, uint64_t frames,
                               uint64_t *index_bytes) {
    return cbx_film_memory_bytes(settings, frames, index_bytes) +
           cbx_frames_spare_bytes((uint64_t)settings->width * settings->height);
}

/* Hands over the frames of the oldest strip, if they are there; *done tells. What a film that
 * fails does not want is free again all the same. */
static cbx_status hand_over(cbx_reel *reel, int wait, int *done) {
    cbx_frames_lent lent;
    cbx_status status = cbx_frames_collect(reel->frames, wait, &lent);
    *done = lent.luma != NULL;
    if (status || !lent.luma) {
        return status;
    }
    for (uint32_t i = 0; i < lent.count; i++) {
        if (status) {
            cbx_frames_release(lent.strip);
            continue;
        }
        status =
            cbx_film_push(reel->film, lent.luma + i * lent.bytes, cbx_frames_release, lent.strip);
        reel->filmed++;
    }
    reel->torn = status != CBX_OK;
    return status;
}

/* Until at most `keep` strips are left that were sent, and those that need not be waited for. */
static cbx_status turn(cbx_reel *reel, uint32_t keep) {
    cbx_status status = CBX_OK;
    int done = 1;
    while (!status && cbx_frames_outstanding(reel->frames) > keep) {
        status = hand_over(reel, 1, &done);
    }
    while (!status && done && cbx_frames_outstanding(reel->frames) > 0) {
        status = hand_over(reel, 0, &done);
    }
    return status;
}

cbx_status cbx_reel_turn(cbx_reel *reel) {
    const cbx_status status = cbx_frames_send(reel->frames);
    return status ? status : turn(reel, 0);
}

/* Waits until a strip may be free. */
static cbx_status wait_for_room(cbx_reel *reel) {
    const double start = cbx_clock_seconds();
    const uint32_t outstanding = cbx_frames_outstanding(reel->frames);
    cbx_status status = CBX_OK;
    if (outstanding > 0) {
        status = turn(reel, outstanding - 1);
    } else {
        cbx_frames_wait_released(reel->frames);
    }
    reel->waited_seconds += cbx_clock_seconds() - start;
    return status;
}

cbx_status cbx_reel_canvas(cbx_reel *reel, cbx_canvas *out) {
    cbx_status status = CBX_OK;
    int ready = 0;
    if (cbx_frames_outstanding(reel->frames) >= MOST_OUTSTANDING) {
        status = turn(reel, MOST_OUTSTANDING / 2);
    }
    while (!status && !ready) {
        status = cbx_frames_acquire(reel->frames, out, &ready);
        if (!status && !ready) {
            status = wait_for_room(reel);
        }
    }
    return status;
}

uint32_t cbx_reel_room(const cbx_reel *reel) {
    return cbx_frames_room(reel->frames);
}

cbx_status cbx_reel_drawn(cbx_reel *reel, uint32_t pictures, cl_event done) {
    return cbx_frames_drawn(reel->frames, pictures, done);
}

int cbx_reel_is_torn(const cbx_reel *reel) {
    return reel->torn;
}

cbx_reel_times cbx_reel_times_of(const cbx_reel *reel) {
    return (cbx_reel_times){.frames = reel->filmed,
                            .draw = cbx_frames_draw_seconds(reel->frames),
                            .read_back = cbx_frames_read_seconds(reel->frames),
                            .waited = reel->waited_seconds};
}

uint64_t cbx_reel_unwritten(cbx_reel *reel) {
    cbx_film_end(reel->film);
    return cbx_film_unwritten(reel->film);
}

cbx_status cbx_reel_finish(cbx_reel *reel, cbx_film_result *result) {
    cbx_film *film = reel->film;
    reel->film = NULL;
    return cbx_film_finish(film, result);
}

void cbx_reel_discard(cbx_reel *reel) {
    if (!reel) {
        return;
    }
    cbx_film_discard(reel->film);
    cbx_frames_destroy(reel->frames);
    free(reel);
}
