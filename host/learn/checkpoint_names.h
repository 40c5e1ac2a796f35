/* SPDX-License-Identifier: MIT */
/* What is called how in the file of a checkpoint. */
#ifndef CBX_LEARN_CHECKPOINT_NAMES_H
#define CBX_LEARN_CHECKPOINT_NAMES_H

#include "learn/checkpoint.h"

#define CBX_FORMAT_KEY "checkpoint"
#define CBX_CANON_KEY "canon"
#define CBX_DATA_KEY "data_sha256"
#define CBX_DEVICE_KEY "computed_on"

#define CBX_AT_EPOCH "at.epoch"
#define CBX_AT_FIRST "at.first"
#define CBX_AT_BATCH "at.batch"
#define CBX_AT_RANDOM "at.random"
#define CBX_AT_ASKED "at.asked"
#define CBX_AT_TOLD "at.told"
#define CBX_AT_END "at.end"

#define CBX_EPOCHS "epochs"
#define CBX_BATCH_LOSSES "batch_losses"
#define CBX_IMAGE_LOSSES "image_losses"

/* Three losses and shares, two times, and the confusion. */
enum { CBX_EPOCH_NUMBERS = 5 + 10 * 10 };

typedef struct cbx_film_key {
    const char *spool, *frames;
    const char *parts[CBX_REEL_PARTS];
} cbx_film_key;

extern const cbx_film_key cbx_film_keys[CBX_KEPT_FILMS];

#endif
