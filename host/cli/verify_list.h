/* SPDX-License-Identifier: MIT */
/* Runs whose weights are known by their hashes, for `clearbox verify`. */
#ifndef CBX_CLI_VERIFY_LIST_H
#define CBX_CLI_VERIFY_LIST_H

#include "clearbox/learn.h"

/* A hash in `marks`, with the blank behind it: as many digits as people are shown. */
enum { CLI_MARK = 13 };

typedef struct cli_named_run {
    const char *name;
    uint32_t hidden, batch;
    cbx_recipe recipe;
    uint32_t epochs;
    uint64_t batches; /* after which it is left; 0: after the last of all epochs */
    uint64_t seed;
    int quick;          /* one of those that are verified where none is named */
    const char *marks;  /* the first digits of the weights' hash at the start, after 1, 2, 4, 8 …
                           batches, the end left out, with blanks between */
    const char *sha256; /* of the weights at the end */
} cli_named_run;

/* Ends with a zeroed one. */
extern const cli_named_run cli_named_runs[];

enum { CLI_MOST_NAMED_RUNS = 32 };

/* The data that they are about, see cbx_hash_training_images(), and how many images these are. */
extern const char cli_named_data_sha256[];
enum { CLI_NAMED_IMAGES = 50000 };

#endif
