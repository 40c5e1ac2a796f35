/* SPDX-License-Identifier: MIT */
/* What the schedules share: the state of a trainer, and the table of functions that each of
 * them fills.
 *
 * A trainer holds panels of neurons of a network; of all its state only `sums`,
 * the shares of A1·W2, crosses between panels.
 */
#ifndef CBX_NETWORK_SCHEDULE_H
#define CBX_NETWORK_SCHEDULE_H

#include "network/trainer.h"

/* A batch on its way: rows order[first … first + rows). */
typedef struct cbx_batch {
    uint32_t first, rows;
    cbx_rates rates;
    uint32_t number;
    int has_canvas;
    cbx_canvas canvas;
} cbx_batch;

enum { CBX_MOST_KERNELS = 8, CBX_EVALUATION_KERNELS = 1 };

/* What a schedule is, in a file of its own. */
typedef struct cbx_schedule_ops {
    const char *kernels[CBX_MOST_KERNELS]; /* that it launches; NULL: no more */
    /* Divides panels and stride further. NULL: there is nothing to divide. */
    void (*divide)(cbx_trainer *trainer);
    /* Finishes the pending batch, if any, and starts `count` ≤ batches_per_launch() batches
     * that follow each other from *first on; NULL and 0: only finishes. Enqueues only. */
    cbx_status (*run)(cbx_trainer *trainer, const cbx_batch *first, uint32_t count);
    /* How many run() should be given at once. NULL: always one. */
    uint32_t (*batches_per_launch)(const cbx_trainer *trainer);
    uint32_t draws_scale; /* pictures of this scale are drawn by run()'s own kernels; 0: none */
} cbx_schedule_ops;

/* How a family of kernels evaluates: what its schedules have in common. */
typedef struct cbx_evaluator {
    const char *kernels[CBX_EVALUATION_KERNELS];
    uint32_t groups_a_unit; /* work-groups for each compute unit; 0: one for each block */
    /* Loss and correct answers of `count` images from `first` on, `blocks` sums of each. */
    cbx_status (*run)(cbx_trainer *trainer, uint32_t first, uint32_t count, size_t blocks);
} cbx_evaluator;

extern const cbx_evaluator cbx_evaluator_cpu, cbx_evaluator_gpu;

/* One way to train: a schedule with the kernels of a family. */
typedef struct cbx_way {
    cbx_schedule schedule;
    cbx_family family;
    const cbx_schedule_ops *ops;
    const cbx_evaluator *evaluator;
} cbx_way;

/* CBX_BAD_ARGUMENT where the schedule has no kernels of that family. */
cbx_status cbx_way_find(const cbx_way **out, cbx_schedule schedule, cbx_family family);

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
    const cbx_way *way;
    uint32_t images_of[3];               /* rows of each part */
    uint32_t panels;                     /* P */
    uint32_t stride;                     /* B rounded up to whole forward blocks */
    uint32_t chunks;                     /* C */
    uint32_t groups;                     /* work-groups of train_cpu */
    uint32_t evaluating;                 /* work-groups of an evaluation; 0: one for each block */
    uint32_t slices;                     /* of the pixels, in train_gpu_hidden */
    uint32_t helpers;                    /* work-groups of train_gpu_output for each chunk */
    cl_kernel kernels[CBX_MOST_KERNELS]; /* of the schedule, in its order */
    cl_kernel evaluation[CBX_EVALUATION_KERNELS];
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

#endif
