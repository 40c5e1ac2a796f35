/* SPDX-License-Identifier: MIT */
/* Runs of cbx_learn() in a temporary folder, watched by an observer. */
#ifndef TEST_SUPPORT_LEARNING_H
#define TEST_SUPPORT_LEARNING_H

#include "clearbox/learn.h"

#include "support/scratch.h"

/* A temporary folder with a dataset in data/ and the names of outputs beside it. */
typedef struct learning {
    char folder[SCRATCH_PATH]; /* where outputs go; empty at the start */
    char data[SCRATCH_PATH];   /* the dataset's folder */
    char film[2 * SCRATCH_PATH], picture[2 * SCRATCH_PATH], save[2 * SCRATCH_PATH];
    char report[2 * SCRATCH_PATH], poster[2 * SCRATCH_PATH];
    char second[2 * SCRATCH_PATH]; /* the name of a second film or weights file */
} learning;

void learning_open(learning *l, size_t train, size_t test);
void learning_close(learning *l);

/* Who encodes: the device, and what the linked libavcodec has for H.264. */
enum { LEARNING_DEVICE, LEARNING_SOFTWARE, LEARNING_ENCODERS };
const char *learning_encoder(int which);

/* The lesson's run on this dataset, without outputs, one epoch of batches of 7, a
 * hidden layer of 3, on the device of the fixture. */
cbx_learn_settings learning_settings(const learning *l);

#define LEARNING_EPOCHS 8

/* What an observer was told. */
typedef struct learning_log {
    int started; /* calls; the plan's copy below */
    cbx_learn_plan plan;
    unsigned epochs; /* calls; the first ones' reports below */
    cbx_epoch_report reports[LEARNING_EPOCHS];
    uint32_t evaluating;  /* the epoch whose losses were announced last */
    uint64_t progress;    /* the last number of batches done */
    int disorder;         /* calls before started() or out of turn, numbers that go back */
    uint64_t asked;       /* calls of should_stop() after started() */
    uint64_t stop_at;     /* answer yes from this of them on; the first comes before the first
                          batch; 0: never */
    unsigned before;      /* calls of should_stop() before started() */
    unsigned stop_before; /* answer yes from this of those on; 0: never */
    int lost[CBX_LEARN_OUTPUTS]; /* calls for each output */
} learning_log;

/* cbx_learn() with an observer that writes into `log`, which the caller has zeroed but for
 * when to stop. */
cbx_status learning_run(const cbx_learn_settings *settings, learning_log *log,
                        cbx_learn_result *result);

/* Packets of the only video stream of a film, and its size in pixels; the test fails
 * if the film cannot be read. */
uint64_t learning_film_frames(const char *path, uint32_t *width, uint32_t *height);

/* Decodes a film and calls `visit` with each picture's luma plane, row by row without
 * gaps, (height, width) bytes. Returns how many there were. */
typedef void learning_visit(void *user, uint64_t frame, const uint8_t *luma, uint32_t width,
                            uint32_t height);
uint64_t learning_film_decode(const char *path, learning_visit *visit, void *user);

/* A PNG's pixels as (height, width, 3) bytes, for free(). */
uint8_t *learning_read_png(const char *path, uint32_t *width, uint32_t *height);

#endif
