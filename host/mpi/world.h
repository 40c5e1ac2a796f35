/* SPDX-License-Identifier: MIT */
/* MPI, as a cbx_ranks: the only room that sees it. One world in a process, since MPI has one. */
#ifndef CBX_MPI_WORLD_H
#define CBX_MPI_WORLD_H

#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/error.h"
#include "ranks/ranks.h"

typedef struct cbx_world {
    MPI_Comm work;  /* for one thread */
    MPI_Comm pulse; /* signs of life, and faults: pulse.h */
    int rank, count;
    int threads; /* whether threads may call MPI at the same time */
    int crowded; /* whether this machine has more ranks than cores */
    cbx_place *places;
    cbx_ranks ranks; /* of this */
    pthread_mutex_t lock;
    atomic_int broken; /* the ranks are of no more use, fault says why, or that rank 0 did */
    cbx_fault fault;   /* the first, under the lock */
    struct cbx_pulse *pulses;
} cbx_world;

/* Joins the others, or is alone. Ranks of another program, by `program`, which says all that has to be the
 * same in fewer than 256 bytes, fail all alike: CBX_BAD_ARGUMENT, naming both. To be closed in every
 * case. */
cbx_status cbx_world_open(cbx_world *out, int *argc, char ***argv, const char *program);

/* The end of all in good order, once all are at theirs, which rank 0 waits two seconds for, and the others for
 * as long as rank 0 is heard: it may have much to write. 0: some rank failed or was lost. */
int cbx_world_leave(cbx_world *world);

/* After cli_exit_late(), whose alarm it may call earlier. Where the end is not `good` rank 0 ends the job
 * by force, with this exit code, and so does another rank that has lost it, or that rank 0 does not end: it
 * does not return then. */
void cbx_world_close(cbx_world *world, int good, int code);

/* Keeps why the ranks are of no more use, unless that is known: nobody waits any more. */
void cbx_world_break(cbx_world *world, const cbx_fault *fault);

/* CBX_DEVICE_FAULT where the call failed, by MPI's own words. */
cbx_status cbx_mpi_check(int result, const char *what);

#endif
