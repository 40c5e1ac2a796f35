/* SPDX-License-Identifier: MIT */
#include "reel/reel.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "reel/frames.h"

/* Launches that may be under way: enough to keep the device busy while this thread
 * hands frames over in bunches. */
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
        status = cbx_frames_create(&reel->frames, painter, cbx_film_ring_frames(reel->film) + 2,
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

/* Hands over the oldest frame, if it is there; *done tells. */
static cbx_status hand_over(cbx_reel *reel, int wait, int *done) {
    const uint8_t *luma = NULL;
    void *slot = NULL;
    cbx_status status = cbx_frames_collect(reel->frames, wait, &luma, &slot);
    *done = luma != NULL;
    if (status || !luma) {
        return status;
    }
    status = cbx_film_push(reel->film, luma, cbx_frames_release, slot);
    reel->filmed++;
    reel->torn = status != CBX_OK;
    return status;
}

cbx_status cbx_reel_turn(cbx_reel *reel, uint32_t keep) {
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

/* Waits until a frame may be free. */
static cbx_status wait_for_room(cbx_reel *reel) {
    const double start = cbx_clock_seconds();
    const uint32_t outstanding = cbx_frames_outstanding(reel->frames);
    cbx_status status = CBX_OK;
    if (outstanding > 0) {
        status = cbx_reel_turn(reel, outstanding - 1);
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
        status = cbx_reel_turn(reel, MOST_OUTSTANDING / 2);
    }
    while (!status && !ready) {
        status = cbx_frames_acquire(reel->frames, out, &ready);
        if (!status && !ready) {
            status = wait_for_room(reel);
        }
    }
    return status;
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
