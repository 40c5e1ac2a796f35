/* SPDX-License-Identifier: MIT */
#include "cli/ranks.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/device_trial.h"
#include "cli/stop.h"
#include "cli/version.h"
#include "device/cache.h"
#include "device/sources.h"
#include "learn/start.h"
#include "ranks/serve.h"

static const cbx_ranks *here;

void cli_set_ranks(const cbx_ranks *ranks) {
    here = ranks;
}

const cbx_ranks *cli_ranks(void) {
    return here;
}

/* How the launchers of Open MPI, and of MPICH and its kin, tell a process which it is of how many. */
static const struct {
    const char *size, *rank;
} launchers[] = {{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}, {"PMI_SIZE", "PMI_RANK"}};

int cli_refuse_ranks(int argc, char **argv) {
    static const char *const that_train[] = {"learn", "verify", "bench"};
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        const char *size = cli_environment(launchers[i].size);
        const char *rank = cli_environment(launchers[i].rank);
        const long count = size && rank ? strtol(size, NULL, 10) : 1;
        for (size_t k = 0; k < sizeof that_train / sizeof *that_train && count > 1; k++) {
            if (argc < 2 || strcmp(argv[1], that_train[k]) != 0) {
                continue;
            }
            return strtol(rank, NULL, 10) > 0
                       ? CLI_USAGE
                       : cli_fail(CLI_USAGE,
                                  "this is one of %ld processes, and clearbox trains alone; "
                                  "those that train together are clearbox-mpi: mpirun -n %ld "
                                  "clearbox-mpi %s ...",
                                  count, count, argv[1]);
        }
    }
    return CLI_PARSED;
}

const char *cli_program(void) {
    static char text[256];
    uint64_t hash = CBX_HASH_SEED;
    for (const cbx_sources *of = cbx_programs; of->program; of++) {
        hash = cbx_sources_hash(hash, of);
    }
    snprintf(text, sizeof text, "clearbox %s (commit %s), kernels %016" PRIx64, CBX_VERSION,
             cli_commit(), hash);
    return text;
}

/* ---- the end ---- */

enum { LATE_SECONDS = 3 };

static volatile sig_atomic_t late_code;

static void on_alarm(int number) {
    (void)number;
    _exit(late_code);
}

void cli_exit_late(int code) {
    sigset_t alarms;
    late_code = code;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    signal(SIGALRM, on_alarm);
    pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
    alarm(LATE_SECONDS);
}

/* ---- to serve ---- */

static int go_on(void *unused) {
    (void)unused;
    return 0;
}

static cbx_status open_device(void *unused, const char *spec, const cbx_learn_settings *run,
                              cbx_device **out) {
    const cbx_learn_control control = {.try_device = cli_try_device, .user = (void *)run};
    (void)unused;
    return cbx_try_device(out, spec, run, &control, go_on, NULL);
}

/* One line of each machine is enough. */
static int speaks(const cbx_ranks *ranks) {
    const cbx_place *own = &ranks->places[ranks->rank];
    return own->local == (uint32_t)(strcmp(own->host, ranks->places[0].host) == 0);
}

int cli_serve(const cbx_ranks *ranks) {
    cli_guard_begin();
    const cbx_status status = cbx_ranks_serve(ranks, open_device, NULL);
    cli_guard_end();
    return !status ? CLI_DONE : speaks(ranks) ? cli_fail_status(status) : cli_exit_code(status);
}
