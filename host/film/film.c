/* SPDX-License-Identifier: MIT */
#include "film/film.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "film/coded.h"
#include "film/containers.h"
#include "film/encoder.h"
#include "film/muxer.h"
#include "film/workers.h"

enum { SHORTEST_GROUP = 20, LONGEST_GROUP = 280 };
#define GROUP_BYTES ((uint64_t)128 << 20)
#define RING_BYTES ((uint64_t)2 << 30)

/* Memory of one encoder for each pixel, measured with libx264 (12 to 13) and mpeg4 (3), and
 * of the index that libavformat keeps of an mp4 file until its end. */
enum { ENCODER_BYTES_A_PIXEL = 13, INDEX_BYTES_A_FRAME = 64, RING_SHARE = 4 };

/* How a film comes by its packets. */
typedef struct film_source {
    void (*end)(cbx_film *film);
    uint64_t (*unwritten)(const cbx_film *film);
    /* Puts all of them into the file. `extradata`: as cbx_muxer_finish() takes it. */
    cbx_status (*finish)(cbx_film *film, cbx_film_result *made, const uint8_t **extradata);
} film_source;

struct cbx_film {
    const film_source *source;
    cbx_film_parts parts;
    cbx_workers *workers; /* NULL, or … */
    cbx_coded *coded;     /* … NULL: the other is what `source` works with */
};

/* As long as a group of luma planes stays within 128 MiB, but 20 frames at least
 * and 280, four seconds at 70 frames per second, at most. An I-frame costs as many
 * bytes as some 60 P-frames and as much time as six, so longer groups are better;
 * memory and the wish to seek set the end. Depends on the size of a frame alone. */
uint32_t cbx_film_group_of(const cbx_film_settings *settings) {
    const uint64_t frames = GROUP_BYTES / ((uint64_t)settings->width * settings->height);

    if (frames < SHORTEST_GROUP) {
        return SHORTEST_GROUP;
    }
    return frames > LONGEST_GROUP ? LONGEST_GROUP : (uint32_t)frames;
}

/* Workers on successive groups are each about 1/workers of a group apart, so that
 * half of their frames are still to come or already gone; one group more lets the
 * caller run ahead. Simulated against a ring of workers + 1 groups, this loses 3 %
 * of the encoders' time at seven workers and saves nearly half of the memory. */
static uint64_t ring_frames(uint64_t group_frames, uint64_t workers) {
    return (group_frames * (workers + 2) + 1) / 2;
}

/* One per processor, but no more than a ring of 2 GiB, or of a quarter of the memory that
 * may be used, can feed. */
static uint32_t choose_workers(uint64_t each, uint32_t group_frames) {
    const uint64_t share = cbx_memory_limit_bytes() / RING_SHARE;
    const uint64_t ring = share < RING_BYTES ? share : RING_BYTES;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t workers = processors < 1 ? 1 : (uint32_t)processors;

    if (workers > CBX_MAX_WORKERS) {
        workers = CBX_MAX_WORKERS;
    }
    while (workers > 1 && ring_frames(group_frames, workers) * each > ring) {
        workers--;
    }
    return workers;
}

/* What a frame takes in the caller's ring. */
static uint64_t frame_bytes(const cbx_film_settings *settings) {
    const uint64_t luma_bytes = (uint64_t)settings->width * settings->height;
    return settings->chroma_changes ? luma_bytes + luma_bytes / 2 : luma_bytes;
}

static void choose_groups(cbx_film_parts *parts, const cbx_film_settings *settings) {
    parts->group_frames = cbx_film_group_of(settings);
    parts->workers = cbx_container_kind_of(settings->container)->in_pieces ? 1
                     : settings->workers
                         ? settings->workers
                         : choose_workers(frame_bytes(settings), parts->group_frames);
}

/* That one of libavcodec keeps in memory until its end. */
static uint64_t kept_bytes(const cbx_film_settings *settings, uint64_t frames) {
    const cbx_format *format = cbx_encoder_kind_of(settings)->format;
    const double pixels = (double)frames * settings->width * settings->height;
    return format->in_memory ? (uint64_t)(pixels * format->bytes) : 0;
}

uint64_t cbx_film_memory_bytes(const cbx_film_settings *settings, uint64_t frames,
                               uint64_t *index_bytes) {
    cbx_film_parts parts;
    choose_groups(&parts, settings);
    const uint64_t luma_bytes = (uint64_t)settings->width * settings->height;
    const uint64_t ring = ring_frames(parts.group_frames, parts.workers);
    const uint64_t groups = (frames + parts.group_frames - 1) / parts.group_frames;
    *index_bytes = frames * INDEX_BYTES_A_FRAME + kept_bytes(settings, frames);
    return (ring < frames ? ring : frames) * frame_bytes(settings) +
           (parts.workers < groups ? parts.workers : groups) * luma_bytes * ENCODER_BYTES_A_PIXEL;
}

