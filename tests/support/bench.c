/* SPDX-License-Identifier: MIT */
#include "support/bench.h"

#include <stdlib.h>

#include "support/dataset.h"
#include "support/scratch.h"
#include "support/test.h"

int bench_set_up(void **state) {
    bench_fixture *f = calloc(1, sizeof *f);
    if (!f || scratch_setup(&f->folder) != 0) {
        free(f);
        return -1;
    }
    *state = f;
    f->dataset = scratch_dataset(&f->folder, BENCH_TRAIN_FILE, BENCH_TEST);
    assert_ok(cbx_device_open(&f->device, NULL, CBX_FAMILY_AUTO));
    assert_ok(cbx_bench_open(&f->bench, f->device, f->dataset));
    return 0;
}

int bench_tear_down(void **state) {
    bench_fixture *f = *state;
    cbx_bench_close(f->bench);
    cbx_device_close(f->device);
    cbx_dataset_destroy(f->dataset);
    const int failed = scratch_teardown(&f->folder);
    free(f);
    return failed;
}
