/* SPDX-License-Identifier: MIT */
/* Block sizes of the kernels: they change no bit of the weights, and
 * the file that keeps them can be missing, damaged or a lie. */
#include "support/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "device/device.h"
#include "network/trainer.h"

enum { HIDDEN = 37, BATCH = 50, BATCHES = 4 };

typedef struct fixture {
    void *folder; /* scratch's, also the cache folder */
    cbx_dataset *dataset;
} fixture;

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    if (!f || scratch_setup(&f->folder) != 0) {
        free(f);
        return -1;
    }
    *state = f;
    assert_int_equal(setenv("XDG_CACHE_HOME", scratch_path(&f->folder, "."), 1), 0);
    assert_int_equal(unsetenv("CLEARBOX_NO_TUNE"), 0);
    f->dataset = scratch_dataset(&f->folder, 600, 30);
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    cbx_dataset_destroy(f->dataset);
    const int failed = scratch_teardown(&f->folder);
    free(f);
    return failed;
}

static cbx_device *open_family(cbx_family family, const cbx_tunables *chosen) {
    cbx_device *device = NULL;
    assert_ok(cbx_device_open_with(&device, "cpu", family, chosen));
    return device;
}

static cbx_device *open_device(const cbx_tunables *chosen) {
    return open_family(CBX_FAMILY_CPU, chosen);
}

static int same(const cbx_tunables *a, const cbx_tunables *b) {
    return memcmp(a->values, b->values, sizeof a->values) == 0;
}

static void test_valid(void **state) {
    (void)state;
    const cbx_tunables good[] = {{{16, 13, 14}}, {{8, 5, 6}}, {{4, 1, 1}}, {{4, 16, 16}}};
    const cbx_tunables bad[] = {{{0, 8, 8}},   {{2, 8, 8}},  {{32, 8, 8}}, {{16, 0, 8}},
                                {{16, 17, 8}}, {{16, 8, 0}}, {{16, 8, 17}}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(cbx_tunables_valid(&good[i], CBX_FAMILY_CPU));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(cbx_tunables_valid(&bad[i], CBX_FAMILY_CPU));
    }
    const cbx_tunables fit[] = {{{8, 8}}, {{16, 4}}},
                       misfit[] = {{{4, 8}}, {{12, 8}}, {{8, 7}}, {{8, 16}}};
    for (size_t i = 0; i < sizeof fit / sizeof *fit; i++) {
        assert_true(cbx_tunables_valid(&fit[i], CBX_FAMILY_GPU));
    }
    for (size_t i = 0; i < sizeof misfit / sizeof *misfit; i++) {
        assert_false(cbx_tunables_valid(&misfit[i], CBX_FAMILY_GPU));
    }
}

/* Trains some batches, the last one short, and keeps weights and evaluation. */
static cbx_network *train(const fixture *f, cbx_family family, const cbx_tunables *sizes,
                          cbx_recipe recipe, cbx_evaluation *evaluation) {
    const cbx_trainer_settings settings = {HIDDEN, BATCH, recipe, CBX_SCHEDULE_FUSED};
    const cbx_division division = {.slices = 1};
    const cbx_rates rates = {0.004f, 0.006f};
    cbx_device *device = open_family(family, sizes);
    cbx_trainer *trainer = NULL;
    cbx_network *network = NULL;
    uint32_t order[BATCHES * BATCH];
    for (uint32_t i = 0; i < BATCHES * BATCH; i++) {
        order[i] = i * 7 % 500;
    }
    assert_true(same(&device->built.tunables, sizes));
    assert_ok(cbx_network_create(&network, HIDDEN));
    cbx_network_randomise(network, 3);
    assert_ok(cbx_trainer_create_with(&trainer, device, f->dataset, &settings, &division));
    assert_ok(cbx_trainer_set_weights(trainer, network));
    assert_ok(cbx_trainer_set_order(trainer, order, BATCHES * BATCH));
    assert_ok(cbx_trainer_steps(trainer, 0, BATCHES - 1, rates, 0));
    assert_ok(cbx_trainer_step(trainer, (BATCHES - 1) * BATCH, BATCH - 13, rates, 0));
    assert_ok(cbx_trainer_get_weights(trainer, network));
    assert_ok(cbx_trainer_evaluate(trainer, CBX_TRAIN, evaluation));
    cbx_trainer_destroy(trainer);
    cbx_device_close(device);
    return network;
}

static void check_same_bits(const fixture *f, cbx_family family, const cbx_tunables *variants,
                            size_t count) {
    for (int recipe = 0; cbx_recipe_name((cbx_recipe)recipe); recipe++) {
        cbx_evaluation expected, got;
        cbx_network *first = train(f, family, &variants[0], (cbx_recipe)recipe, &expected);
        for (size_t i = 1; i < count; i++) {
            cbx_network *other = train(f, family, &variants[i], (cbx_recipe)recipe, &got);
            assert_memory_equal(first->w1, other->w1,
                                (size_t)CBX_W1_ROWS * HIDDEN * sizeof *first->w1);
            assert_memory_equal(first->w2, other->w2,
                                (size_t)(HIDDEN + 1) * CBX_CLASSES * sizeof *first->w2);
            assert_memory_equal(&got, &expected, sizeof got);
            cbx_network_destroy(other);
        }
        cbx_network_destroy(first);
    }
}

