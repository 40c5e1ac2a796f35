/* SPDX-License-Identifier: MIT */
/*   push ──> [ filling ]            the newest group takes frames
 *            [ group ] [ group ]     a worker each, encoding as frames arrive
 *   file <── [ oldest ]              written by the worker that finds it done
 *
 * All groups that are not yet in the file are one list, oldest first. One lock
 * guards it; encoding and writing happen outside the lock.
 *
 * Where a container is in pieces there is one worker, whose encoder goes from each group to the next.
 */
#include "film/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "film/containers.h"
#include "film/muxer.h"
#include "film/spool.h"

typedef struct frame_group {
    struct frame_group *next; /* the next younger one */
    pthread_cond_t arrived;   /* a frame was added, or no more will come */
    uint32_t pushed;          /* frames handed over so far */
    int closed;               /* no more will come */
    int encoded;              /* `packets` are complete, all frames released */
    cbx_packets packets;      /* touched by the group's worker, then by the writer */
    cbx_film_frame frames[];  /* group_frames places */
} frame_group;

struct cbx_workers {
    const cbx_film_parts *parts;
    pthread_t *threads;
    uint32_t thread_count;
    pthread_mutex_t lock;         /* guards all that follows */
    pthread_cond_t unclaimed;     /* `unstarted` is no longer NULL, or the film ended */
    frame_group *oldest, *newest; /* every group that is not yet in the file */
    frame_group *unstarted;       /* the oldest that no worker has taken */
    frame_group *filling;         /* the newest, while it takes frames */
    cbx_encoder *first;           /* an open encoder for the first group, or the next */
    uint64_t frames, written;
    int ended;   /* no more frames will come */
    int writing; /* a thread is busy with the muxer */
    double encode_seconds;
    cbx_fault fault; /* the first thing that failed, for the thread that pushes */
};

static void note_failure(cbx_workers *workers, cbx_status status) {
    if (status) {
        pthread_mutex_lock(&workers->lock);
        cbx_fault_take(&workers->fault, status);
        pthread_mutex_unlock(&workers->lock);
    }
}

static void destroy_group(frame_group *group) {
    cbx_packets_clear(&group->packets);
    pthread_cond_destroy(&group->arrived);
    free(group);
}

/* Waits until the group has more than `taken` frames or is complete, and returns
 * how many it has. `*failed` tells whether there is still a film to encode for. */
static uint32_t await_frames(cbx_workers *workers, frame_group *group, uint32_t taken,
                             int *failed) {
    pthread_mutex_lock(&workers->lock);
    while (group->pushed == taken && !group->closed) {
        pthread_cond_wait(&group->arrived, &workers->lock);
    }
    uint32_t pushed = group->pushed;
    *failed = workers->fault.status != CBX_OK;
    pthread_mutex_unlock(&workers->lock);
    return pushed;
}

/* Takes the encoder that waits for a group, and leaves another. */
static cbx_encoder *swap_encoder(cbx_workers *workers, cbx_encoder *left) {
    pthread_mutex_lock(&workers->lock);
    cbx_encoder *taken = workers->first;
    workers->first = left;
    pthread_mutex_unlock(&workers->lock);
    return taken;
}

static cbx_status open_encoder(cbx_workers *workers, cbx_encoder **out) {
    *out = swap_encoder(workers, NULL);
    if (*out) {
        return CBX_OK;
    }
    const cbx_film_parts *parts = workers->parts;
    const cbx_encoder_kind *kind = parts->kind;
    cbx_status status = kind->calls->open(out, parts);
    if (!status && !kind->calls->matches(*out, parts->parameters)) {
        status =
            cbx_fail(CBX_NO_ENCODER, "%s described two groups of one film differently", kind->name);
    }
    return status;
}

/* Encodes a group to its end as its frames arrive. After a failure, of any worker,
 * its frames are only released, so that nobody waits for them. */
