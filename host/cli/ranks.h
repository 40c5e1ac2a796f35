/* SPDX-License-Identifier: MIT */
/* Commands that train with other processes, where this program is one of several. */
#ifndef CBX_CLI_RANKS_H
#define CBX_CLI_RANKS_H

#include "ranks/ranks.h"

/* What clearbox-mpi has, from then on; NULL: this process trains alone. */
void cli_set_ranks(const cbx_ranks *ranks);
const cbx_ranks *cli_ranks(void);

/* For a program that has none: CLI_PARSED, or where a launcher of MPI started several the exit code, which
 * the first of them explains; each would train the whole network, and write the same files. */
int cli_refuse_ranks(int argc, char **argv);

/* Serves rank 0 to the end; the exit code. */
int cli_serve(const cbx_ranks *ranks);

/* Ends the process with that code in three seconds, when it is still there: all is done, and MPICH may wait
 * for ever in MPI_Finalize() where UCX takes it over a network. */
void cli_exit_late(int code);

/* What has to be the same of all ranks, "clearbox 0.1.0 (commit …), kernels …", static. */
const char *cli_program(void);

#endif
