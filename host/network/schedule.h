/* SPDX-License-Identifier: MIT */
/* What the schedules share: the state of a trainer, and the table of functions that each of
 * them fills.
 *
 * A trainer holds panels of neurons of a network; of all its state only `sums`,
 * the shares of A1·W2, crosses between panels.
 */
#ifndef CBX_NETWORK_SCHEDULE_H
#define CBX_NETWORK_SCHEDULE_H

#include "device/bound.h"
#include "network/trainer.h"
#include "network/turned.h"

/* The life of a batch. It has two halves, since what ends one batch and what starts the next
 * read the same weights: the schedules `fused` do both in one launch.
 *
 *   on the host    a cbx_batch, in the hands of cbx_trainer_step() or …_steps()
 *     |            ops->run(trainer, batch, count): its forward pass
 *   pending        trainer->pending names it; half `parity` of `sums` has its shares of
 *     |            A1·W2, a1 its A1. W1 and W2 are still those from before it.
 *     |            ops->run() again, with the next batch, or from cbx_trainer_flush() with
 *     |            none: D2, D1 and the updates
 *   finished       W1 and W2 have it. Where a picture is due, the same run() draws it: with
 *                  cbx_easel_draw(), or in its own kernel where ops->draws_scale says so, which
 *                  draws after each batch that its launch finishes. The canvas is asked for
 *                  then, and not before: trainer->easel may have to wait for it, or give none
 *
 * cbx_launch_record() tells the kernels of both halves, and cbx_launch_end() moves on: what
 * was started is pending, and each stage turns the parity. Where a run() starts several
 * batches, all but the last are finished within its launch. Whoever reads or writes weights,
 * the order or the fault record flushes first; what is pending never survives that.
 * The schedule `stepwise` finishes a batch in the run() that starts it: none is ever pending.
 *
 * On processors a batch's images are normalised once for both halves. `ticket` counts stages
 * since the trainer was made; `held` says which stage started the batch whose images are in a
 * slot of X, so the stage after it finds them, and `progress` which stage took each chunk. */

/* Rows order[first … first + rows) on their way, and where a run() starts several batches, those
 * that follow. */
typedef struct cbx_batch {
    uint32_t first, rows;
    cbx_rates rates;
    uint32_t number;
    uint32_t draw_next;  /* a picture is due after so many batches from this one on, and then … */
    uint32_t draw_every; /* … after every so many; 0: after none */
} cbx_batch;

enum { CBX_MOST_KERNELS = 11, CBX_MOST_BUFFERS = 13 };

enum {
    CBX_EVALUATE,
    CBX_JUDGE,
    CBX_COLUMN_SUMS,
    CBX_TURN,
    CBX_EVALUATE_SUMS,
    CBX_EVALUATION_KERNELS
};

/* A piece of device memory. */
typedef struct cbx_buffer_row {
    cl_mem *buffer; /* where the trainer has it */
    uint64_t bytes; /* 0: none is needed */
    const char *what;
    const cl_uint *clear; /* what it is filled with at first; NULL: it is written before read */
} cbx_buffer_row;

typedef struct cbx_buffer_rows {
    cbx_buffer_row rows[CBX_MOST_BUFFERS];
} cbx_buffer_rows;

/* What a schedule is, in a file of its own. */
typedef struct cbx_schedule_ops {
    const char *kernels[CBX_MOST_KERNELS]; /* that it launches; NULL: no more */
    size_t own_bytes;                      /* of what trainer->own points at, zeroed at first */
    /* Divides the panels further. NULL: there is nothing to divide. */
    void (*divide)(cbx_trainer *trainer, const cbx_division *wished);
    /* What it needs beside the buffers of every trainer. */
    cbx_buffer_rows (*buffers)(cbx_trainer *trainer);
    /* Finishes the pending batch, if any, and starts `count` ≤ batches_per_launch() batches
     * that follow each other from *first on; NULL and 0: only finishes. Enqueues only. */
    cbx_status (*run)(cbx_trainer *trainer, const cbx_batch *first, uint32_t count);
    /* Enqueues what later launches of the call need beside the sums of the pending batch, which the owners
     * exchange meanwhile. NULL: nothing. */
    cbx_status (*prepare)(cbx_trainer *trainer);
    /* How many run() should be given at once. NULL: always one. */
    uint32_t (*batches_per_launch)(const cbx_trainer *trainer);
    /* Takes what else `own` has, once there are kernels, and releases it. NULL: nothing. */
    cbx_status (*open)(cbx_trainer *trainer);
    void (*close)(cbx_trainer *trainer);
    uint32_t draws_scale; /* pictures of this scale are drawn by run()'s own kernels; 0: none */
    uint32_t spare_rows;  /* that the buffers have behind those of a batch */
    int sparse;           /* it, and its evaluation, take ink alone */
} cbx_schedule_ops;

