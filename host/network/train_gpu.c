/* SPDX-License-Identifier: MIT */
/* The schedule `fused` on GPUs: the launches of kernels/train_gpu.cl. */
#include "network/launch.h"

enum { LOW_BLOCK = 16 }; /* as in kernels/train_gpu.cl */

static cbx_status hidden(cbx_trainer *trainer, const cbx_launch *job) {
    const uint32_t slices = trainer->slices;
    const uint32_t tall = 8 * trainer->device->tunables.update_rows;
    const uint32_t block = slices > CBX_IMAGE_PIXELS / tall ? LOW_BLOCK : tall;
    const cbx_argument arguments[] = {CBX_ARGUMENT(trainer->images), CBX_ARGUMENT(trainer->normal),
                                      CBX_ARGUMENT(trainer->labels), CBX_ARGUMENT(trainer->order),
                                      CBX_ARGUMENT(trainer->w1),     CBX_ARGUMENT(trainer->w2),
                                      CBX_ARGUMENT(trainer->a1),     CBX_ARGUMENT(trainer->sums),
                                      CBX_ARGUMENT(trainer->d2),     CBX_ARGUMENT(trainer->d1),
                                      CBX_ARGUMENT(trainer->fault),  CBX_ARGUMENT(*job),
                                      CBX_ARGUMENT(slices),          CBX_ARGUMENT(block)};
    const size_t tiles = trainer->panels / 2;
    const cbx_range range = {{tiles * slices * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[CBX_KERNEL_TRAIN], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status output(cbx_trainer *trainer, const cbx_launch *job) {
    const cbx_argument arguments[] = {
        CBX_ARGUMENT(trainer->w1),     CBX_ARGUMENT(trainer->w2), CBX_ARGUMENT(trainer->a1),
        CBX_ARGUMENT(trainer->sums),   CBX_ARGUMENT(trainer->d2), CBX_ARGUMENT(trainer->d1),
        CBX_ARGUMENT(trainer->parts),  CBX_ARGUMENT(*job),        CBX_ARGUMENT(trainer->slices),
        CBX_ARGUMENT(trainer->helpers)};
    const size_t groups = (size_t)trainer->chunks * trainer->helpers;
    const cbx_range range = {{groups * CBX_OUTPUT_GROUP, 1}, {CBX_OUTPUT_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[CBX_KERNEL_TRAIN_OUTPUT], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status sums(cbx_trainer *trainer, const cbx_launch *job) {
    const cbx_argument arguments[] = {CBX_ARGUMENT(trainer->parts), CBX_ARGUMENT(trainer->sums),
                                      CBX_ARGUMENT(*job), CBX_ARGUMENT(trainer->helpers)};
    const size_t numbers = (size_t)trainer->chunks * trainer->stride * CBX_LANES_OUT;
    const cbx_range range = {{numbers, 1}, {CBX_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[CBX_KERNEL_TRAIN_SUMS], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

cbx_status cbx_train_gpu_batch(cbx_trainer *trainer, const cbx_batch *batch) {
    const cbx_launch job = cbx_launch_record(trainer, batch, batch ? 1 : 0);
    cbx_status status = hidden(trainer, &job);
    if (!status && trainer->pending.has_canvas) {
        status = cbx_canvas_draw(&trainer->pending.canvas, trainer->w1);
    }
    if (!status) {
        status = output(trainer, &job);
    }
    if (!status && batch && trainer->helpers > 1) {
        status = sums(trainer, &job);
    }
    trainer->parity ^= 1;
    return status;
}
