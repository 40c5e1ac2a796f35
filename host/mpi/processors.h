/* SPDX-License-Identifier: MIT */
/* Ranks that share a machine, and a driver that makes threads. */
#ifndef CBX_MPI_PROCESSORS_H
#define CBX_MPI_PROCESSORS_H

#include "ranks/ranks.h"

/* The cores that this process is bound to, "0-3,8", cut to fit; "": it may use all of them. */
void cbx_processors_name(char *out, size_t size);

/* Before the first call of OpenCL, unless the environment says otherwise: PoCL, which makes a thread for
 * each core of the machine, makes as many as this rank has cores, or as are its part where it is bound to
 * none; with one core it makes none, so that no batch waits for a thread to wake. And it gets a cache of its
 * own, which two processes at once can break. */
void cbx_processors_settle(const cbx_place *place);

#endif
