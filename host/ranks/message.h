/* SPDX-License-Identifier: MIT */
/* What rank 0 tells the others beside training, and what they answer. All run the same program, so that
 * a struct is its bytes. */
#ifndef CBX_RANKS_MESSAGE_H
#define CBX_RANKS_MESSAGE_H

#include "base/error.h"
#include "clearbox/learn.h"

typedef enum cbx_rank_word {
    CBX_RANK_START,   /* the device; answered by a cbx_rank_answer */
    CBX_RANK_DATASET, /* then the images, broadcast; answered */
    CBX_RANK_MEASURE, /* how fast its device trains an even share; answered */
    CBX_RANK_TRAIN,   /* then the spans of all ranks; answered, and then it follows */
    CBX_RANK_CLOSE,   /* dataset and device */
    CBX_RANK_LEAVE,
    CBX_RANK_WORDS
} cbx_rank_word;

typedef struct cbx_rank_message {
    cbx_rank_word word;
    cbx_trainer_settings training;
    cbx_family family;
    cbx_arithmetic arithmetic;
    int has_checks, times_messages;
    uint64_t training_images, test_images; /* of the two files */
    char device[256];                      /* as the command line named it, "" */
} cbx_rank_message;

typedef struct cbx_rank_answer {
    cbx_fault fault;
    cbx_device_info device;
    double speed;
} cbx_rank_answer;

#endif
