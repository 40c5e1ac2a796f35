/* SPDX-License-Identifier: MIT */
/* What the ranks send each other. */
#ifndef CBX_MPI_LINKS_H
#define CBX_MPI_LINKS_H

#include "mpi/world.h"

/* Fills world->ranks, but for what is there of it. */
void cbx_links_fill(cbx_world *world);

#endif
