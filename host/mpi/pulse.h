/* SPDX-License-Identifier: MIT */
/* Signs of life. Rank 0 and each other rank send each other some in a second, from a thread of their own:
 * whoever is not heard for some seconds is lost. A machine that is cut off, or a process that
 * is stopped, is noticed that way alone. And a rank that fails tells rank 0. */
#ifndef CBX_MPI_PULSE_H
#define CBX_MPI_PULSE_H

#include "mpi/world.h"

/* Where threads may call MPI; else signs are sent and heard only while somebody waits, and nobody is
 * held for lost. */
cbx_status cbx_pulse_begin(cbx_world *world);
void cbx_pulse_end(cbx_world *world);

/* Sends what is due and hears what is there. */
void cbx_pulse_turn(cbx_world *world);

/* Tells rank 0 that this one failed with `status` and the thread's last sentence. */
void cbx_pulse_tell(cbx_world *world, cbx_status status);

/* Tells all that are heard that the job ends, for rank 0: launchers may be slow to. */
void cbx_pulse_end_all(cbx_world *world);

/* The end of all in good order, one after the other: no sign is on its way after it. 0: some rank failed or was
 * lost, or has not come to its end two seconds after rank 0. */
int cbx_pulse_leave(cbx_world *world);

#endif
