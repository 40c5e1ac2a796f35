/* SPDX-License-Identifier: MIT */
#include "mpi/links.h"

#include <sched.h>
#include <time.h>

#include "base/clock.h"
#include "mpi/pulse.h"

enum {
    TAG_BYTES = 1,
    TAG_SUMS,
    MOST_BYTES = 1 << 30 /* of a message: counts are int */
};

#define GIVE_UP_SECONDS 0.1

/* A batch is exchanged in microseconds, and waking takes longer. But whoever has to wait for long sleeps: a
 * process that only yields waits for the turns of all others on its core, milliseconds a batch, where one that
 * slept is let in when it wakes. Where ranks are more than cores, another one is let in at once. */
#define AWAKE_SECONDS 300e-6
#define NAP_NS 50000

/* Until one is not done: looking at it has let all of them go on. Those that are done are
 * MPI_REQUEST_NULL then. */
static cbx_status test(MPI_Request *requests, int count, int *done) {
    cbx_status status = CBX_OK;
    *done = 1;
    for (int i = 0; i < count && *done && !status; i++) {
        status = cbx_mpi_check(MPI_Test(&requests[i], done, MPI_STATUS_IGNORE),
                               "exchanging with other ranks");
    }
    return status;
}

/* What is given up, of which the first are receives: MPI must not write into memory that is freed then. One
 * that a rank has begun to send is waited for, since that may go on. */
static void give_up(MPI_Request *requests, int count, int receives) {
    const double start = cbx_clock_seconds();
    int done = 0;
    for (int i = 0; i < receives; i++) {
        if (requests[i] != MPI_REQUEST_NULL) {
            MPI_Cancel(&requests[i]);
        }
    }
    while (!test(requests, count, &done) && !done &&
           cbx_clock_seconds() - start < GIVE_UP_SECONDS) {
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
}

/* Without taking a core for long, until the ranks are of no more use. */
static cbx_status await(cbx_world *world, MPI_Request *requests, int count) {
    double start = 0.0;
    for (unsigned turn = 0;; turn++) {
        int done = 0;
        const cbx_status status = test(requests, count, &done);
        if (status || done) {
            return status;
        }
        if (world->broken) {
            return cbx_fail(CBX_DEVICE_FAULT, "another rank of this run failed");
        }
        if (turn == 0) {
            start = cbx_clock_seconds();
        } else if (cbx_clock_seconds() - start > AWAKE_SECONDS) {
            if (!world->threads) {
                cbx_pulse_turn(world);
            }
            nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
        } else if (world->crowded) {
            sched_yield();
        }
    }
}

static cbx_status wait_for(cbx_world *world, MPI_Request *requests, int count, int receives) {
    const cbx_status status = await(world, requests, count);
    if (status) {
        give_up(requests, count, receives);
    }
    return status;
}

/* In pieces that an int counts. */
typedef int transfer(void *bytes, int count, int rank, MPI_Comm comm, MPI_Request *request);

static int start_receive(void *bytes, int count, int rank, MPI_Comm comm, MPI_Request *request) {
    return MPI_Irecv(bytes, count, MPI_BYTE, rank, TAG_BYTES, comm, request);
}

static cbx_status carry(cbx_world *world, transfer *one, int rank, void *bytes, size_t size) {
    char *at = bytes;
    cbx_status status = CBX_OK;
    for (size_t done = 0; done < size && !status;) {
        const size_t piece = size - done < MOST_BYTES ? size - done : MOST_BYTES;
        MPI_Request request;
        status = cbx_mpi_check(one(at + done, (int)piece, rank, world->work, &request),
                               "reaching another rank");
        if (!status) {
            status = wait_for(world, &request, 1, one == start_receive);
        }
        done += piece;
    }
    return status;
}

static int start_send(void *bytes, int count, int rank, MPI_Comm comm, MPI_Request *request) {
    return MPI_Isend(bytes, count, MPI_BYTE, rank, TAG_BYTES, comm, request);
}

static int start_broadcast(void *bytes, int count, int rank, MPI_Comm comm, MPI_Request *request) {
    return MPI_Ibcast(bytes, count, MPI_BYTE, rank, comm, request);
}

static cbx_status send(void *user, uint32_t rank, const void *bytes, size_t size) {
    return carry(user, start_send, (int)rank, (void *)bytes, size);
}

static cbx_status receive(void *user, uint32_t rank, void *bytes, size_t size) {
    return carry(user, start_receive, (int)rank, bytes, size);
}

static cbx_status broadcast(void *user, void *bytes, size_t size) {
    return carry(user, start_broadcast, 0, bytes, size);
}

static cbx_status swap(void *user, const cbx_swap *swaps, uint32_t swap_count,
                       cbx_meanwhile *meanwhile) {
    cbx_world *world = user;
    MPI_Request requests[2 * CBX_MOST_SWAPS];
    int count = 0, receives = 0;
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < swap_count && !status; i++) {
        if (swaps[i].receives > 0) {
            status = cbx_mpi_check(MPI_Irecv(swaps[i].to, (int)swaps[i].receives, MPI_FLOAT,
                                             (int)swaps[i].rank, TAG_SUMS, world->work,
                                             &requests[count]),
                                   "exchanging sums");
            receives = count += !status;
        }
    }
    for (uint32_t i = 0; i < swap_count && !status; i++) {
        if (swaps[i].sends > 0) {
            status = cbx_mpi_check(MPI_Isend(swaps[i].from, (int)swaps[i].sends, MPI_FLOAT,
                                             (int)swaps[i].rank, TAG_SUMS, world->work,
                                             &requests[count]),
                                   "exchanging sums");
            count += !status;
        }
    }
    status = status ? status : cbx_meanwhile_do(meanwhile);
    if (status) {
        give_up(requests, count, receives);
        return status;
    }
    return wait_for(world, requests, count, receives);
}

static cbx_status blame(void *user, cbx_status status) {
    cbx_world *world = user;
    pthread_mutex_lock(&world->lock);
    const cbx_fault fault = world->fault;
    pthread_mutex_unlock(&world->lock);
    return status && fault.status ? cbx_fault_raise(&fault) : status;
}

static cbx_status fail(void *user, cbx_status status) {
    const cbx_world *world = user;
    if (!world->broken) {
        cbx_pulse_tell(user, status);
        return CBX_OK;
    }
    const cbx_status lost = blame(user, CBX_DEVICE_FAULT);
    return world->fault.status ? lost : CBX_OK;
}

void cbx_links_fill(cbx_world *world) {
    world->ranks = (cbx_ranks){.rank = (uint32_t)world->rank,
                               .count = (uint32_t)world->count,
                               .places = world->places,
                               .links = {send, receive, world},
                               .broadcast = broadcast,
                               .swap = swap,
                               .fail = fail,
                               .blame = blame,
                               .user = world};
}
