/* SPDX-License-Identifier: MIT */
/* What the ranks send each other. */
#ifndef CBX_MPI_LINKS_H
#define CBX_MPI_LINKS_H

#include "mpi/world.h"

/* Fills world->ranks, but for what is there of it. */
void cbx_links_fill(cbx_world *world);

/* Waits for all of the requests (count), without taking a core for long, until the ranks are of no
 * more use. */
cbx_status cbx_links_wait(cbx_world *world, MPI_Request *requests, int count);

#endif
