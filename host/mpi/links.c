/* SPDX-License-Identifier: MIT */
#include "mpi/links.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "mpi/pulse.h"

enum {
    TAG_BYTES = 1,
    TAG_SUMS,
    MOST_BYTES = 1 << 30 /* of a message: counts are int */
};

/* A batch is exchanged in microseconds, and whoever else wants the core gets it in between; whoever waits
 * longer waits for people, or for a compiler. */
#define AWAKE_SECONDS 0.002
#define NAP_NS 100000

cbx_status cbx_links_wait(cbx_world *world, MPI_Request *requests, int count) {
    double start = 0.0;
    for (unsigned turn = 0;; turn++) {
        int done = 0;
        const cbx_status status =
            cbx_mpi_check(MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE),
                          "exchanging with other ranks");
        if (status || done) {
            return status;
        }
        if (world->broken) {
            return cbx_fail(CBX_DEVICE_FAULT, "another rank of this run failed");
        }
        if (turn == 0) {
            start = cbx_clock_seconds();
        } else if (cbx_clock_seconds() - start < AWAKE_SECONDS) {
            sched_yield();
        } else {
            if (!world->threads) {
                cbx_pulse_turn(world);
            }
            nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
        }
    }
}

/* In pieces that an int counts. */
typedef int transfer(void *bytes, int count, int rank, MPI_Comm comm, MPI_Request *request);

static cbx_status carry(cbx_world *world, transfer *one, int rank, void *bytes, size_t size) {
    char *at = bytes;
    cbx_status status = CBX_OK;
    for (size_t done = 0; done < size && !status;) {
        const size_t piece = size - done < MOST_BYTES ? size - done : MOST_BYTES;
        MPI_Request request;
        status = cbx_mpi_check(one(at + done, (int)piece, rank, world->work, &request),
                               "reaching another rank");
        if (!status) {
            status = cbx_links_wait(world, &request, 1);
        }
        done += piece;
    }
    return status;
}

static int start_send(void *bytes, int count, int rank, MPI_Comm comm, MPI_Request *request) {
    return MPI_Isend(bytes, count, MPI_BYTE, rank, TAG_BYTES, comm, request);
}

static int start_receive(void *bytes, int count, int rank, MPI_Comm comm, MPI_Request *request) {
    return MPI_Irecv(bytes, count, MPI_BYTE, rank, TAG_BYTES, comm, request);
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

/* Each to each. */
static cbx_status start_gather(cbx_world *world, const uint32_t *members, uint32_t count,
                               float *all, const size_t *starts, MPI_Request *requests,
                               int *started) {
    uint32_t own = 0;
    cbx_status status = CBX_OK;
    while (members[own] != (uint32_t)world->rank) {
        own++;
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        if (i != own) {
            status = cbx_mpi_check(MPI_Irecv(all + starts[i], (int)(starts[i + 1] - starts[i]),
                                             MPI_FLOAT, (int)members[i], TAG_SUMS, world->work,
                                             &requests[(*started)++]),
                                   "exchanging sums");
        }
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        if (i != own) {
            status = cbx_mpi_check(
                MPI_Isend(all + starts[own], (int)(starts[own + 1] - starts[own]), MPI_FLOAT,
                          (int)members[i], TAG_SUMS, world->work, &requests[(*started)++]),
                "exchanging sums");
        }
    }
    return status;
}

static cbx_status gather(void *user, const uint32_t *members, uint32_t count, float *all,
                         const size_t *starts) {
    enum { FEW = 32 };
    cbx_world *world = user;
    MPI_Request few[FEW], *requests = few;
    int started = 0;
    cbx_status status = 2 * count > FEW ? cbx_new(&requests, 2 * (size_t)count) : CBX_OK;
    if (!status) {
        status = start_gather(world, members, count, all, starts, requests, &started);
    }
    if (!status) {
        status = cbx_links_wait(world, requests, started);
    }
    if (requests != few) {
        free(requests);
    }
    return status;
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
                               .gather = gather,
                               .fail = fail,
                               .blame = blame,
                               .user = world};
}
