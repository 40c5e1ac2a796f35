/* SPDX-License-Identifier: MIT */
/* Runs that need more memory than the process may use, or the device has: a sentence before
 * anything is taken. The linker sends questions for the limit, and what is asked and taken of the
 * device, to the functions below. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "check/spot_check.h"
#include "clearbox/film.h"
#include "data/idx.h"
#include "network/trainer.h"
#include "support/dataset.h"
#include "support/files.h"
#include "support/fixture.h"
#include "support/learning.h"

#define MIB ((uint64_t)1 << 20)

static uint64_t limit = UINT64_MAX;

uint64_t __wrap_cbx_memory_limit_bytes(void);

uint64_t __wrap_cbx_memory_limit_bytes(void) {
    return limit;
}

/* A device with so much memory of its own; 0: as it is. And what was taken of it, at most. */
static struct {
    cl_ulong memory;
    uint64_t taken, most;
} apart;

cl_int __real_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value,
                              size_t *used);
cl_int __wrap_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value,
                              size_t *used);
cl_mem __real_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                             cl_int *error);
cl_mem __wrap_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                             cl_int *error);
cl_int __real_clReleaseMemObject(cl_mem buffer);
cl_int __wrap_clReleaseMemObject(cl_mem buffer);

cl_int __wrap_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value,
                              size_t *used) {
    const cl_bool unified = CL_FALSE;
    const cl_int error = __real_clGetDeviceInfo(id, what, size, value, used);
    if (what == CL_DEVICE_GLOBAL_MEM_SIZE && apart.memory) {
        memcpy(value, &apart.memory, sizeof apart.memory);
    } else if (what == CL_DEVICE_HOST_UNIFIED_MEMORY && apart.memory) {
        memcpy(value, &unified, sizeof unified);
    }
    return error;
}

cl_mem __wrap_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                             cl_int *error) {
    cl_mem buffer = __real_clCreateBuffer(context, flags, size, host, error);
    apart.taken += buffer ? size : 0;
    apart.most = apart.taken > apart.most ? apart.taken : apart.most;
    return buffer;
}

cl_int __wrap_clReleaseMemObject(cl_mem buffer) {
    size_t size = 0;
    clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof size, &size, NULL);
    apart.taken -= size;
    return __real_clReleaseMemObject(buffer);
}

static int forget_limit(void **state) {
    (void)state;
    limit = UINT64_MAX;
    apart.memory = 0;
    return 0;
}

static void assert_too_large(cbx_status status, const char *part) {
    assert_int_equal(status, CBX_TOO_LARGE);
    if (!strstr(cbx_last_error(), part)) {
        fail_msg("\"%s\" is missing in: %s", part, cbx_last_error());
    }
}

/* Each part of a run that can be the largest is named, with what helps. */
static void a_run_that_does_not_fit_is_refused(void **state) {
    (void)state;
    learning l;
    const int shares_memory = fixture_device(CBX_FAMILY_AUTO)->shares_memory;
    learning_open(&l, 72, 20);
    cbx_learn_settings settings = learning_settings(&l);
    settings.save = l.save;
    limit = 300 * MIB;
    settings.hidden = CBX_MAX_HIDDEN;
    assert_too_large(cbx_learn(&settings, NULL, 0, NULL, NULL),
                     "1048576 of them take 4 devices, not 1");
    settings.hidden = CBX_MOST_OWNED;
    assert_too_large(cbx_learn(&settings, NULL, 0, NULL, NULL),
                     "for training, but may use 300 MiB");

    settings.hidden = 16384;
    settings.film = l.film;
    settings.batch = 1; /* 60 frames of 3,584 x 3,584 pixels */
    settings.encoder = learning_encoder(LEARNING_SOFTWARE);
    assert_too_large(cbx_learn(&settings, NULL, 0, NULL, NULL), "for frames and encoders");
    settings.encoder = learning_encoder(LEARNING_DEVICE);
    if (shares_memory) {
        assert_too_large(cbx_learn(&settings, NULL, 0, NULL, NULL), "for frames and encoders");
    }
    settings.film = NULL;
    settings.hidden = 65536;
    settings.picture = l.picture; /* 7,168 x 7,168 pixels, 147 MiB each time */
    settings.batch = 7;
    if (!shares_memory) {
        limit = 200 * MIB;
    }
    assert_int_equal(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_TOO_LARGE);

    settings = learning_settings(&l);
    settings.save = l.save;
    settings.film = l.film;
    settings.epochs = 1000000;
    limit = 300 * MIB;
    assert_too_large(cbx_learn(&settings, NULL, 0, NULL, NULL), "for the film's index");
    settings.film = NULL;
    settings.batch_losses = 1;
    limit = 100 * MIB;
    assert_too_large(cbx_learn(&settings, NULL, 0, NULL, NULL), "for the losses of all batches");
    limit = 300 * MIB;
    settings.batch_losses = 0;
    settings.film = l.film;
    settings.frame_every = 1000;
    settings.epochs = 1;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    assert_int_equal(files_count(l.folder), 2);
    limit = 30 * MIB;
    assert_too_large(cbx_learn(&settings, NULL, 0, NULL, NULL), "for the program and its driver");
    learning_close(&l);
}

