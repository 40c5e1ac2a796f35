/* SPDX-License-Identifier: MIT */
/* What a launch of the fused training kernels works on, and what must come of it.
 *
 * Everything starts as if a batch were pending: its activations and output sums are
 * random. Finishing it is compared with the reference on the same numbers. Starting
 * the next one is compared on the weights that the device then holds. All of it in double
 * precision, and to the bit where the device's arithmetic is the canon's.
 */
#ifndef TEST_SUPPORT_FUSED_H
#define TEST_SUPPORT_FUSED_H

#include "clearbox/trainer.h"
#include "support/bands.h"
#include "support/panels.h"

enum {
    FUSED_IMAGES = 100,                    /* as ink.h makes them */
    FUSED_BRIGHT_IMAGE = FUSED_IMAGES - 1, /* all 255, which nothing else is; in no batch */
    FUSED_ORDER = 320,
    FUSED_PENDING_FIRST = 3, /* in the order, of the pending batch */
    FUSED_FIRST = 81,        /* of the batch that starts */
    FUSED_PENDING_NUMBER = 41,
    FUSED_NUMBER = 50,
    FUSED_SILENT_HIDDEN = 3 /* neurons of a network whose losses nobody asks for */
};

typedef struct fused {
    cbx_device *device;
    cbx_recipe recipe;
    int exact;           /* compare bits, too */
    shape s;             /* rows: of the batch that starts; panels, stride: of both */
    size_t pending_rows; /* 0: none is pending */
    size_t chunks;
    uint8_t *images; /* (FUSED_IMAGES, 784) grey levels */
    cbx_normal normal;
    uint8_t labels[FUSED_IMAGES];
    uint32_t order[FUSED_ORDER]; /* rows of images, some of them several times */
    size_t batches;              /* of `rows`, that the order holds */
    float *w1, *w2;              /* (785, H), (1+H, 10): before the launch */
    float *a1;                   /* (pending_rows, H) */
    float *shares;               /* (chunks + 1, pending_rows, 10) of the pending Z2 */
    cbx_launch launch;           /* of one batch, with parity 1 */
    bands *b;
    cl_mem images_buffer, labels_buffer, order_buffer, w1_buffer, w2_buffer, a1_buffer;
    cl_mem sums_buffer, fault_buffer;
    cl_mem losses_buffer; /* by place in the order */
} fused;

/* Random material of these sizes; the same each time. At most `chunks` of them. */
void fused_open(fused *f, cbx_device *device, cbx_recipe recipe, size_t rows, size_t pending_rows,
                size_t hidden, size_t chunks);
void fused_close(fused *f);

/* How pixels are normalised, and with it the rates. */
void fused_set_normal(fused *f, cbx_normal normal);

/* Takes the buffers, with guard bands: after changes to what was opened. */
void fused_upload(fused *f);

/* The grey levels of rows order[first …), and normalised in double precision, for free(). */
uint8_t *fused_levels(const fused *f, size_t first, size_t rows);
double *fused_pixels(const fused *f, size_t first, size_t rows);

/* D2 (pending_rows, 10) and D1 (pending_rows, H) of the pending batch, for free(). */
void fused_errors(const fused *f, double **d2, double **d1);

/* Fail unless W1, or W2, is what the pending batch makes of it. */
void fused_check_w1(const fused *f);
void fused_check_w2(const fused *f);

/* Fails unless A1 and the sums are those of the batch that started. */
void fused_check_forward(const fused *f);

/* Fails unless the losses are those of the pending batch, and no others. */
void fused_check_losses(const fused *f);

/* The last two, where there is such a batch; then no fault must be on record. Closes. */
void fused_finish(fused *f);

/* The fault record. */
cl_uint fused_fault(const fused *f);

/* Chunk c covers the panels from this one on, and up to where the next would begin. */
size_t fused_first_panel(const fused *f, size_t chunk);

#endif
