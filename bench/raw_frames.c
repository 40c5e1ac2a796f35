/* SPDX-License-Identifier: MIT */
/* raw_frames DATA HIDDEN EPOCHS: writes the frames of `clearbox learn` with the same
 * settings to standard output, not encoded, as YUV4MPEG2: what an encoder beside
 * clearbox has to be given so that both encode the same pictures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clearbox/learn.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/sampler.h"
#include "network/trainer.h"

enum { BATCH = 64, FPS = 70 };

typedef struct studio {
    cbx_dataset *dataset;
    cbx_device *device;
    cbx_trainer *trainer;
    cbx_network *network;
    cbx_painter painter;
    cbx_grid grid;
    cl_mem luma;
    uint8_t *frame; /* luma, then both chroma planes */
    uint32_t *order;
    uint32_t images;
} studio;

static cbx_status open_network(studio *in, const char *data, uint32_t hidden) {
    const cbx_trainer_settings settings = {hidden, BATCH, CBX_RECIPE_LESSON, CBX_SCHEDULE_FUSED};
    cbx_status status = cbx_dataset_load(&in->dataset, data);
    if (!status) {
        in->images = (uint32_t)cbx_dataset_images(in->dataset, CBX_TRAIN).count;
        status = cbx_device_open(&in->device, getenv("CLEARBOX_DEVICE"), CBX_FAMILY_AUTO);
    }
    if (!status) {
        status = cbx_trainer_create(&in->trainer, in->device, in->dataset, &settings);
    }
    if (!status) {
        status = cbx_network_create(&in->network, hidden);
    }
    if (!status) {
        cbx_network_randomise(in->network, 0);
        status = cbx_trainer_set_weights(in->trainer, in->network);
    }
    return status ? status : cbx_new(&in->order, in->images);
}

static cbx_status open_picture(studio *in, uint32_t hidden) {
    cbx_status status = cbx_grid_lay_out(&in->grid, hidden, 1);
    const size_t size = (size_t)in->grid.width * in->grid.height;
    if (!status) {
        status = cbx_painter_init(&in->painter, in->device, &in->grid, CBX_TONE_PEAK);
    }
    if (!status) {
        status = cbx_buffer_create(in->device, CL_MEM_READ_WRITE, size, "a frame", &in->luma);
    }
    if (!status) {
        status = cbx_painter_fill(&in->painter, in->luma, size, 16);
    }
    if (!status) {
        status = cbx_new(&in->frame, size / 2 * 3);
    }
    if (!status) {
        status = cbx_painter_chroma(&in->painter, in->frame + size, in->frame + size / 4 * 5);
    }
    return status;
}

static cbx_status write_frame(studio *in) {
    const size_t size = (size_t)in->grid.width * in->grid.height;
    const cbx_canvas canvas = {.luma = in->luma};
    cbx_status status = cbx_trainer_flush(in->trainer);
    if (!status) {
        status = cbx_painter_luma(&in->painter, cbx_trainer_w1(in->trainer), &canvas, NULL);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(in->device->queue, in->luma, CL_TRUE, 0, size,
                                                  in->frame, 0, NULL, NULL),
                              "reading a frame");
    }
    if (!status && (fputs("FRAME\n", stdout) == EOF ||
                    fwrite(in->frame, 1, size / 2 * 3, stdout) != size / 2 * 3)) {
        status = cbx_fail(CBX_CANNOT_WRITE, "standard output takes no more frames");
    }
    return status;
}

static cbx_status write_frames(studio *in, unsigned long epochs) {
    const cbx_rates rates = {0.005f, 0.005f}; /* of the recipe `lesson` */
    cbx_random random;
    cbx_status status = CBX_OK;
    uint64_t number = 0;
    cbx_random_seed(&random, 0, CBX_STREAM_ORDER);
    printf("YUV4MPEG2 W%u H%u F%d:1 Ip A1:1 C420mpeg2\n", in->grid.width, in->grid.height, FPS);
    for (unsigned long epoch = 0; epoch < epochs && !status; epoch++) {
        cbx_sampler_shuffle(&random, in->order, in->images);
        status = cbx_trainer_set_order(in->trainer, in->order, in->images);
        for (uint32_t first = 0; first < in->images && !status; first += BATCH) {
            const uint32_t left = in->images - first;
            status =
                cbx_trainer_step(in->trainer, first, left < BATCH ? left : BATCH, rates, number++);
            status = status ? status : write_frame(in);
        }
    }
    if (!status && fflush(stdout) != 0) {
        status = cbx_fail(CBX_CANNOT_WRITE, "standard output takes no more frames");
    }
    return status;
}

int main(int argc, char **argv) {
    studio in;
    memset(&in, 0, sizeof in);
    const unsigned long hidden = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    const unsigned long epochs = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (hidden < 1 || hidden > CBX_MAX_HIDDEN || epochs < 1) {
        fputs("usage: raw_frames DATA HIDDEN EPOCHS >FRAMES.y4m\n", stderr);
        return 64;
    }
    cbx_status status = open_network(&in, argv[1], (uint32_t)hidden);
    if (!status) {
        status = open_picture(&in, (uint32_t)hidden);
    }
    if (!status) {
        status = write_frames(&in, epochs);
    }
    if (status) {
        fprintf(stderr, "raw_frames: %s\n", cbx_last_error());
    }
    cbx_painter_clear(&in.painter);
    cbx_buffer_release(in.luma);
    cbx_trainer_destroy(in.trainer);
    cbx_network_destroy(in.network);
    cbx_device_close(in.device);
    cbx_dataset_destroy(in.dataset);
    free(in.order);
    free(in.frame);
    return status ? 1 : 0;
}
