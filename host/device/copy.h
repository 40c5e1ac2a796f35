/* SPDX-License-Identifier: MIT */
/* Copies of buffers as they are at one moment of the queue, which goes on computing: taken on the
 * device, between what is enqueued before and after, and read later.
 *
 *   cbx_copy_begin()   nothing is in it
 *   cbx_copy_add()     enqueues the copy of one buffer behind those before: its turn in the queue
 *   cbx_copy_fetch()   enqueues that the host gets them
 *   cbx_copy_look()    whether it has: the bytes as they were added, each from a multiple of
 *                      CBX_COPY_ALIGNMENT on
 *   cbx_copy_end()     the bytes are no longer needed; from then on it can begin again
 *
 * The thread that uses the device calls all of them; any other may read the bytes meanwhile. A second thread
 * that asks the device for them is what not every driver survives: PoCL 3.1's `basic` waits for itself when
 * one thread enqueues behind what another one executes.
 */
#ifndef CBX_DEVICE_COPY_H
#define CBX_DEVICE_COPY_H

#include <CL/cl.h>
#include <stddef.h>
#include <stdint.h>

#include "device/device.h"

enum { CBX_COPY_ALIGNMENT = 128 };

typedef struct cbx_copy cbx_copy;

/* What a buffer of so many bytes takes in a copy. */
size_t cbx_copy_room(size_t bytes);

/* Room for `bytes` in all, the sum of cbx_copy_room(), on the device, which must outlive it.
 * CBX_TOO_LARGE, CBX_NO_MEMORY. */
cbx_status cbx_copy_create(cbx_copy **out, cbx_device *device, size_t bytes);
void cbx_copy_destroy(cbx_copy *copy);

void cbx_copy_begin(cbx_copy *copy);
cbx_status cbx_copy_add(cbx_copy *copy, cl_mem from, size_t bytes);
cbx_status cbx_copy_fetch(cbx_copy *copy);
/* *bytes is NULL where they are not there yet; `wait` waits for them. */
cbx_status cbx_copy_look(cbx_copy *copy, int wait, const uint8_t **bytes);
cbx_status cbx_copy_end(cbx_copy *copy);

#endif
