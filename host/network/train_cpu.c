/* The schedule `fused` on processors: kernels/train_cpu.cl. */
#include "network/trainer.h"

cbx_status cbx_train_cpu_batches(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    static const cbx_frame_layout no_picture;
    const cbx_batch *pending = &trainer->pending;
    const cbx_canvas *canvas = pending->has_canvas ? &pending->canvas : NULL;
    /* Magnified pictures are drawn by the kernels of picture.cl: the forward pass of
     * the next batch leaves the weights as they are. */
    const int draw_here = canvas && canvas->painter->layout.scale == 1;
    cbx_launch job = cbx_trainer_launch(trainer, first, count);
    job.draw = draw_here ? 1u : 0u;
    const cbx_frame_layout layout = draw_here ? canvas->painter->layout : no_picture;
    cl_mem luma = draw_here ? canvas->luma : trainer->fault; /* any buffer will do */
    const cbx_argument arguments[] = {
        CBX_ARGUMENT(trainer->images), CBX_ARGUMENT(trainer->normal),
        CBX_ARGUMENT(trainer->labels), CBX_ARGUMENT(trainer->order),
        CBX_ARGUMENT(trainer->w1),     CBX_ARGUMENT(trainer->w2),
        CBX_ARGUMENT(trainer->a1),     CBX_ARGUMENT(trainer->sums),
        CBX_ARGUMENT(trainer->d1),     CBX_ARGUMENT(trainer->d2),
        CBX_ARGUMENT(trainer->x),      CBX_ARGUMENT(trainer->progress),
        CBX_ARGUMENT(trainer->held),   CBX_ARGUMENT(trainer->fault),
        CBX_ARGUMENT(job),             CBX_ARGUMENT(layout),
        CBX_ARGUMENT(luma)};
    const cbx_range range = {{trainer->groups, 1}, {1, 1}};
    cl_event done = NULL;
    cbx_status status = cbx_enqueue(
        trainer->device->queue, trainer->kernels[CBX_KERNEL_TRAIN], arguments, CBX_COUNT(arguments),
        range, draw_here && canvas->wait ? &canvas->wait : NULL, draw_here ? &done : NULL);
    if (!status && canvas && !draw_here) {
        status = cbx_painter_luma(canvas->painter, trainer->w1, canvas->luma,
                                  canvas->wait ? &canvas->wait : NULL, &done);
    }
    if (!status && canvas) {
        status = canvas->drawn(canvas->user, done);
    }
    const uint32_t stages = count > 0 ? count : 1;
    trainer->ticket += stages;
    trainer->parity ^= stages & 1;
    return status;
}
