/* SPDX-License-Identifier: MIT */
/* What the schedules share: the buffers of a trainer and what is pending.
 *
 * A trainer holds panels of neurons of a network; of all its state only `sums`,
 * the shares of A1·W2, crosses between panels.
 */
#ifndef CBX_NETWORK_TRAINER_H
#define CBX_NETWORK_TRAINER_H

#include "clearbox/trainer.h"
#include "device/device.h"
#include "layout.h"
#include "picture/draw.h"

/* A batch on its way: rows order[first … first + rows). */
typedef struct cbx_batch {
    uint32_t first, rows;
    cbx_rates rates;
    uint32_t number;
    int has_canvas;
    cbx_canvas canvas;
} cbx_batch;

/* Kernels by the name of their function; the order of the table in trainer.c. */
typedef enum cbx_kernel_id {
    CBX_KERNEL_BIASED_MATMUL_HIDDEN,
    CBX_KERNEL_BIASED_MATMUL_OUTPUT,
    CBX_KERNEL_SIGMOID,
    CBX_KERNEL_SIGMOID_DERIVATIVE,
    CBX_KERNEL_OUTPUT_DELTA,
    CBX_KERNEL_HIDDEN_DELTA,
    CBX_KERNEL_WEIGHT_UPDATE_HIDDEN,
    CBX_KERNEL_WEIGHT_UPDATE_OUTPUT,
    CBX_KERNEL_TRAIN,        /* train_cpu, or train_gpu_hidden */
    CBX_KERNEL_TRAIN_OUTPUT, /* train_gpu_output; none for CPUs */
    CBX_KERNEL_TRAIN_SUMS,   /* train_gpu_sums; none for CPUs */
    CBX_KERNEL_EVALUATE,
    CBX_KERNEL_COUNT
} cbx_kernel_id;

/* What is known of how well the work-groups of train_cpu get along in launches of several
 * stages: whether they all had a core. */
typedef struct cbx_crowd {
    cl_event reading;     /* of `left` from the device; NULL: nothing is read */
    cl_uint left, before; /* work-groups that left early so far, and when last looked at */
    int trusted;          /* the last answer was that none left */
    uint32_t singly;      /* batches to launch one by one, before the next try */
    uint32_t next;        /* how many it will be if groups leave again */
} cbx_crowd;

struct cbx_trainer {
    cbx_device *device;
    cbx_trainer_settings settings;
    uint32_t images_of[3]; /* rows of each part */
    uint32_t panels;       /* P */
    uint32_t stride;       /* B rounded up to whole forward blocks */
    uint32_t chunks;       /* C */
    uint32_t groups;       /* work-groups of train_cpu */
    uint32_t evaluating;   /* work-groups of evaluate_cpu */
    uint32_t slices;       /* of the pixels, in train_gpu_hidden */
    uint32_t helpers;      /* work-groups of train_gpu_output for each chunk */
    cl_kernel kernels[CBX_KERNEL_COUNT];
    cbx_normal normal;
    cl_mem images, labels, order; /* layout.h */
    cl_mem w1, w2, a1, sums, d1, d2, x, held, progress, fault;
    cl_mem parts;                  /* train_gpu_output only */
    cl_mem s1, z2, s2;             /* stepwise only */
    cl_mem loss, correct, scratch; /* of the evaluation */
    uint32_t order_rows;
    cbx_batch pending; /* rows == 0: none */
    uint32_t parity, ticket;
    cbx_crowd crowd;    /* train_cpu only */
    unsigned unflushed; /* launches since the last clFlush() */
};

/* stepwise.c, train_cpu.c, train_gpu.c: a batch, or `count` batches of `rows`. */
cbx_status cbx_stepwise_batch(cbx_trainer *trainer, const cbx_batch *batch);
cbx_status cbx_train_cpu_batches(cbx_trainer *trainer, const cbx_batch *first, uint32_t count);
cbx_status cbx_train_gpu_batch(cbx_trainer *trainer, const cbx_batch *batch);

/* Finishes the pending batch, if any, without starting another; enqueues only. */
cbx_status cbx_trainer_flush(cbx_trainer *trainer);

/* As cbx_trainer_step(), and draws the picture after the batch on `canvas`. */
cbx_status cbx_trainer_step_drawing(cbx_trainer *trainer, uint32_t first, uint32_t rows,
                                    cbx_rates rates, uint64_t number, const cbx_canvas *canvas);

/* Whether pictures of `scale` are drawn in a launch of their own. */
int cbx_trainer_draws_apart(const cbx_trainer *trainer, uint32_t scale);

/* Batches that one launch of cbx_trainer_steps() should hold. */
uint32_t cbx_trainer_batches_per_launch(const cbx_trainer *trainer);

/* CBX_BAD_ARGUMENT when no trainer can have that many neurons or rows. */
cbx_status cbx_trainer_check_sizes(uint32_t hidden, uint32_t batch);

/* The same for everything that is asked of a trainer. */
cbx_status cbx_trainer_check_settings(const cbx_trainer_settings *settings);

#endif
