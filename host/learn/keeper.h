/* SPDX-License-Identifier: MIT */
/* What makes a run's checkpoints, with the thread that writes them: see keep.c. */
#ifndef CBX_LEARN_KEEPER_H
#define CBX_LEARN_KEEPER_H

#include <pthread.h>

#include "base/error.h"
#include "device/copy.h"
#include "learn/checkpoint.h"
#include "learn/metadata.h"
#include "network/trainer_weights.h"

typedef enum cbx_keeper_state {
    CBX_KEEPER_IDLE,
    CBX_KEEPER_ASKED,
    CBX_KEEPER_TAKEN,
    CBX_KEEPER_WRITING
} cbx_keeper_state;

typedef struct cbx_keeper {
    const char *path;
    char *previous;
    double seconds; /* between two */
    double last;    /* clock of the last one */
    cbx_trainer *trainer;
    cbx_copy *copy;                    /* of the thread that trains */
    const uint8_t *bytes;              /* what the other one writes, from taken to idle */
    size_t film_bytes[CBX_KEPT_FILMS]; /* of each film in them */
    cbx_checkpoint at;                 /* the one under way */
    int has_losses;
    float *image_losses; /* (training_images): room */
    cbx_metadata about;
    cbx_spool *spools[CBX_KEPT_FILMS]; /* whose frames it counts on; borrowed */
    cbx_fault missed;                  /* the last could not be written, which was told */
    unsigned seen;                     /* of those made */
    pthread_t thread;
    int has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    cbx_keeper_state state; /* with the lock, as what follows */
    int ending;
    unsigned made; /* by this run, so far */
    cbx_fault fault;
} cbx_keeper;

/* Starts the thread, which waits until the state is WRITING, writes keeper->at, and makes it IDLE; lock
 * and condition are there. CBX_NO_MEMORY. */
cbx_status cbx_keeper_start(cbx_keeper *keeper);

/* What the thread does: puts spools and keeper->at, with what was kept, on the disk, and is IDLE. A fault is
 * in keeper->fault, but that of a device that was asked for weights is returned: CBX_DEVICE_FAULT. */
cbx_status cbx_keeper_make(cbx_keeper *keeper);

/* Writes keeper->at with those weights under its name, in the calling thread. */
cbx_status cbx_keeper_write(cbx_keeper *keeper, cbx_trainer_weights *weights);

/* Waits for the thread, if there is one. */
void cbx_keeper_stop(cbx_keeper *keeper);

#endif
