/* SPDX-License-Identifier: MIT */
/* The schedule `fused` on processors: kernels/train_cpu.cl. */
#include "network/launch.h"

/* Batches that are launched one by one after work-groups left: twice as many when they do it
 * again at the next try. */
enum { FEWEST_SINGLY = 64, MOST_SINGLY = 1024 };

/* Takes what was read from the device, if it is there. Groups that left had to wait too long for
 * others: there are more of them than free cores. Then waiting within a launch costs more
 * than waking threads for each. */
static cbx_status look(cbx_trainer *trainer) {
    cbx_crowd *crowd = &trainer->crowd;
    cl_int state = CL_QUEUED;
    if (!crowd->reading) {
        return CBX_OK;
    }
    cbx_status status =
        cbx_cl_check(clGetEventInfo(crowd->reading, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state,
                                    &state, NULL),
                     "train_cpu");
    if (status || state != CL_COMPLETE) {
        return status;
    }
    const uint32_t next = crowd->next > 0 ? crowd->next : FEWEST_SINGLY;
    const int left = crowd->left != crowd->before;
    clReleaseEvent(crowd->reading);
    crowd->reading = NULL;
    crowd->before = crowd->left;
    crowd->trusted = !left;
    crowd->singly = left ? next : 0;
    crowd->next = !left ? FEWEST_SINGLY : next < MOST_SINGLY ? 2 * next : next;
    return CBX_OK;
}

/* Starts reading how many groups left, without waiting. */
static cbx_status ask(cbx_trainer *trainer) {
    cbx_crowd *crowd = &trainer->crowd;
    return cbx_cl_check(clEnqueueReadBuffer(trainer->device->queue, trainer->progress, CL_FALSE,
                                            (trainer->chunks + 1) * sizeof crowd->left,
                                            sizeof crowd->left, &crowd->left, 0, NULL,
                                            &crowd->reading),
                        "train_cpu");
}

/* Keeps the record of the crowd, around each launch of `count` batches. */
static cbx_status watch(cbx_trainer *trainer, uint32_t count) {
    cbx_crowd *crowd = &trainer->crowd;
    crowd->singly -= count < crowd->singly ? count : crowd->singly;
    cbx_status status = look(trainer);
    return status || count < 2 || crowd->reading ? status : ask(trainer);
}

cbx_status cbx_train_cpu_batches(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    static const cbx_frame_layout no_picture;
    const cbx_batch *pending = &trainer->pending;
    const cbx_canvas *canvas = pending->has_canvas ? &pending->canvas : NULL;
    /* Magnified pictures are drawn by the kernels of picture.cl: the forward pass of
     * the next batch leaves the weights as they are. */
    const int draw_here = canvas && canvas->painter->layout.scale == 1;
    cbx_launch job = cbx_launch_record(trainer, first, count);
    job.draw = draw_here ? 1u : 0u;
    const cbx_frame_layout layout = draw_here ? canvas->painter->layout : no_picture;
    cl_mem luma = draw_here ? canvas->luma : trainer->fault; /* any buffer will do */
    const cbx_argument arguments[] = {CBX_ARGUMENT(trainer->images),
                                      CBX_ARGUMENT(trainer->normal),
                                      CBX_ARGUMENT(trainer->labels),
                                      CBX_ARGUMENT(trainer->order),
                                      CBX_ARGUMENT(trainer->w1),
                                      CBX_ARGUMENT(trainer->w2),
                                      CBX_ARGUMENT(trainer->a1),
                                      CBX_ARGUMENT(trainer->sums),
                                      CBX_ARGUMENT(trainer->d1),
                                      CBX_ARGUMENT(trainer->d2),
                                      CBX_ARGUMENT(trainer->x),
                                      CBX_ARGUMENT(trainer->progress),
                                      CBX_ARGUMENT(trainer->held),
                                      CBX_ARGUMENT(trainer->fault),
                                      CBX_ARGUMENT(job),
                                      CBX_ARGUMENT(layout),
                                      CBX_ARGUMENT(luma)};
    const cbx_range range = {{trainer->groups, 1}, {1, 1}};
    cl_event done = NULL;
    cbx_status status = cbx_enqueue(
        trainer->device->queue, trainer->kernels[CBX_KERNEL_TRAIN], arguments, CBX_COUNT(arguments),
        range, draw_here && canvas->wait ? &canvas->wait : NULL, draw_here ? &done : NULL);
    if (!status && canvas) {
        status =
            draw_here ? canvas->drawn(canvas->user, done) : cbx_canvas_draw(canvas, trainer->w1);
    }
    if (!status) {
        status = watch(trainer, count);
    }
    const uint32_t stages = count > 0 ? count : 1;
    trainer->ticket += stages;
    trainer->parity ^= stages & 1;
    return status;
}
