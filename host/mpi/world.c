/* SPDX-License-Identifier: MIT */
#include "mpi/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "mpi/links.h"
#include "mpi/processors.h"
#include "mpi/pulse.h"

/* Launchers that end a job by force forget what they have not printed yet. */
#define PRINT_NS 200000000

/* Rank 0 has told that it ends the job, and does so before that; but its launcher's way to this rank may lead
 * by a machine that is cut off. */
#define TOLD_NS 450000000

enum { PROGRAM = 256 };

/* What each tells all others first, in this form in every version. */
typedef struct card {
    char program[PROGRAM];
    char host[64], cores[64];
} card;

cbx_status cbx_mpi_check(int result, const char *what) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    if (result == MPI_SUCCESS) {
        return CBX_OK;
    }
    MPI_Error_string(result, text, &length);
    return cbx_fail(CBX_DEVICE_FAULT, "%s: %s", what, text);
}

void cbx_world_break(cbx_world *world, const cbx_fault *fault) {
    pthread_mutex_lock(&world->lock);
    if (!world->broken) {
        world->fault = *fault;
        world->broken = 1;
    }
    pthread_mutex_unlock(&world->lock);
}

/* All see the same, and fail alike. */
static cbx_status compare(const cbx_world *world, const card *cards) {
    for (int i = 1; i < world->count; i++) {
        if (memcmp(cards[i].program, cards[0].program, PROGRAM) != 0) {
            return cbx_fail(
                CBX_BAD_ARGUMENT,
                "rank %d on %s runs another program: it is %.*s, but rank 0 on %s is %.*s", i,
                cards[i].host, PROGRAM, cards[i].program, cards[0].host, PROGRAM, cards[0].program);
        }
    }
    return CBX_OK;
}

static void find_places(const cbx_world *world, const card *cards) {
    for (int i = 0; i < world->count; i++) {
        cbx_place *place = &world->places[i];
        snprintf(place->host, sizeof place->host, "%s", cards[i].host);
        snprintf(place->cores, sizeof place->cores, "%s", cards[i].cores);
        for (int k = 0; k < world->count; k++) {
            const int beside = strcmp(cards[k].host, cards[i].host) == 0;
            place->local += (uint32_t)(beside && k < i);
            place->locals += (uint32_t)beside;
        }
    }
}

static cbx_status meet(cbx_world *world, const char *program) {
    char host[MPI_MAX_PROCESSOR_NAME] = "";
    int length = 0;
    card own = {.host = ""}, *cards = NULL;
    MPI_Get_processor_name(host, &length);
    snprintf(own.program, sizeof own.program, "%s", program);
    snprintf(own.host, sizeof own.host, "%.63s", host);
    cbx_processors_name(own.cores, sizeof own.cores);
    cbx_status status = cbx_new(&cards, (size_t)world->count);
    if (!status) {
        status = cbx_new(&world->places, (size_t)world->count);
    }
    if (!status) {
        status = cbx_mpi_check(
            MPI_Allgather(&own, sizeof own, MPI_BYTE, cards, sizeof own, MPI_BYTE, world->work),
            "meeting the other ranks");
    }
    if (!status) {
        find_places(world, cards);
        world->crowded =
            world->places[world->rank].locals > (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
        status = compare(world, cards);
    }
    free(cards);
    return status;
}

static cbx_status join(cbx_world *world) {
    cbx_status status =
        cbx_mpi_check(MPI_Comm_dup(MPI_COMM_WORLD, &world->work), "joining the other ranks");
    if (!status) {
        status =
            cbx_mpi_check(MPI_Comm_dup(MPI_COMM_WORLD, &world->pulse), "joining the other ranks");
    }
    if (!status) {
        MPI_Comm_set_errhandler(world->work, MPI_ERRORS_RETURN);
        MPI_Comm_set_errhandler(world->pulse, MPI_ERRORS_RETURN);
    }
    return status;
}

cbx_status cbx_world_open(cbx_world *out, int *argc, char ***argv, const char *program) {
    int given = MPI_THREAD_SINGLE;
    *out = (cbx_world){.count = 1};
    pthread_mutex_init(&out->lock, NULL);
    cbx_status status =
        cbx_mpi_check(MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &given), "starting MPI");
    if (!status) {
        MPI_Comm_rank(MPI_COMM_WORLD, &out->rank);
        MPI_Comm_size(MPI_COMM_WORLD, &out->count);
        out->threads = given == MPI_THREAD_MULTIPLE;
        status = join(out);
    }
    if (!status) {
        status = meet(out, program);
    }
    if (!status && out->count > 1) {
        status = cbx_pulse_begin(out);
    }
    cbx_links_fill(out);
    return status;
}

int cbx_world_leave(cbx_world *world) {
    return !world->pulses || cbx_pulse_leave(world);
}

/* Rank 0 tells the others; one of these gives it the time to. */
static void end_by_force(cbx_world *world, int code) {
    const int told = world->rank > 0 && !world->fault.status;
    if (world->rank == 0) {
        cbx_pulse_end_all(world);
    }
    nanosleep(&(struct timespec){.tv_nsec = told ? TOLD_NS : PRINT_NS}, NULL);
    alarm(1); /* MPI may try to reach the others before it lets the process go */
    MPI_Abort(MPI_COMM_WORLD, code);
}

void cbx_world_close(cbx_world *world, int good, int code) {
    if (!good) {
        end_by_force(world, code);
    }
    cbx_pulse_end(world);
    free(world->places);
    pthread_mutex_destroy(&world->lock);
    MPI_Barrier(MPI_COMM_WORLD); /* MPICH is less likely to wait for one that finalised before it */
    MPI_Finalize();
}
