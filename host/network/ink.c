/* SPDX-License-Identifier: MIT */
#include "network/ink.h"

#include "network/launch.h"

uint64_t cbx_ink_entries(const cbx_dataset *dataset) {
    uint64_t entries = 0;
    for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
        entries += cbx_dataset_ink(dataset, (cbx_part)part);
    }
    return entries;
}

int cbx_ink_fits(uint64_t entries) {
    return entries <= UINT32_MAX - CBX_INK_SPARE;
}

cbx_buffer_rows cbx_ink_buffers(cbx_trainer *trainer, uint64_t images) {
    const uint64_t wanted = trainer->way->ops->sparse ? 1 : 0;
    const uint64_t entries = trainer->ink_entries + CBX_INK_SPARE;
    return (cbx_buffer_rows){{
        {&trainer->inks, wanted * images * sizeof(cbx_ink), "where ink is", NULL},
        {&trainer->ink_pixels, wanted * entries * sizeof(cl_ushort), "pixels of ink", NULL},
        {&trainer->ink_levels, wanted * entries, "levels of ink", NULL},
    }};
}

/* Runs a kernel that is needed once. */
static cbx_status run_once(cbx_trainer *trainer, const char *name, const cbx_argument *arguments,
                           cl_uint count, size_t items) {
    cl_kernel kernel = NULL;
    cbx_status status = cbx_kernel_create(trainer->device, name, &kernel);
    if (!status) {
        status = cbx_enqueue(trainer->device->queue, kernel, arguments, count,
                             cbx_launch_range(trainer, items, 1), NULL, NULL);
    }
    cbx_kernel_release(kernel);
    return status;
}

#define ONCE(name, items, ...)                                                                     \
    run_once(trainer, name, (const cbx_argument[]){__VA_ARGS__},                                   \
             CBX_COUNT(((const cbx_argument[]){__VA_ARGS__})), items)

cbx_status cbx_ink_gather(cbx_trainer *trainer) {
    const uint32_t *images = trainer->images_of;
    const uint32_t count = images[CBX_TRAIN] + images[CBX_VALIDATION] + images[CBX_TEST];
    cbx_status status =
        ONCE("count_ink", count, ARG(trainer->images), ARG(count), ARG(trainer->inks));
    if (!status) {
        status = ONCE("place_ink", 1, ARG(count), ARG(trainer->inks));
    }
    return status ? status
                  : ONCE("gather_ink", count, ARG(trainer->images), ARG(count), ARG(trainer->inks),
                         ARG(trainer->ink_pixels), ARG(trainer->ink_levels));
}
