/* SPDX-License-Identifier: MIT */
/* A bench on the first device that works, with a small dataset in a scratch folder. */
#ifndef TEST_SUPPORT_BENCH_H
#define TEST_SUPPORT_BENCH_H

#include "bench/bench.h"
#include "clearbox/dataset.h"
#include "clearbox/device.h"
#include "support/dataset.h"

/* Images: of the file for training, of which the last are for validation; and for tests. */
enum { BENCH_TRAIN_FILE = 600, BENCH_TEST = 30 };

typedef struct bench_fixture {
    void *folder; /* scratch's */
    cbx_dataset *dataset;
    cbx_device *device;
    cbx_bench *bench;
} bench_fixture;

/* For cmocka; the state becomes a bench_fixture. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

#endif
