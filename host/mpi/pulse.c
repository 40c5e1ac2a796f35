/* SPDX-License-Identifier: MIT */
#include "mpi/pulse.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"

#define BEAT_SECONDS 0.25
#define LOST_SECONDS 3.0 /* a job is to end within 5, and launchers take one */
#define TELL_SECONDS 2.0
#define END_SECONDS 2.0
#define TURN_NS 50000000

typedef enum sign {
    ALIVE,
    FAILED, /* of which rank 0 is told */
    LEFT,   /* it says nothing more */
    OVER    /* of rank 0: the job ends, and it has told why */
} sign;

typedef struct beat {
    sign sign;
    cbx_fault fault; /* only with FAILED */
} beat;

typedef struct peer {
    int rank;
    double heard; /* when */
    int left;
    MPI_Request sending; /* MPI_REQUEST_NULL: nothing is */
} peer;

struct cbx_pulse {
    peer *peers; /* (count): of rank 0 all others, of the others rank 0 */
    int count;
    double sent, turned; /* when */
    pthread_t thread;
    int has_thread;
    atomic_int over;
};

static const sign alive = ALIVE, left = LEFT, over = OVER;

static void lose(cbx_world *world, const peer *it) {
    cbx_fault fault = {CBX_OK, ""};
    cbx_fault_take(&fault,
                   cbx_fail(CBX_DEVICE_FAULT, "rank %d on %s has not been heard for %.1f seconds",
                            it->rank, world->places[it->rank].host, LOST_SECONDS));
    cbx_world_break(world, &fault);
}

static void take(cbx_world *world, peer *it, const beat *got) {
    it->heard = cbx_clock_seconds();
    it->left |= got->sign == LEFT;
    if (got->sign == OVER) {
        cbx_world_break(world, &(cbx_fault){CBX_OK, ""});
    }
    if (got->sign == FAILED) {
        cbx_fault fault = {CBX_OK, ""};
        cbx_fault_take(&fault, cbx_fail(got->fault.status, "rank %d on %s: %s", it->rank,
                                        world->places[it->rank].host, got->fault.text));
        cbx_world_break(world, &fault);
    }
}

static void hear(cbx_world *world, peer *it) {
    int there = 1;
    while (there) {
        beat got;
        if (MPI_Iprobe(it->rank, 0, world->pulse, &there, MPI_STATUS_IGNORE)) {
            return;
        }
        got.sign = ALIVE;
        if (there && MPI_Recv(&got, sizeof got, MPI_BYTE, it->rank, 0, world->pulse,
                              MPI_STATUS_IGNORE) == MPI_SUCCESS) {
            take(world, it, &got);
        }
    }
}

/* One that is still on its way is enough. */
static void send(const cbx_world *world, peer *it) {
    int done = 1;
    if (it->sending != MPI_REQUEST_NULL) {
        MPI_Test(&it->sending, &done, MPI_STATUS_IGNORE);
    }
    if (done) {
        MPI_Isend(&alive, sizeof alive, MPI_BYTE, it->rank, 0, world->pulse, &it->sending);
    }
}

/* Whoever could not listen for a while, stopped perhaps with its whole machine, blames nobody for it. */
void cbx_pulse_turn(cbx_world *world) {
    struct cbx_pulse *pulse = world->pulses;
    const double now = cbx_clock_seconds();
    const int slept = now - pulse->turned > 2.0 * BEAT_SECONDS;
    const int due = now - pulse->sent >= BEAT_SECONDS;
    pulse->turned = now;
    pulse->sent = due ? now : pulse->sent;
    for (int i = 0; i < pulse->count; i++) {
        peer *it = &pulse->peers[i];
        hear(world, it);
        it->heard = slept ? now : it->heard;
        if (due) {
            send(world, it);
        }
        if (world->threads && !it->left && now - it->heard > LOST_SECONDS) {
            lose(world, it);
        }
    }
}

static void *live(void *user) {
    cbx_world *world = user;
    while (!world->pulses->over) {
        cbx_pulse_turn(world);
        nanosleep(&(struct timespec){.tv_nsec = TURN_NS}, NULL);
    }
    return NULL;
}