/* The plan is what create takes: the check cannot drift away from it. */
static void a_trainer_that_does_not_fit_is_refused(void **state) {
    (void)state;
    cbx_dataset *dataset = synthetic_dataset(72, 20, 1);
    for (size_t w = 0; w < fixture_way_count; w++) {
        cbx_device *device = fixture_device(fixture_ways[w].family);
        const cbx_trainer_settings settings = {100, 7, CBX_RECIPE_LESSON, fixture_ways[w].schedule};
        cbx_trainer *trainer = NULL;
        uint64_t bytes = 0;
        assert_ok(cbx_trainer_bytes(&bytes, device, dataset, &settings));
        assert_in_range(bytes, 92 * 784 + 785 * 100 * 4, 1000 * MIB);
        limit = bytes;
        assert_ok(cbx_trainer_create(&trainer, device, dataset, &settings));
        cbx_trainer_destroy(trainer);
        limit = bytes - 1;
        if (device->shares_memory) {
            assert_too_large(cbx_trainer_create(&trainer, device, dataset, &settings),
                             "training needs");
            assert_null(trainer);
        } else { /* the host's limit is not the device's */
            assert_ok(cbx_trainer_create(&trainer, device, dataset, &settings));
            cbx_trainer_destroy(trainer);
        }
    }
    cbx_dataset_destroy(dataset);
}

/* Whether such a run begins with so much memory; one that does takes no more, but for little buffers. */
static int fits_device(const cbx_learn_settings *settings, uint64_t memory) {
    apart.memory = memory;
    apart.taken = apart.most = 0;
    const cbx_status status = cbx_learn(settings, NULL, 0, NULL, NULL);
    apart.memory = 0;
    if (status == CBX_TOO_LARGE) {
        return 0;
    }
    assert_ok(status);
    assert_in_range(apart.most, 1, memory + MIB / 4);
    return 1;
}

/* What training alone takes of such a device. */
static uint64_t training_bytes(const cbx_learn_settings *settings) {
    const cbx_trainer_settings trainer = {settings->hidden, settings->batch, settings->recipe,
                                          settings->schedule};
    cbx_dataset *dataset = NULL;
    cbx_device *device = NULL;
    uint64_t bytes = 0;
    apart.memory = 1024 * MIB;
    assert_ok(cbx_dataset_load(&dataset, settings->data));
    assert_ok(cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO));
    assert_ok(cbx_trainer_bytes(&bytes, device, dataset, &trainer));
    cbx_device_close(device);
    cbx_dataset_destroy(dataset);
    apart.memory = 0;
    return bytes;
}

/* Checks and checkpoints take copies on the device of what it trains: they count, each for itself. */
static void a_device_that_does_not_hold_the_copies(void **state) {
    (void)state;
    learning l;
    learning_open(&l, 72, 20);
    cbx_learn_settings settings = learning_settings(&l);
    settings.hidden = 2048;
    settings.batch = 1024;
    settings.no_check = 1;
    const uint64_t training = training_bytes(&settings);
    const uint64_t weights = (uint64_t)(785 * 2048 + 2049 * 10) * sizeof(float);
    const uint64_t check = cbx_spot_check_device_bytes(settings.hidden, settings.batch);

    assert_true(fits_device(&settings, training));
    assert_false(fits_device(&settings, training - 1));
    assert_message("training needs ");
    settings.checkpoint = l.second;
    settings.overwrite = 1;
    assert_false(fits_device(&settings, training + weights - 1));
    assert_message(" MiB for training, 6 MiB for checkpoints, but ");
    assert_message("; take fewer neurons or a smaller batch, or make no checkpoints");
    settings.no_check = 0;
    assert_false(fits_device(&settings, training + weights + check - 1));
    assert_message("smaller batch, or check no batches, or make no checkpoints");
    assert_true(fits_device(&settings, training + weights + check));
    assert_in_range(apart.most, training + weights + check / 2, UINT64_MAX);
    settings.checkpoint = NULL;
    assert_false(fits_device(&settings, training + check - 1));
    assert_message(" MiB for checking batches, but ");
    assert_true(fits_device(&settings, training + check));
    learning_close(&l);
}