/* The workers go first: they use all the rest. */
void cbx_film_discard(cbx_film *film) {
    if (film) {
        cbx_workers_destroy(film->workers);
        cbx_muxer_destroy(film->parts.muxer);
        cbx_film_parts_clear(&film->parts);
        free(film->coded);
        free(film);
    }
}

/* Opens the file of frames that film->parts describe. */
static cbx_status open_muxer(cbx_film *film, cbx_output *output,
                             const cbx_film_settings *settings) {
    const cbx_film_tags tags = {settings->title, settings->comment, "clearbox " CBX_VERSION};
    cbx_film_parts *parts = &film->parts;
    return cbx_muxer_open(&parts->muxer, output, parts->container, parts->rate, parts->parameters,
                          &tags);
}

/* What an opening left: *out, or nothing. The output is the muxer's, or nobody wants it. */
static cbx_status hand_out(cbx_film **out, cbx_film *film, cbx_output *output, cbx_status status) {
    cbx_output_discard(output);
    if (status) {
        cbx_film_discard(film);
        return status;
    }
    *out = film;
    return CBX_OK;
}

/* ---- frames for workers to encode ---- */

static void end_workers(cbx_film *film) {
    cbx_workers_end(film->workers);
}

static uint64_t workers_unwritten(const cbx_film *film) {
    return cbx_workers_unwritten(film->workers);
}

static cbx_status finish_workers(cbx_film *film, cbx_film_result *made, const uint8_t **extradata) {
    const cbx_film_parts *parts = &film->parts;
    uint64_t frames;
    *extradata = NULL;
    made->encoder = parts->kind->name;
    cbx_status status = cbx_workers_finish(film->workers, &frames, &made->encode_seconds);
    made->frames = cbx_container_pictures(parts->container, parts->settings.fps, frames);
    return status;
}

static const film_source by_workers = {end_workers, workers_unwritten, finish_workers};

/* The first group's encoder comes before the file: it proves the settings, and
 * the file's head needs its description. */
static cbx_status open_parts(cbx_film *film, cbx_output *output) {
    cbx_film_parts *parts = &film->parts;
    const cbx_encoder_calls *calls = parts->kind->calls;
    cbx_encoder *first = NULL;

    cbx_status status = calls->open(&first, parts);
    if (!status) {
        status = calls->describe(first, parts);
    }
    if (!status) {
        status = open_muxer(film, output, &parts->settings);
    }
    if (status) {
        calls->destroy(first);
        return status;
    }
    return cbx_workers_start(&film->workers, parts, first);
}

cbx_status cbx_film_open_on(cbx_film **out, cbx_output *output, const cbx_film_settings *settings,
                            const uint8_t *cb, const uint8_t *cr) {
    cbx_film *film;

    *out = NULL;
    cbx_status status = cbx_new(&film, 1);
    if (!status) {
        film->source = &by_workers;
        status = cbx_film_parts_fill(&film->parts, settings, cb, cr);
    }
    if (!status) {
        choose_groups(&film->parts, &film->parts.settings);
        status = open_parts(film, output);
    }
    return hand_out(out, film, output, status);
}

cbx_status cbx_film_open(cbx_film **out, const char *path, const cbx_film_settings *settings,
                         const uint8_t *cb, const uint8_t *cr) {
    cbx_output output;

    if (!path || !*path || !settings || (!settings->chroma_changes && (!cb || !cr))) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a film needs a path, settings and two chroma planes");
    }
    *out = NULL;
    cbx_film_settings settled = *settings;
    cbx_status status = cbx_film_container(&settled.container, path, settings->container);
    if (!status) {
        status = cbx_film_check(&settled);
    }
    if (!status) {
        status = cbx_output_open(&output, path, settings->no_clobber);
    }
    return status ? status : cbx_film_open_on(out, &output, &settled, cb, cr);
}

uint32_t cbx_film_group_frames(const cbx_film *film) {
    return film->parts.group_frames;
}

uint32_t cbx_film_ring_frames(const cbx_film *film) {
    return (uint32_t)ring_frames(film->parts.group_frames, film->parts.workers);
}

static cbx_status refuse(const cbx_film_frame *frame, const char *why) {
    cbx_film_frame_release(frame);
    return cbx_fail(CBX_BAD_ARGUMENT, "%s", why);
}

static cbx_status push(cbx_film *film, const cbx_film_frame *frame) {
    const int brings = frame->cb && frame->cr;
    return !frame->luma ? refuse(frame, "a frame needs a luma plane")
           : brings != (film->parts.settings.chroma_changes != 0)
               ? refuse(frame,
                        "a frame has chroma of its own where the film's changes, and else none")
               : cbx_workers_push(film->workers, frame);
}

