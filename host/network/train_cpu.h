/* SPDX-License-Identifier: MIT */
#ifndef CBX_NETWORK_TRAIN_CPU_H
#define CBX_NETWORK_TRAIN_CPU_H

#include "network/schedule.h"

/* What is known of how well the work-groups of train_cpu get along in launches of several
 * stages: whether they all had a core. */
typedef struct cbx_crowd {
    cl_event reading;     /* of `left` from the device; NULL: nothing is read */
    cl_uint left, before; /* work-groups that left early so far, and when last looked at */
    int trusted;          /* the last answer was that none left */
    uint32_t singly;      /* batches to launch one by one, before the next try */
    uint32_t next;        /* how many it will be if groups leave again */
} cbx_crowd;

/* What a trainer has for the schedules `fused` and `sparse` on processors alone; see
 * kernels/train/train_cpu.cl. */
typedef struct cbx_train_cpu {
    uint32_t groups; /* work-groups */
    uint32_t ticket; /* stages since the trainer was made */
    uint32_t levels; /* of the tree of a chunk */
    cl_mem scratch, held, progress;
    cl_mem x;                               /* fused alone */
    uint32_t ink;                           /* CBX_DENSE … */
    cl_mem row_inks, places, levels_of_ink; /* sparse alone */
    uint32_t slots;                         /* CBX_BY_PIXELS alone: batches with lists */
    uint32_t listed, listed_from;           /* so many have them ahead, from that stage on */
    cl_mem pixel_marks, marks;
    cbx_crowd crowd;
} cbx_train_cpu;

#endif
