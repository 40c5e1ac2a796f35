/* The schedule `fused` on processors: kernels/train_cpu.cl. */
#include "network/trainer.h"

cbx_status cbx_train_cpu_batches(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    static const cbx_frame_layout no_picture;
    const cbx_batch *pending = &trainer->pending;
    const cbx_canvas *canvas = pending->has_canvas ? &pending->canvas : NULL;
    /* Magnified pictures are drawn by the kernels of picture.cl: the forward pass of
     * the next batch leaves the weights as they are. */
    const int draw_here = canvas && canvas->painter->layout.scale == 1;
    const cbx_launch job = {
        .panels = trainer->panels,
        .chunks = trainer->chunks,
        .batch = trainer->stride,
        .recipe = trainer->settings.recipe == CBX_RECIPE_NLL ? CBX_NLL : CBX_LESSON,
        .pending_first = pending->first,
        .pending_rows = pending->rows,
        .pending_rate_hidden = pending->rates.hidden,
        .pending_rate_output = pending->rates.output,
        .first = first ? first->first : 0,
        .rows = first ? first->rows : 0,
        .count = count,
        .rate_hidden = first ? first->rates.hidden : 0.0f,
        .rate_output = first ? first->rates.output : 0.0f,
        .parity = trainer->parity,
        .pending_number = pending->number,
        .number = first ? first->number : 0,
        .ticket = trainer->ticket,
        .draw = draw_here ? 1u : 0u,
    };
    const cbx_frame_layout layout = draw_here ? canvas->painter->layout : no_picture;
    cl_mem luma = draw_here ? canvas->luma : trainer->fault; /* any buffer will do */
    const cbx_argument arguments[] = {
        CBX_ARGUMENT(trainer->images), CBX_ARGUMENT(trainer->labels),
        CBX_ARGUMENT(trainer->order),  CBX_ARGUMENT(trainer->w1),
        CBX_ARGUMENT(trainer->w2),     CBX_ARGUMENT(trainer->a1),
        CBX_ARGUMENT(trainer->sums),   CBX_ARGUMENT(trainer->d1),
        CBX_ARGUMENT(trainer->d2),     CBX_ARGUMENT(trainer->progress),
        CBX_ARGUMENT(trainer->fault),  CBX_ARGUMENT(job),
        CBX_ARGUMENT(layout),          CBX_ARGUMENT(luma)};
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