/* How a family of kernels evaluates: what its schedules have in common. */
typedef struct cbx_evaluator {
    const char *kernels[CBX_EVALUATION_KERNELS];
    uint32_t groups_a_unit; /* work-groups for each compute unit; 0: one for each block */
    /* Images whose outputs are held, 64 bytes each, at most: enough to keep a device busy. */
    uint32_t (*images_at_once)(const cbx_trainer *trainer);
    uint64_t (*scratch_bytes)(const cbx_trainer *trainer); /* for those */
    int turns;                                             /* takes images turned round */
    /* A work-item judges a block, so that each core of a processor reads for itself; else an
     * image, so that neighbouring ones of a GPU read side by side. */
    int judges_blocks;
    /* Enqueues what the outputs of all images need of the weights. NULL: nothing. */
    cbx_status (*begin)(cbx_trainer *trainer);
    /* Enqueues the outputs of `count` images from `first` on. */
    cbx_status (*outputs)(cbx_trainer *trainer, uint32_t first, uint32_t count);
    /* Enqueues the sums of each of the trainer's nodes, as its outputs, of `count` rows: from the shares of its
     * panels [panels][64·blocks][16] in `parts`, the first being that of place `first`. NULL: there are few
     * shares, which the host adds up. */
    cbx_status (*add_shares)(cbx_trainer *trainer, cl_mem parts, uint32_t first, uint32_t blocks,
                             uint32_t count);
} cbx_evaluator;

extern const cbx_evaluator cbx_evaluator_cpu, cbx_evaluator_gpu;

/* One way to train: a schedule with the kernels of a family. */
typedef struct cbx_way {
    cbx_schedule schedule;
    cbx_family family;
    const cbx_schedule_ops *ops;
    const cbx_evaluator *evaluator;
} cbx_way;

/* Every way there is by the canon, whatever its fma(), ended by one without ops. */
extern const cbx_way cbx_ways[];

/* The same by an arithmetic. */
const cbx_way *cbx_ways_by(cbx_arithmetic arithmetic);

/* CBX_BAD_ARGUMENT where the schedule has no kernels of the device's family and arithmetic. */
cbx_status cbx_way_find(const cbx_way **out, cbx_schedule schedule, const cbx_device *device);

struct cbx_trainer {
    cbx_device *device;
    cbx_trainer_settings settings;
    cbx_share share;     /* of the neurons */
    cbx_meeting meeting; /* with the owners of the others */
    const cbx_way *way;
    void *own;                      /* the schedule's */
    uint32_t images_of[3];          /* rows of each part */
    uint32_t panels;                /* P */
    cbx_node nodes[CBX_MOST_NODES]; /* of them; alone all are one */
    uint32_t node_count;
    uint32_t stride;       /* B rounded up: rows that the buffers have room for */
    uint32_t chunks;       /* C; 0 where there are no sums */
    uint32_t chunk_panels; /* panels in a chunk, a power of two; 0 where there are no sums */
    uint32_t evaluating;   /* work-groups of an evaluation; 0: one for each block */
    uint32_t judged;       /* images of an evaluation at a time */
    cl_kernel kernels[CBX_MOST_KERNELS]; /* of the schedule, in its order */
    cbx_bound bound[CBX_MOST_KERNELS];   /* their arguments */
    cl_kernel evaluation[CBX_EVALUATION_KERNELS];
    cbx_buffer_row buffers[4 * CBX_MOST_BUFFERS]; /* of all, of the schedule, for ink, turned */
    cl_mem images, labels, order;                 /* layout.h */
    cl_mem w1, w2, a1, fault;
    cl_mem losses;                           /* layout.h */
    cl_mem u;                                /* U of the evaluation (P, 32) */
    cl_mem inks, ink_pixels, ink_levels;     /* layout.h; NULL unless sparse */
    cl_mem sums, d1, d2;                     /* of a size that the schedule chooses */
    cbx_turned turned;                       /* zeroed unless the evaluator turns */
    cl_mem outputs, loss, verdicts, scratch; /* of the evaluation */
    cbx_normal normal;
    uint64_t ink_entries;
    uint32_t order_rows;
    uint64_t orders; /* that were set so far */
    int keeps_losses;
    const cbx_easel *easel;  /* NULL: the schedule draws nothing */
    const cbx_links *links;  /* NULL: it is in no crew; else what follows, of a leader */
    int has_followers;       /* that are to be told when it ends */
    const cbx_easel *shown;  /* what is drawn after the exchange */
    cl_mem whole_w1;         /* of all panels */
    struct cbx_sight *sight; /* network/sight.h; NULL */
    float *kept_of_others;   /* W1 and W2 of each follower, for a checkpoint */
    struct cbx_watch *watch; /* NULL: nobody looks at single batches */
    cbx_batch pending;       /* rows == 0: none */
    uint32_t ahead;          /* batches of this call that were not launched yet, of the same size */
    uint32_t parity;         /* half of `sums` that holds the pending batch */
    unsigned unflushed;      /* launches since the last clFlush() */
};

#endif