static void test_same_bits(void **state) {
    const cbx_tunables cpu[] = {{{16, 13, 14}}, {{16, 6, 4}}, {{8, 5, 6}}, {{4, 8, 16}}};
    const cbx_tunables gpu[] = {{{8, 8}}, {{8, 4}}, {{16, 8}}, {{16, 4}}};
    check_same_bits(*state, CBX_FAMILY_CPU, cpu, sizeof cpu / sizeof *cpu);
    check_same_bits(*state, CBX_FAMILY_GPU, gpu, sizeof gpu / sizeof *gpu);
}

static void test_kept_and_found_again(void **state) {
    (void)state;
    char path[4096];
    const cbx_tunables odd = {{4, 7, 7}};
    cbx_tunables got;
    cbx_device *device = open_device(NULL);
    const cbx_tunables usual = cbx_tunables_usual(device);
    assert_true(cbx_tunables_valid(&usual, CBX_FAMILY_CPU));
    assert_true(same(&device->built.tunables, &usual)); /* nothing is kept yet */
    assert_false(cbx_tunables_recall(device, &got));
    assert_ok(cbx_tunables_keep(device, &odd, path, sizeof path));
    assert_true(cbx_tunables_recall(device, &got));
    assert_true(same(&got, &odd));
    cbx_device_close(device);
    device = open_device(NULL);
    assert_true(same(&device->built.tunables, &odd));
    assert_int_equal(setenv("CLEARBOX_NO_TUNE", "1", 1), 0);
    assert_false(cbx_tunables_recall(device, &got));
    assert_int_equal(unsetenv("CLEARBOX_NO_TUNE"), 0);
    cbx_device_close(device);
    /* The other family of the same device has a file of its own. */
    assert_ok(cbx_device_open(&device, "cpu", CBX_FAMILY_GPU));
    assert_false(cbx_tunables_recall(device, &got));
    cbx_device_close(device);
    assert_int_equal(remove(path), 0);
}

static void test_a_file_of_no_use(void **state) {
    (void)state;
    static const char *const contents[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"vector\": 16, \"forward_rows\": 13, \"update_rows\": 14}",
        ("{\"device\": 1, \"driver\": 2, \"vector\": 16, \"forward_rows\": 13, "
         "\"update_rows\": 14}")};
    static const char *const numbers[] = {"\"vector\": 3", "\"vector\": -16", "\"vector\": 1e9",
                                          "\"vector\": \"16\"", "\"vector\": 4294967312"};
    char path[4096], text[2048];
    const cbx_tunables odd = {{4, 7, 7}};
    cbx_tunables got;
    cbx_device *device = open_device(NULL);
    assert_ok(cbx_tunables_keep(device, &odd, path, sizeof path));
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        scratch_write(path, contents[i], strlen(contents[i]));
        assert_false(cbx_tunables_recall(device, &got));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        snprintf(text, sizeof text,
                 "{\"device\": \"%s\", \"driver\": \"%s\", \"forward_rows\": 8, "
                 "\"update_rows\": 8, %s}",
                 device->info.name, device->info.driver, numbers[i]);
        scratch_write(path, text, strlen(text));
        assert_false(cbx_tunables_recall(device, &got));
    }
    cbx_device *again = open_device(NULL); /* and the usual sizes do */
    const cbx_tunables usual = cbx_tunables_usual(again);
    assert_true(same(&again->built.tunables, &usual));
    cbx_device_close(again);
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(cbx_tunables_recall(device, &got));
    assert_fails(cbx_tunables_keep(device, &odd, text, sizeof text), CBX_CANNOT_CREATE, "tune-");
    assert_int_equal(remove(path), 0);
    cbx_device_close(device);
}

static void test_no_place(void **state) {
    const fixture *f = *state;
    char path[4096];
    const cbx_tunables odd = {{4, 7, 7}};
    cbx_tunables got;
    cbx_device *device = open_device(NULL);
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_false(cbx_tunables_recall(device, &got));
    assert_fails(cbx_tunables_keep(device, &odd, path, sizeof path), CBX_CANNOT_CREATE, "HOME");
    assert_int_equal(setenv("HOME", "/dev/null", 1), 0);
    assert_fails(cbx_tunables_keep(device, &odd, path, sizeof path), CBX_CANNOT_CREATE,
                 "/dev/null");
    if (home) {
        assert_int_equal(setenv("HOME", home, 1), 0);
    }
    free(home);
    void *folder = f->folder;
    assert_int_equal(setenv("XDG_CACHE_HOME", scratch_path(&folder, "."), 1), 0);
    cbx_device_close(device);
}

static void search_family(const fixture *f, cbx_family family, unsigned least) {
    cbx_bench_tuning tuning;
    assert_ok(cbx_bench_tune("cpu", family, f->dataset, NULL, &tuning));
    assert_true(tuning.tried >= least);
    assert_true(isfinite(tuning.best_flops) && tuning.best_flops >= tuning.usual_flops &&
                tuning.usual_flops > 0.0);
    char built[sizeof tuning.best];
    cbx_device *device = open_family(family, NULL);
    cbx_tunables_describe(&device->built.tunables, device->family, built, sizeof built);
    assert_string_equal(built, tuning.best);
    cbx_device_close(device);
    assert_int_equal(remove(tuning.path), 0);
}

static void test_search(void **state) {
    search_family(*state, CBX_FAMILY_AUTO, 6);
    search_family(*state, CBX_FAMILY_GPU, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_kept_and_found_again),
        cmocka_unit_test(test_a_file_of_no_use),
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_search),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
