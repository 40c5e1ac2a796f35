/* SPDX-License-Identifier: MIT */
#include "reel/reel.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "reel/frames.h"
#include "reel/samples.h"

/* Strips that may be under way, a launch each or several: enough to keep the device busy while
 * this thread hands frames over in bunches. */
enum { MOST_OUTSTANDING = 16 };

/* How frames get from the device into the film. `ring` is a cbx_frames or a cbx_samples. */
typedef struct way {
    /* Makes ring and film, whose chroma are the planes; what there is stays with the reel. */
    cbx_status (*open)(struct cbx_reel *reel, cbx_painter *painter, int drawn_apart,
                       cbx_output *output, const cbx_film_settings *settings, const uint8_t *cb,
                       const uint8_t *cr);
    void (*destroy)(void *ring);
    uint32_t (*room)(const void *ring);
    cbx_status (*acquire)(void *ring, cbx_canvas *canvas, int *ready);
    cbx_status (*drawn)(void *ring, uint32_t pictures, cl_event done);
    cbx_status (*send)(void *ring);
    uint32_t (*outstanding)(const void *ring);
    /* The frames of the oldest strip, if they are there; *done tells. */
    cbx_status (*hand_over)(struct cbx_reel *reel, int wait, int *done);
    /* Sleeps until a strip is free while none is outstanding. */
    void (*wait)(void *ring);
    void (*note_times)(const void *ring, cbx_reel_times *times);
} way;

struct cbx_reel {
    const way *way;
    const cbx_painter *painter;
    void *ring;
    cbx_film *film; /* NULL when finished */
    uint64_t filmed;
    double waited_seconds;
    int torn;
};

/* ---- planes that the film's encoders take ---- */

static cbx_status open_frames(cbx_reel *reel, cbx_painter *painter, int drawn_apart,
                              cbx_output *output, const cbx_film_settings *settings,
                              const uint8_t *cb, const uint8_t *cr) {
    cbx_frames *frames = NULL;
    cbx_status status = cbx_film_open_on(&reel->film, output, settings, cb, cr);
    if (!status) {
        status = cbx_frames_create(&frames, painter, cbx_film_ring_frames(reel->film), drawn_apart);
    }
    reel->ring = frames;
    return status;
}

static void destroy_frames(void *ring) {
    cbx_frames_destroy(ring);
}

static uint32_t room_of_frames(const void *ring) {
    return cbx_frames_room(ring);
}

static cbx_status acquire_frames(void *ring, cbx_canvas *canvas, int *ready) {
    return cbx_frames_acquire(ring, canvas, ready);
}

static cbx_status frames_drawn(void *ring, uint32_t pictures, cl_event done) {
    return cbx_frames_drawn(ring, pictures, done);
}

static cbx_status send_frames(void *ring) {
    return cbx_frames_send(ring);
}

static uint32_t outstanding_frames(const void *ring) {
    return cbx_frames_outstanding(ring);
}

static cbx_status push(cbx_reel *reel, const uint8_t *frame, void *strip) {
    const cbx_painter *painter = reel->painter;
    const size_t pixels = (size_t)painter->layout.width * painter->layout.height;
    const uint8_t *cb = frame + pixels, *cr = cb + pixels / 4;
    return painter->plain
               ? cbx_film_push(reel->film, frame, cbx_frames_release, strip)
               : cbx_film_push_planes(reel->film, frame, cb, cr, cbx_frames_release, strip);
}

/* What a film that fails does not want is free again all the same. */
static cbx_status hand_frames_over(cbx_reel *reel, int wait, int *done) {
    cbx_frames_lent lent;
    cbx_status status = cbx_frames_collect(reel->ring, wait, &lent);
    *done = lent.luma != NULL;
    if (status || !lent.luma) {
        return status;
    }
    for (uint32_t i = 0; i < lent.count; i++) {
        if (status) {
            cbx_frames_release(lent.strip);
            continue;
        }
        status = push(reel, lent.luma + i * lent.bytes, lent.strip);
        reel->filmed++;
    }
    reel->torn = status != CBX_OK;
    return status;
}

static void wait_for_frames(void *ring) {
    cbx_frames_wait_released(ring);
}

static void note_times_of_frames(const void *ring, cbx_reel_times *times) {
    times->draw = cbx_frames_draw_seconds(ring);
    times->read_back = cbx_frames_read_seconds(ring);
}

