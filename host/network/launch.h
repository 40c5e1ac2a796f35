/* SPDX-License-Identifier: MIT */
/* What the schedules need to launch their kernels. */
#ifndef CBX_NETWORK_LAUNCH_H
#define CBX_NETWORK_LAUNCH_H

#include "network/schedule.h"

/* For lists of a kernel's arguments. */
#define ARG CBX_ARGUMENT

/* A range of `items` work-items in groups of the device's local size. */
cbx_range cbx_launch_range(const cbx_trainer *trainer, size_t items, size_t panels);

/* A range of `groups` work-groups of `group` work-items. */
cbx_range cbx_launch_groups(size_t groups, size_t group);

/* For an argument that this launch has no use for and may have no buffer: *buffer if there is one,
 * else any other. */
const cl_mem *cbx_launch_buffer(const cbx_trainer *trainer, const cl_mem *buffer);

/* What the kernels need of the rates of a batch. */
cbx_step_sizes cbx_launch_steps(const cbx_trainer *trainer, cbx_rates rates);

/* The record of a fused launch that finishes the pending batch, if any, and starts
 * `count` batches from *first on; NULL and 0: only finishes. It tells which pictures are due,
 * where the easel may have no canvas for them; and there is no ticket. */
cbx_launch cbx_launch_record(const cbx_trainer *trainer, const cbx_batch *first, uint32_t count);

/* Pictures due after the first `count` batches from *first on. */
uint32_t cbx_pictures_due(const cbx_batch *first, uint32_t count);

/* Pictures that such a launch draws, if the schedule does: they are due after the batches that it
 * finishes. */
uint32_t cbx_launch_pictures(const cbx_trainer *trainer, const cbx_batch *first, uint32_t count);

/* What is pending once that is enqueued: the last of the batches. */
void cbx_launch_end(cbx_trainer *trainer, const cbx_batch *first, uint32_t count);

#endif
