/* SPDX-License-Identifier: MIT */
/* Copies of buffers as they are at one moment of the queue, which goes on computing: taken on the
 * device, between what is enqueued before and after, and read later, by any thread.
 *
 *   cbx_copy_begin()   nothing is in it
 *   cbx_copy_add()     enqueues the copy of one buffer behind those before: its turn in the queue
 *   cbx_copy_view()    waits for all of them; the bytes as they were added, each from a multiple
 *                      of CBX_COPY_ALIGNMENT on
 *   cbx_copy_end()     the bytes are no longer needed; from then on it can begin again
 *
 * One thread calls begin and add, another may call view and end; never both at once.
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
cbx_status cbx_copy_view(cbx_copy *copy, const uint8_t **bytes);
cbx_status cbx_copy_end(cbx_copy *copy);

#endif