static const way by_host = {.open = open_frames,
                            .destroy = destroy_frames,
                            .room = room_of_frames,
                            .acquire = acquire_frames,
                            .drawn = frames_drawn,
                            .send = send_frames,
                            .outstanding = outstanding_frames,
                            .hand_over = hand_frames_over,
                            .wait = wait_for_frames,
                            .note_times = note_times_of_frames};

/* ---- samples that the device encoded ---- */

static cbx_status open_samples(cbx_reel *reel, cbx_painter *painter, int drawn_apart,
                               cbx_output *output, const cbx_film_settings *settings,
                               const uint8_t *cb, const uint8_t *cr) {
    const cbx_stream stream = cbx_samples_stream(settings);
    cbx_samples *samples = NULL;
    cbx_status status = cbx_samples_create(&samples, painter, drawn_apart, settings, cb, cr);
    reel->ring = samples;
    return status ? status : cbx_film_open_encoded(&reel->film, output, &stream, settings);
}

static void destroy_samples(void *ring) {
    cbx_samples_destroy(ring);
}

static uint32_t room_of_samples(const void *ring) {
    return cbx_samples_room(ring);
}

static cbx_status acquire_samples(void *ring, cbx_canvas *canvas, int *ready) {
    return cbx_samples_acquire(ring, canvas, ready);
}

static cbx_status samples_drawn(void *ring, uint32_t pictures, cl_event done) {
    return cbx_samples_drawn(ring, pictures, done);
}

static cbx_status send_samples(void *ring) {
    return cbx_samples_send(ring);
}

static uint32_t outstanding_samples(const void *ring) {
    return cbx_samples_outstanding(ring);
}

static cbx_status hand_samples_over(cbx_reel *reel, int wait, int *done) {
    return cbx_samples_hand_over(reel->ring, reel->film, wait, done, &reel->filmed, &reel->torn);
}

/* All slots are outstanding where none is free. */
static void wait_for_samples(void *ring) {
    (void)ring;
}

static void note_times_of_samples(const void *ring, cbx_reel_times *times) {
    times->waited = 0.0; /* for the device, not for encoders */
    times->draw = cbx_samples_draw_seconds(ring);
    times->encode = cbx_samples_encode_seconds(ring);
    times->read_back = cbx_samples_read_seconds(ring);
}

static const way by_device = {.open = open_samples,
                              .destroy = destroy_samples,
                              .room = room_of_samples,
                              .acquire = acquire_samples,
                              .drawn = samples_drawn,
                              .send = send_samples,
                              .outstanding = outstanding_samples,
                              .hand_over = hand_samples_over,
                              .wait = wait_for_samples,
                              .note_times = note_times_of_samples};

/* ---- opened ---- */

static cbx_status open_way(cbx_reel *reel, cbx_painter *painter, int drawn_apart,
                           cbx_output *output, const cbx_film_settings *settings) {
    const size_t chroma = (size_t)(settings->width / 2) * (settings->height / 2);
    uint8_t *planes = NULL;
    reel->way = cbx_film_is_by_device(settings->encoder) ? &by_device : &by_host;
    reel->painter = painter;
    cbx_status status = cbx_new(&planes, 2 * chroma);
    if (!status && painter->plain) {
        status = cbx_painter_chroma(painter, planes, planes + chroma);
    }
    if (!status) {
        status =
            reel->way->open(reel, painter, drawn_apart, output, settings, planes, planes + chroma);
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
        status = open_way(reel, painter, drawn_apart, output, settings);
    }
    cbx_output_discard(output); /* the film has it, or nobody wants it */
    if (status) {
        cbx_reel_discard(reel);
        return status;
    }
    *out = reel;
    return CBX_OK;
}

static uint64_t plane_bytes(const cbx_film_settings *settings) {
    const uint64_t luma = (uint64_t)settings->width * settings->height;
    return settings->chroma_changes ? luma * 3 / 2 : luma;
}

uint64_t cbx_reel_device_bytes(const cbx_film_settings *settings) {
    return cbx_film_is_by_device(settings->encoder)
               ? cbx_samples_bytes(settings)
               : cbx_frames_device_bytes(plane_bytes(settings));
}

