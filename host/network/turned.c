/* SPDX-License-Identifier: MIT */
#include "network/turned.h"

#include "network/launch.h"

/* 12.5 MiB: so many batches of 64 rows that turning is seldom a launch more, and that what is
 * turned stays in the caches of large GPUs. */
enum { MOST_BLOCKS = 256, LEAST_SLOTS = 2 };

static uint32_t divide_up(uint32_t value, uint32_t by) {
    return (value + by - 1) / by;
}

static uint32_t largest_part(const cbx_trainer *trainer) {
    uint32_t most = 1;
    for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
        most = trainer->images_of[part] > most ? trainer->images_of[part] : most;
    }
    return most;
}

void cbx_turned_plan(cbx_trainer *trainer) {
    cbx_turned *turned = &trainer->turned;
    const uint32_t blocks = divide_up(trainer->settings.batch, CBX_ROW_BLOCK);
    const uint32_t batches = divide_up(trainer->images_of[CBX_TRAIN], trainer->settings.batch);
    const uint32_t judged = divide_up(largest_part(trainer), CBX_ROW_BLOCK * blocks);
    uint32_t slots = batches + 1 > judged ? batches + 1 : judged;
    slots = slots < MOST_BLOCKS / blocks ? slots : MOST_BLOCKS / blocks;
    turned->blocks = blocks;
    turned->slots = slots > LEAST_SLOTS ? slots : LEAST_SLOTS;
}

uint32_t cbx_turned_blocks(const cbx_trainer *trainer) {
    return trainer->turned.slots * trainer->turned.blocks;
}

void cbx_turned_buffers(cbx_trainer *trainer, cbx_buffer_rows *out) {
    const uint64_t blocks = cbx_turned_blocks(trainer);
    *out = (cbx_buffer_rows){{
        {&trainer->turned.lists, blocks * CBX_SLABS * CBX_LIST, "lists of pixels", NULL},
        {&trainer->turned.levels, blocks * CBX_PIXELS * CBX_ROW_BLOCK, "turned images", NULL},
    }};
}

/* `all` images, `rows` to a slot of `blocks` blocks, from slot `slot` on. */
typedef struct range {
    uint32_t by_order, first, rows, all, slot, slots, blocks;
} range;

static cbx_status turn(cbx_trainer *trainer, range of) {
    const cbx_argument arguments[] = {ARG(trainer->images),
                                      ARG(trainer->order),
                                      ARG(of.by_order),
                                      ARG(of.first),
                                      ARG(of.rows),
                                      ARG(of.all),
                                      ARG(of.slot),
                                      ARG(of.slots),
                                      ARG(of.blocks),
                                      ARG(trainer->turned.lists),
                                      ARG(trainer->turned.levels)};
    const size_t groups = (size_t)divide_up(of.all, of.rows) * CBX_SLABS;
    return cbx_enqueue(trainer->device->queue, trainer->evaluation[CBX_TURN], arguments,
                       CBX_COUNT(arguments), cbx_launch_groups(groups, CBX_GROUP), NULL, NULL);
}

/* Which of the batches in the ring that is; `count` or more: none. */
static uint32_t find(const cbx_trainer *trainer, const cbx_batch *batch) {
    const cbx_turned *turned = &trainer->turned;
    if (turned->count == 0 || turned->order != trainer->orders || turned->rows != batch->rows ||
        batch->first < turned->first || (batch->first - turned->first) % batch->rows != 0) {
        return turned->count;
    }
    return (batch->first - turned->first) / batch->rows;
}

/* All that there is room for beside the slot that stays. */
static cbx_status refill(cbx_trainer *trainer, const cbx_batch *batch) {
    cbx_turned *turned = &trainer->turned;
    const uint32_t left = (trainer->order_rows - batch->first) / batch->rows;
    turned->order = trainer->orders;
    turned->first = batch->first;
    turned->rows = batch->rows;
    turned->count = left < turned->slots - 1 ? left : turned->slots - 1;
    turned->slot = (turned->last + 1) % turned->slots;
    return turn(trainer, (range){1, batch->first, batch->rows, turned->count * batch->rows,
                                 turned->slot, turned->slots, turned->blocks});
}

cbx_status cbx_turned_batch(cbx_trainer *trainer, const cbx_batch *batch, uint32_t *slot) {
    cbx_turned *turned = &trainer->turned;
    cbx_status status = CBX_OK;
    if (find(trainer, batch) >= turned->count) {
        status = refill(trainer, batch);
    }
    *slot = turned->last = (turned->slot + find(trainer, batch)) % turned->slots;
    return status;
}

cbx_status cbx_turned_images(cbx_trainer *trainer, uint32_t first, uint32_t count) {
    trainer->turned.count = 0;
    return turn(trainer, (range){0, first, CBX_ROW_BLOCK, count, 0, cbx_turned_blocks(trainer), 1});
}