static void encode_group(cbx_workers *workers, frame_group *group) {
    const cbx_encoder_kind *kind = workers->parts->kind;
    cbx_encoder *encoder = NULL;
    cbx_status status = open_encoder(workers, &encoder);
    uint32_t taken = 0, pushed;
    int failed = 0;

    note_failure(workers, status);
    while ((pushed = await_frames(workers, group, taken, &failed)) > taken) {
        for (; taken < pushed; taken++) {
            const cbx_film_frame *frame = &group->frames[taken];
            if (status || failed) {
                cbx_film_frame_release(frame);
                continue;
            }
            status = kind->calls->push(encoder, frame, &group->packets);
            note_failure(workers, status);
        }
    }
    group->packets.whole = workers->parts->container->in_pieces;
    if (group->packets.whole) {
        (void)swap_encoder(workers, encoder);
        return;
    }
    if (!status && !failed) {
        status = kind->calls->finish(encoder, &group->packets);
        if (!status) {
            status = cbx_packets_check(&group->packets, taken, kind->name);
        }
        note_failure(workers, status);
    }
    kind->calls->destroy(encoder);
}

/* Into the file, and where what a killed process has left is looked for. */
static cbx_status write_group(const cbx_film_parts *parts, const cbx_packets *group) {
    cbx_status status = cbx_muxer_write(parts->muxer, group);
    for (size_t i = 0; parts->spool && i < group->count && !status; i++) {
        const AVPacket *packet = group->packets[i];
        status = cbx_spool_append(parts->spool, packet->data, (size_t)packet->size,
                                  (packet->flags & AV_PKT_FLAG_KEY) != 0);
    }
    return status || !parts->spool ? status : cbx_spool_end_group(parts->spool);
}

/* Writes the groups whose turn has come, unless another thread is at it: that one
 * looks again before it leaves. Call with the lock held; it is let go meanwhile. */
static void write_encoded(cbx_workers *workers) {
    if (workers->writing) {
        return;
    }
    workers->writing = 1;
    while (workers->oldest && workers->oldest->encoded) {
        frame_group *done = workers->oldest;
        workers->oldest = done->next;
        if (!workers->oldest) {
            workers->newest = NULL;
        }
        int skip = workers->fault.status != CBX_OK;
        uint32_t frames = done->pushed;
        pthread_mutex_unlock(&workers->lock);
        cbx_status status = skip ? CBX_OK : write_group(workers->parts, &done->packets);
        destroy_group(done);
        pthread_mutex_lock(&workers->lock);
        cbx_fault_take(&workers->fault, status);
        workers->written += frames;
    }
    workers->writing = 0;
}

static void *work(void *argument) {
    cbx_workers *workers = argument;

    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (!workers->unstarted && !workers->ended) {
            pthread_cond_wait(&workers->unclaimed, &workers->lock);
        }
        frame_group *mine = workers->unstarted;
        if (!mine) {
            break;
        }
        workers->unstarted = mine->next;
        pthread_mutex_unlock(&workers->lock);
        encode_group(workers, mine);
        pthread_mutex_lock(&workers->lock);
        mine->encoded = 1;
        write_encoded(workers);
    }
    workers->encode_seconds += cbx_clock_thread_seconds();
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

/* Call with the lock held. */
static cbx_status start_group(cbx_workers *workers) {
    frame_group *made;

    size_t size = sizeof *made + workers->parts->group_frames * sizeof made->frames[0];
    cbx_status status = cbx_allocate(&made, 1, size);
    if (status) {
        return status;
    }
    made->arrived = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    if (workers->newest) {
        workers->newest->next = made;
    } else {
        workers->oldest = made;
    }
    workers->newest = workers->filling = made;
    if (!workers->unstarted) {
        workers->unstarted = made;
    }
    pthread_cond_signal(&workers->unclaimed);
    return CBX_OK;
}

/* Call with the lock held. */
static cbx_status append_frame(cbx_workers *workers, cbx_film_frame frame) {
    if (workers->fault.status) {
        return cbx_fault_raise(&workers->fault);
    }
    if (!workers->filling) {
        cbx_status status = start_group(workers);
        if (status) {
            cbx_fault_take(&workers->fault, status);
            return status;
        }
    }
    frame_group *filling = workers->filling;
    filling->frames[filling->pushed++] = frame;
    workers->frames++;
    if (filling->pushed == workers->parts->group_frames) {
        filling->closed = 1;
        workers->filling = NULL;
    }
    pthread_cond_signal(&filling->arrived);
    return CBX_OK;
}