uint64_t cbx_reel_memory_bytes(const cbx_film_settings *settings, int shares_memory,
                               uint64_t frames, uint64_t *index_bytes) {
    const uint64_t by_workers = cbx_film_memory_bytes(settings, frames, index_bytes);
    if (cbx_film_is_by_device(settings->encoder)) {
        return shares_memory ? cbx_samples_bytes(settings) : 0;
    }
    return by_workers + cbx_frames_spare_bytes(plane_bytes(settings));
}

/* Until at most `keep` strips are left that were sent, and those that need not be waited for. */
static cbx_status turn(cbx_reel *reel, uint32_t keep) {
    cbx_status status = CBX_OK;
    int done = 1;
    while (!status && reel->way->outstanding(reel->ring) > keep) {
        status = reel->way->hand_over(reel, 1, &done);
    }
    while (!status && done && reel->way->outstanding(reel->ring) > 0) {
        status = reel->way->hand_over(reel, 0, &done);
    }
    return status;
}

cbx_status cbx_reel_turn(cbx_reel *reel) {
    const cbx_status status = reel->way->send(reel->ring);
    return status ? status : turn(reel, 0);
}

/* Waits until a strip may be free. */
static cbx_status wait_for_room(cbx_reel *reel) {
    const double start = cbx_clock_seconds();
    const uint32_t outstanding = reel->way->outstanding(reel->ring);
    cbx_status status = CBX_OK;
    if (outstanding > 0) {
        status = turn(reel, outstanding - 1);
    } else {
        reel->way->wait(reel->ring);
    }
    reel->waited_seconds += cbx_clock_seconds() - start;
    return status;
}

cbx_status cbx_reel_canvas(cbx_reel *reel, cbx_canvas *out) {
    cbx_status status = CBX_OK;
    int ready = 0;
    if (reel->way->outstanding(reel->ring) >= MOST_OUTSTANDING) {
        status = turn(reel, MOST_OUTSTANDING / 2);
    }
    while (!status && !ready) {
        status = reel->way->acquire(reel->ring, out, &ready);
        if (!status && !ready) {
            status = wait_for_room(reel);
        }
    }
    return status;
}

uint32_t cbx_reel_room(const cbx_reel *reel) {
    return reel->way->room(reel->ring);
}

cbx_status cbx_reel_drawn(cbx_reel *reel, uint32_t pictures, cl_event done) {
    return reel->way->drawn(reel->ring, pictures, done);
}

cbx_status cbx_reel_look(cbx_reel *reel) {
    return turn(reel, reel->way->outstanding(reel->ring));
}

int cbx_reel_can_spool(const cbx_reel *reel) {
    return cbx_film_can_spool(reel->film);
}

void cbx_reel_describe(const cbx_reel *reel, cbx_spool_head *head) {
    cbx_film_describe(reel->film, head);
}

void cbx_reel_spool(cbx_reel *reel, cbx_spool *spool) {
    cbx_film_spool(reel->film, spool);
}

cbx_avc *cbx_reel_avc(const cbx_reel *reel) {
    return reel->way == &by_device ? cbx_samples_avc(reel->ring) : NULL;
}

cbx_status cbx_reel_send(cbx_reel *reel) {
    return reel->way->send(reel->ring);
}

cbx_status cbx_reel_take(cbx_reel *reel, cbx_spool *spool, uint64_t frames) {
    uint64_t taken;
    cbx_status status = cbx_film_take(reel->film, spool, frames, &taken);
    if (!status && taken < frames) {
        status =
            cbx_fail(CBX_BAD_DATA, "%s has only %llu of the film's first %llu frames",
                     cbx_spool_name(spool), (unsigned long long)taken, (unsigned long long)frames);
    }
    reel->filmed = frames;
    cbx_samples_count(reel->ring, frames);
    return status;
}

int cbx_reel_is_torn(const cbx_reel *reel) {
    return reel->torn;
}

cbx_reel_times cbx_reel_times_of(const cbx_reel *reel) {
    cbx_reel_times times = {.frames = reel->filmed, .waited = reel->waited_seconds};
    reel->way->note_times(reel->ring, &times);
    return times;
}

uint64_t cbx_reel_unwritten(cbx_reel *reel) {
    cbx_film_end(reel->film);
    return cbx_film_unwritten(reel->film);
}

cbx_status cbx_reel_comment(cbx_reel *reel, const char *comment) {
    return cbx_film_comment(reel->film, comment);
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
    if (reel->way) {
        reel->way->destroy(reel->ring);
    }
    free(reel);
}
