/* SPDX-License-Identifier: MIT */
/* clearbox-mpi, as a launcher of MPI starts it: rank 0 is the program clearbox, the others serve it. A
 * program of its own, so that clearbox needs no MPI, and so that nobody has to name one at run time: a
 * machine may have several, and their binaries do not fit each other. */
#include <signal.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/device_check.h"
#include "cli/ranks.h"
#include "cli/stop.h"
#include "mpi/processors.h"
#include "mpi/world.h"
#include "ranks/lead.h"

/* A process that looks at a device for one of the ranks, and is none itself. */
static int is_trial(int argc, char **argv) {
    return argc > 2 && strcmp(argv[2], CLI_CHECK_ARGUMENT) == 0;
}

/* Launchers signal all ranks alike; it is for rank 0 to end the run in good order. */
static void leave_signals_to_the_first(void) {
    for (int i = 0; i < CLI_STOP_SIGNALS; i++) {
        signal(cli_stop_signals[i], SIG_IGN);
    }
}

/* The threads that MPI starts get none of those signals: cli/stop.h. */
static cbx_status open_world(cbx_world *world, int *argc, char ***argv) {
    sigset_t blocked, before;
    sigemptyset(&blocked);
    for (int i = 0; i < CLI_STOP_SIGNALS; i++) {
        sigaddset(&blocked, cli_stop_signals[i]);
    }
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const cbx_status status = cbx_world_open(world, argc, argv, cli_program());
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static int take_part(cbx_world *world, int argc, char **argv) {
    cbx_processors_settle(&world->places[world->rank]);
    if (world->rank > 0) {
        leave_signals_to_the_first();
        return cli_serve(&world->ranks);
    }
    cli_set_ranks(&world->ranks);
    const int code = cli_run(argc, argv);
    cbx_lead_dismiss(&world->ranks);
    return code;
}

int main(int argc, char **argv) {
    cbx_world world;
    int code;
    cli_begin();
    if (is_trial(argc, argv)) {
        return cli_run(argc, argv);
    }
    const cbx_status status = open_world(&world, &argc, &argv);
    if (status) {
        code = world.rank == 0 ? cli_fail_status(status) : cli_exit_code(status);
    } else {
        code = take_part(&world, argc, argv);
    }
    const int good = cbx_world_leave(&world);
    if (world.rank >
        0) { /* rank 0 says what became of the job; one that failed never ends with 0 */
        code = good ? CLI_DONE : CLI_SOFTWARE;
    }
    cli_exit_late(code);
    cbx_world_close(&world, good, code);
    return code;
}