cbx_status cbx_film_push(cbx_film *film, const uint8_t *luma, void (*release)(void *opaque),
                         void *opaque) {
    const cbx_film_frame frame = {luma, NULL, NULL, release, opaque};
    return push(film, &frame);
}

cbx_status cbx_film_push_planes(cbx_film *film, const uint8_t *luma, const uint8_t *cb,
                                const uint8_t *cr, void (*release)(void *opaque), void *opaque) {
    const cbx_film_frame frame = {luma, cb, cr, release, opaque};
    return push(film, &frame);
}

/* ---- frames that come encoded ---- */

static void end_coded(cbx_film *film) {
    (void)film; /* each is in the file at once */
}

static uint64_t coded_unwritten(const cbx_film *film) {
    (void)film;
    return 0;
}

static cbx_status finish_coded(cbx_film *film, cbx_film_result *made, const uint8_t **extradata) {
    *extradata = cbx_coded_extradata(film->coded);
    made->encoder = film->coded->encoder ? film->coded->encoder : CBX_DEVICE_ENCODER;
    made->frames = film->coded->frames;
    return cbx_fault_raise(&film->coded->fault);
}

static const film_source coded_before = {end_coded, coded_unwritten, finish_coded};

cbx_status cbx_film_open_spooled(cbx_film **out, cbx_output *output, const cbx_spool_head *head,
                                 const cbx_film_settings *settings) {
    cbx_film *film;

    *out = NULL;
    cbx_status status = cbx_new(&film, 1);
    if (!status) {
        film->source = &coded_before;
        status = cbx_new(&film->coded, 1);
    }
    if (!status) {
        cbx_coded_begin(film->coded, &head->stream);
        status = cbx_film_parts_describe(&film->parts);
    }
    if (!status) {
        status = cbx_coded_describe(film->coded, head, film->parts.parameters);
    }
    if (!status) {
        film->parts.container = cbx_container_kind_of(settings->container);
        film->parts.rate = head->stream.fps;
        status = open_muxer(film, output, settings);
    }
    return hand_out(out, film, output, status);
}

cbx_status cbx_film_open_encoded(cbx_film **out, cbx_output *output, const cbx_stream *stream,
                                 const cbx_film_settings *settings) {
    return cbx_film_open_spooled(out, output, &(cbx_spool_head){.stream = *stream}, settings);
}

cbx_status cbx_film_append(cbx_film *film, const uint8_t *sample, size_t bytes, int key) {
    const cbx_status status = cbx_coded_append(film->coded, film->parts.muxer, sample, bytes, key);
    cbx_spool *spool = film->parts.spool;
    return status || !spool ? status : cbx_spool_append(spool, sample, bytes, key);
}

int cbx_film_can_spool(const cbx_film *film) {
    return film->coded || !film->parts.container->in_pieces;
}

void cbx_film_describe(const cbx_film *film, cbx_spool_head *head) {
    const AVCodecParameters *parameters = film->parts.parameters;
    if (film->workers) {
        head->encoder = film->parts.kind->name;
        head->extradata = parameters->extradata;
        head->extradata_bytes = (size_t)parameters->extradata_size;
    }
}

void cbx_film_spool(cbx_film *film, cbx_spool *spool) {
    film->parts.spool = spool;
}

cbx_status cbx_film_take(cbx_film *film, cbx_spool *spool, uint64_t most, uint64_t *taken) {
    const uint8_t *sample = NULL;
    size_t bytes = 1;
    int key = 0;
    cbx_status status = CBX_OK;
    for (*taken = 0; *taken < most && !status; *taken += !status) {
        status = cbx_spool_next(spool, &sample, &bytes, &key);
        if (!status && bytes == 0) {
            break;
        }
        status = status ? status : cbx_film_append(film, sample, bytes, key);
    }
    return status;
}

/* ---- the end, of both ---- */

void cbx_film_end(cbx_film *film) {
    film->source->end(film);
}

uint64_t cbx_film_unwritten(cbx_film *film) {
    return film->source->unwritten(film);
}

cbx_status cbx_film_comment(cbx_film *film, const char *comment) {
    return cbx_muxer_comment(film->parts.muxer, comment);
}

cbx_status cbx_film_finish(cbx_film *film, cbx_film_result *result) {
    cbx_film_result made = {0};
    const uint8_t *extradata;

    if (!film) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there is no film to finish");
    }
    double start = cbx_clock_seconds();
    cbx_status status = film->source->finish(film, &made, &extradata);
    made.waited_seconds = cbx_clock_seconds() - start;
    made.seconds = (double)made.frames / film->parts.rate;
    if (!status && made.frames == 0) {
        status = cbx_fail(CBX_BAD_ARGUMENT, "a film without frames is not written");
    }
    if (!status) {
        status = cbx_muxer_finish(film->parts.muxer, extradata, &made.bytes);
    }
    cbx_film_discard(film);
    if (!status && result) {
        *result = made;
    }
    return status;
}