cbx_status cbx_workers_push(cbx_workers *workers, const cbx_film_frame *frame) {
    pthread_mutex_lock(&workers->lock);
    cbx_status status = append_frame(workers, *frame);
    pthread_mutex_unlock(&workers->lock);
    if (status) {
        cbx_film_frame_release(frame);
    }
    return status;
}

static cbx_status start_threads(cbx_workers *workers) {
    int error = 0;
    while (workers->thread_count < workers->parts->workers && !error) {
        error = cbx_thread_start(&workers->threads[workers->thread_count], work, workers);
        workers->thread_count += !error;
    }
    if (error) {
        return cbx_fail(CBX_NO_MEMORY, "cannot start encoder %u of %u: %s; ask for fewer workers",
                        workers->thread_count + 1, workers->parts->workers, strerror(error));
    }
    return CBX_OK;
}

void cbx_workers_end(cbx_workers *workers) {
    pthread_mutex_lock(&workers->lock);
    workers->ended = 1;
    if (workers->filling) {
        workers->filling->closed = 1;
        pthread_cond_signal(&workers->filling->arrived);
        workers->filling = NULL;
    }
    pthread_cond_broadcast(&workers->unclaimed);
    pthread_mutex_unlock(&workers->lock);
}

uint64_t cbx_workers_unwritten(cbx_workers *workers) {
    pthread_mutex_lock(&workers->lock);
    uint64_t left = workers->fault.status ? 0 : workers->frames - workers->written;
    pthread_mutex_unlock(&workers->lock);
    return left;
}

/* Lets the threads do all that was pushed, or drop it after a failure, and waits. */
static void join_threads(cbx_workers *workers) {
    cbx_workers_end(workers);
    while (workers->thread_count > 0) {
        pthread_join(workers->threads[--workers->thread_count], NULL);
    }
}

cbx_status cbx_workers_start(cbx_workers **out, const cbx_film_parts *parts, cbx_encoder *first) {
    cbx_workers *workers;

    *out = NULL;
    cbx_status status = cbx_new(&workers, 1);
    if (status) {
        parts->kind->calls->destroy(first);
        return status;
    }
    *workers = (cbx_workers){.parts = parts,
                             .lock = PTHREAD_MUTEX_INITIALIZER,
                             .unclaimed = PTHREAD_COND_INITIALIZER,
                             .first = first};
    status = cbx_new(&workers->threads, parts->workers);
    if (!status) {
        status = start_threads(workers);
    }
    if (status) {
        cbx_workers_destroy(workers);
        return status;
    }
    *out = workers;
    return CBX_OK;
}

/* What the encoder of all groups holds until it knows that there are no more. */
static cbx_status finish_pieces(cbx_workers *workers) {
    const cbx_film_parts *parts = workers->parts;
    const double start = cbx_clock_thread_seconds();
    cbx_packets last = {.whole = 1};
    cbx_status status = parts->kind->calls->finish(workers->first, &last);
    if (!status) {
        status = cbx_muxer_write(parts->muxer, &last);
    }
    cbx_packets_clear(&last);
    workers->encode_seconds += cbx_clock_thread_seconds() - start;
    return status;
}

cbx_status cbx_workers_finish(cbx_workers *workers, uint64_t *frames, double *seconds) {
    join_threads(workers);
    if (!workers->fault.status && workers->parts->container->in_pieces && workers->frames > 0) {
        cbx_fault_take(&workers->fault, finish_pieces(workers));
    }
    *frames = workers->frames;
    *seconds = workers->encode_seconds;
    return cbx_fault_raise(&workers->fault);
}

void cbx_workers_destroy(cbx_workers *workers) {
    if (!workers) {
        return;
    }
    pthread_mutex_lock(&workers->lock);
    if (!workers->fault.status) {
        workers->fault.status = CBX_INTERRUPTED; /* nobody wants what is left */
    }
    pthread_mutex_unlock(&workers->lock);
    join_threads(workers);
    pthread_cond_destroy(&workers->unclaimed);
    pthread_mutex_destroy(&workers->lock);
    workers->parts->kind->calls->destroy(workers->first);
    free(workers->threads);
    free(workers);
}
