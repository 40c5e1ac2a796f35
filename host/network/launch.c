/* SPDX-License-Identifier: MIT */
#include "network/launch.h"

cbx_range cbx_launch_range(const cbx_trainer *trainer, size_t items, size_t panels) {
    const cbx_range range = {{items, panels}, {trainer->device->built.local, 1}};
    return range;
}

cbx_range cbx_launch_groups(size_t groups, size_t group) {
    return (cbx_range){{groups * group, 1}, {group, 1}};
}

const cl_mem *cbx_launch_buffer(const cbx_trainer *trainer, const cl_mem *buffer) {
    return *buffer ? buffer : &trainer->fault;
}

static float product(float a, float b) {
    return (float)((double)a * (double)b); /* exact before it is rounded */
}

cbx_step_sizes cbx_launch_steps(const cbx_trainer *trainer, cbx_rates rates) {
    return (cbx_step_sizes){.hidden = rates.hidden,
                            .scale = product(rates.hidden, trainer->normal.scale),
                            .shift = product(rates.hidden, trainer->normal.shift),
                            .output = rates.output};
}

uint32_t cbx_pictures_due(const cbx_batch *first, uint32_t count) {
    return first->draw_every > 0 && count >= first->draw_next
               ? (count - first->draw_next) / first->draw_every + 1
               : 0;
}

cbx_launch cbx_launch_record(const cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    static const cbx_batch none;
    const cbx_batch *pending = &trainer->pending, *start = first ? first : &none;
    const cbx_launch launch = {
        .panels = trainer->panels,
        .chunks = trainer->chunks,
        .chunk_panels = trainer->chunk_panels,
        .stride = trainer->stride,
        .recipe = (cbx_u32)trainer->settings.recipe,
        .pending_first = pending->first,
        .pending_rows = pending->rows,
        .pending_rate = cbx_launch_steps(trainer, pending->rates),
        .first = start->first,
        .rows = start->rows,
        .count = count,
        .rate = cbx_launch_steps(trainer, start->rates),
        .parity = trainer->parity,
        .pending_number = pending->number,
        .number = start->number,
        .draw = trainer->easel ? cbx_pictures_due(pending, 1) : 0,
        .draw_next = start->draw_next,
        .draw_every = trainer->easel ? start->draw_every : 0,
        .losses = trainer->keeps_losses != 0,
    };
    return launch;
}

uint32_t cbx_launch_pictures(const cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    const uint32_t inner = count > 1 ? cbx_pictures_due(first, count - 1) : 0;
    return trainer->easel ? cbx_pictures_due(&trainer->pending, 1) + inner : 0;
}

void cbx_launch_end(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    const uint32_t stages = count > 0 ? count : 1;
    trainer->pending = first ? *first : (cbx_batch){.rows = 0};
    trainer->pending.first += (stages - 1) * trainer->pending.rows;
    trainer->pending.number += stages - 1;
    if (first) { /* whether the picture after it is due, it alone */
        trainer->pending.draw_every =
            cbx_pictures_due(first, count) - cbx_pictures_due(first, count - 1);
        trainer->pending.draw_next = 1;
    }
    trainer->parity ^= stages & 1;
}