cbx_status cbx_pulse_begin(cbx_world *world) {
    struct cbx_pulse *pulse = NULL;
    cbx_status status = cbx_new(&world->pulses, 1);
    if (status) {
        return status;
    }
    pulse = world->pulses;
    pulse->count = world->rank == 0 ? world->count - 1 : 1;
    status = cbx_new(&pulse->peers, (size_t)pulse->count);
    if (status) {
        return status;
    }
    pulse->turned = cbx_clock_seconds();
    for (int i = 0; i < pulse->count; i++) {
        pulse->peers[i] = (peer){.rank = world->rank == 0 ? i + 1 : 0,
                                 .heard = pulse->turned,
                                 .sending = MPI_REQUEST_NULL};
    }
    pulse->has_thread = world->threads && cbx_thread_start(&pulse->thread, live, world) == 0;
    world->threads = pulse->has_thread;
    return CBX_OK;
}

static void stop_thread(struct cbx_pulse *pulse) {
    pulse->over = 1;
    if (pulse->has_thread) {
        pthread_join(pulse->thread, NULL);
        pulse->has_thread = 0;
    }
}

void cbx_pulse_end(cbx_world *world) {
    struct cbx_pulse *pulse = world->pulses;
    if (!pulse) {
        return;
    }
    stop_thread(pulse);
    for (int i = 0; pulse->peers && i < pulse->count; i++) {
        if (pulse->peers[i].sending != MPI_REQUEST_NULL) {
            MPI_Wait(&pulse->peers[i].sending, MPI_STATUS_IGNORE);
        }
    }
    free(pulse->peers);
    free(pulse);
    world->pulses = NULL;
}

static void tell(const cbx_world *world, int rank, const void *what, size_t size) {
    const double start = cbx_clock_seconds();
    MPI_Request request;
    int done = 0;
    if (MPI_Isend(what, (int)size, MPI_BYTE, rank, 0, world->pulse, &request)) {
        return;
    }
    while (!done && cbx_clock_seconds() - start < TELL_SECONDS) {
        if (MPI_Test(&request, &done, MPI_STATUS_IGNORE)) {
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

void cbx_pulse_tell(cbx_world *world, cbx_status status) {
    static beat failed; /* MPI may have it when this returns */
    failed.sign = FAILED;
    cbx_fault_take(&failed.fault, status);
    tell(world, 0, &failed, sizeof failed);
}

static int all_left(const cbx_world *world) {
    int all = 1;
    for (int i = 0; i < world->pulses->count; i++) {
        all &= world->pulses->peers[i].left;
    }
    return all;
}

/* Rank 0 has an end. The others wait for it, after a failure, too: it may have films to finish, and does not
 * beat in the last seconds. */
static int waits(cbx_world *world, double since) {
    const double now = cbx_clock_seconds();
    const peer *first = &world->pulses->peers[0];
    if (world->rank == 0) {
        return now - since < END_SECONDS;
    }
    if (world->threads && now - first->heard > END_SECONDS + LOST_SECONDS) {
        lose(world, first);
    }
    return 1;
}

int cbx_pulse_leave(cbx_world *world) {
    const double start = cbx_clock_seconds();
    stop_thread(world->pulses);
    if (world->rank > 0) {
        tell(world, 0, &left, sizeof left);
    }
    while (!world->broken && !all_left(world) && waits(world, start)) {
        for (int i = 0; i < world->pulses->count; i++) {
            hear(world, &world->pulses->peers[i]);
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    const int good = !world->broken && all_left(world);
    for (int i = 0; i < world->pulses->count && world->rank == 0 && good; i++) {
        tell(world, world->pulses->peers[i].rank, &left, sizeof left);
    }
    return good;
}

void cbx_pulse_end_all(cbx_world *world) {
    const double now = cbx_clock_seconds();
    for (int i = 0; i < world->pulses->count; i++) {
        const peer *it = &world->pulses->peers[i];
        if (!it->left && now - it->heard < LOST_SECONDS) {
            tell(world, it->rank, &over, sizeof over);
        }
    }
}
