/* The schedule `fused` on GPUs: the two launches of kernels/train_gpu.cl. */
#include "network/trainer.h"

enum { LOW_BLOCK = 16 }; /* as in kernels/train_gpu.cl */

/* The picture after the pending batch, whose weights the first launch has finished. */
static cbx_status draw(cbx_trainer *trainer) {
    const cbx_canvas *canvas = &trainer->pending.canvas;
    cl_event done = NULL;
    cbx_status status = cbx_painter_luma(canvas->painter, trainer->w1, canvas->luma,
                                         canvas->wait ? &canvas->wait : NULL, &done);
    return status ? status : canvas->drawn(canvas->user, done);
}

cbx_status cbx_train_gpu_batch(cbx_trainer *trainer, const cbx_batch *batch) {
    const cbx_launch job = cbx_trainer_launch(trainer, batch, batch ? 1 : 0);
    const uint32_t slices = trainer->slices;
    const uint32_t helpers = trainer->helpers;
    const uint32_t tall = 8 * trainer->device->tunables.update_rows;
    const uint32_t block = slices > CBX_PIXELS / tall ? LOW_BLOCK : tall;
    const cbx_argument hidden[] = {CBX_ARGUMENT(trainer->images), CBX_ARGUMENT(trainer->normal),
                                   CBX_ARGUMENT(trainer->labels), CBX_ARGUMENT(trainer->order),
                                   CBX_ARGUMENT(trainer->w1),     CBX_ARGUMENT(trainer->w2),
                                   CBX_ARGUMENT(trainer->a1),     CBX_ARGUMENT(trainer->sums),
                                   CBX_ARGUMENT(trainer->d2),     CBX_ARGUMENT(trainer->d1),
                                   CBX_ARGUMENT(trainer->fault),  CBX_ARGUMENT(job),
                                   CBX_ARGUMENT(slices),          CBX_ARGUMENT(block)};
    const cbx_argument output[] = {
        CBX_ARGUMENT(trainer->w1),    CBX_ARGUMENT(trainer->w2),      CBX_ARGUMENT(trainer->a1),
        CBX_ARGUMENT(trainer->sums),  CBX_ARGUMENT(trainer->d2),      CBX_ARGUMENT(trainer->d1),
        CBX_ARGUMENT(trainer->parts), CBX_ARGUMENT(trainer->arrived), CBX_ARGUMENT(job),
        CBX_ARGUMENT(slices),         CBX_ARGUMENT(helpers)};
    const size_t tiles = trainer->panels / 2;
    const cbx_range hidden_range = {{tiles * slices * CBX_GPU_GROUP, 1}, {CBX_GPU_GROUP, 1}};
    const cbx_range output_range = {{(size_t)trainer->chunks * helpers * CBX_GPU_OUTPUT_GROUP, 1},
                                    {CBX_GPU_OUTPUT_GROUP, 1}};
    cl_command_queue queue = trainer->device->queue;
    cbx_status status = cbx_enqueue(queue, trainer->kernels[CBX_KERNEL_TRAIN], hidden,
                                    CBX_COUNT(hidden), hidden_range, NULL, NULL);
    if (!status && trainer->pending.has_canvas) {
        status = draw(trainer);
    }
    if (!status) {
        status = cbx_enqueue(queue, trainer->kernels[CBX_KERNEL_TRAIN_OUTPUT], output,
                             CBX_COUNT(output), output_range, NULL, NULL);
    }
    trainer->parity ^= 1;
    return status;
}