/* And so do the frames of a film, whoever encodes it, and the picture. */
static void a_device_that_does_not_hold_the_film(void **state) {
    (void)state;
    learning l;
    learning_open(&l, 72, 20);
    cbx_learn_settings settings = learning_settings(&l);
    settings.hidden = 2048; /* 1,260 x 1,288 pixels */
    settings.no_check = 1;
    settings.batch = 1024;
    const uint64_t training = training_bytes(&settings), picture = 1260 * 1288 * 3;
    for (int which = 0; which < LEARNING_ENCODERS; which++) {
        settings.film = l.film;
        settings.encoder = learning_encoder(which);
        const uint64_t film = (strcmp(settings.encoder, "device") == 0 ? 104 : 5) * MIB; /* about */
        assert_false(fits_device(&settings, training + film));
        assert_message(" MiB for the film, but ");
        assert_message(", or make no film");
        assert_true(fits_device(&settings, training + 2 * film));
    }
    settings.film = NULL;
    settings.picture = l.picture;
    assert_false(fits_device(&settings, training + picture - 1));
    assert_message(" MiB for the picture, but ");
    assert_true(fits_device(&settings, training + picture));
    learning_close(&l);
}

static void a_dataset_that_does_not_fit_is_refused(void **state) {
    (void)state;
    learning l;
    cbx_dataset *dataset = NULL;
    learning_open(&l, 72, 20);
    limit = 72 * 784;
    assert_too_large(cbx_dataset_load(&dataset, l.data), "train-images-idx3-ubyte");
    assert_null(dataset);
    limit += 16;
    assert_ok(cbx_dataset_load(&dataset, l.data));
    cbx_dataset_destroy(dataset);
    learning_close(&l);
}

/* Frames on their way take at most a quarter, down to those of one worker. */
static void a_films_ring_takes_its_share(void **state) {
    (void)state;
    cbx_film_settings settings = {.width = 896, .height = 896, .fps = 70, .quality = -1};
    const uint64_t luma = (uint64_t)settings.width * settings.height, frames = 100000;
    const uint64_t groups[] = {2, 4, 8, 16};
    uint64_t index, before = 0;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        limit = groups[i] * 128 * MIB * 4; /* a quarter holds so many groups */
        const uint64_t bytes = cbx_film_memory_bytes(&settings, frames, &index);
        assert_int_equal(index, 64 * frames);
        assert_true(bytes >= before);
        /* 13 bytes a pixel for each encoder, of which there are at most as many as
         * processors; the ring is the rest. */
        assert_true(bytes <= limit / 4 + 256 * luma * 13);
        before = bytes;
    }
    settings.workers = 4; /* as was wished for: 167 frames a group */
    limit = 1 * MIB;
    assert_int_equal(cbx_film_memory_bytes(&settings, frames, &index),
                     (167 * 6 + 1) / 2 * luma + 4 * luma * 13);
    settings.workers = 0;
    assert_int_equal(cbx_film_memory_bytes(&settings, frames, &index),
                     (167 * 3 + 1) / 2 * luma + luma * 13);
    assert_int_equal(cbx_film_memory_bytes(&settings, 10, &index), 10 * luma + luma * 13);
}

#define TEST(test) cmocka_unit_test_teardown(test, forget_limit)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_run_that_does_not_fit_is_refused),     TEST(a_trainer_that_does_not_fit_is_refused),
        TEST(a_device_that_does_not_hold_the_copies), TEST(a_device_that_does_not_hold_the_film),
        TEST(a_dataset_that_does_not_fit_is_refused), TEST(a_films_ring_takes_its_share),
    };
    return cmocka_run_group_tests_name("memory", tests, fixture_setup, fixture_teardown);
}
