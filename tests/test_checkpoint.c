/* SPDX-License-Identifier: MIT */
/* host/learn/checkpoint: the file of a run's progress comes back as it was, or not at all. */
#include "support/scratch.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32.h"
#include "base/memory.h"
#include "learn/checkpoint.h"
#include "network/weights.h"
#include "support/synthetic.h"

enum { HIDDEN = 3, EPOCHS = 2, IMAGES = 40, STATE_BYTES = 200 };

static void *bytes_of(size_t size, uint64_t seed) {
    uint8_t *bytes = NULL;
    cbx_random random;
    cbx_random_seed(&random, seed, 0);
    assert_ok(cbx_new(&bytes, size));
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)cbx_random_bits(&random);
    }
    return bytes;
}

static double *numbers_of(size_t count) {
    double *numbers = NULL;
    assert_ok(cbx_new(&numbers, count));
    for (size_t i = 0; i < count; i++) {
        numbers[i] = 1.0 / (double)(i + 3);
    }
    return numbers;
}

/* Of seed 5, from the first on; of one checkpoint at a time. */
static cbx_random_weights *start_weights(void) {
    static cbx_random_weights weights;
    weights = (cbx_random_weights){.hidden = HIDDEN};
    cbx_random_seed(&weights.random, 5, CBX_STREAM_WEIGHTS);
    return &weights;
}

/* With something in every member. */
static void fill(cbx_checkpoint *out) {
    memset(out, 0, sizeof *out);
    cbx_learn_defaults(&out->settings);
    out->settings.hidden = HIDDEN;
    out->settings.data = "/where/images are";
    out->settings.film = "/some/film.mp4";
    out->settings.learning_rate = 0.1;
    out->settings.seed = UINT64_MAX;
    out->settings.recipe = CBX_RECIPE_NLL;
    out->settings.kept_text = "\"quoted\"";
    memset(out->data_sha256, 'a', sizeof out->data_sha256 - 1);
    snprintf(out->device, sizeof out->device, "a device");
    out->position = (cbx_position){2, IMAGES, 33, {{1, UINT64_MAX, 3, 0x123456789abcdefu}}};
    out->asked = 21;
    out->told = 20;
    out->weights = (cbx_pieces){cbx_random_weights_next, start_weights()};
    assert_ok(cbx_new(&out->epochs, EPOCHS));
    for (uint32_t i = 0; i < EPOCHS; i++) {
        out->epochs[i] = (cbx_epoch_report){
            .epoch = i + 1, .train_loss = 0.3, .validation_loss = 0.1 * i, .seconds = 7.0};
        out->epochs[i].validation_confusion[9][8] = 1234567;
    }
    out->epoch_count = EPOCHS;
    out->batch_losses = numbers_of(33);
    out->batch_loss_count = 33;
    out->image_losses = bytes_of(IMAGES * sizeof(float), 1);
    out->image_loss_count = IMAGES;
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        cbx_kept_film *film = &out->films[i];
        film->spool = bytes_of(8, 1);
        strcpy(film->spool, i ? "/b" : "/a");
        film->frames = 20u + (unsigned)i;
        for (int part = 0; part < CBX_REEL_PARTS; part++) {
            film->state.bytes[part] = STATE_BYTES + (size_t)part;
            film->state.parts[part] = bytes_of(film->state.bytes[part], (uint64_t)part);
        }
    }
}

static void assert_weights(const cbx_pieces *weights) {
    cbx_network *network, *expected;
    assert_ok(cbx_network_create(&network, HIDDEN));
    assert_ok(cbx_network_create(&expected, HIDDEN));
    cbx_network_randomise(expected, 5);
    assert_ok(cbx_network_take_weights(network, weights));
    assert_memory_equal(network->w1, expected->w1, cbx_w1_floats(HIDDEN) * sizeof(float));
    assert_memory_equal(network->w2, expected->w2, cbx_w2_floats(HIDDEN) * sizeof(float));
    cbx_network_destroy(expected);
    cbx_network_destroy(network);
}

static void write_checkpoint(const char *path) {
    const cbx_setting about[] = {{"format", "clearbox"}, {"data_sha256", ""}, {"empty", ""}};
    cbx_checkpoint checkpoint;
    cbx_setting all[3];
    cbx_output output;
    fill(&checkpoint);
    memcpy(all, about, sizeof all);
    all[1].value = checkpoint.data_sha256;
    assert_ok(cbx_output_open(&output, path, 0));
    assert_ok(cbx_checkpoint_write(&checkpoint, all, 3, &output));
    assert_ok(cbx_output_commit(&output));
    cbx_checkpoint_clear(&checkpoint);
}

static void a_checkpoint_comes_back_as_it_was(void **state) {
    const char *path = scratch_path(state, "c");
    cbx_checkpoint wrote, read;
    fill(&wrote);
    write_checkpoint(path);
    assert_ok(cbx_checkpoint_read(&read, path));
    const cbx_learn_settings *a = &wrote.settings, *b = &read.settings;
    assert_string_equal(b->data, a->data);
    assert_string_equal(b->film, a->film);
    assert_string_equal(b->kept_text, a->kept_text);
    assert_null(b->save);
    assert_true(a->seed == b->seed && a->recipe == b->recipe && a->epochs == b->epochs);
    assert_memory_equal(&b->learning_rate, &a->learning_rate, sizeof a->learning_rate);
    assert_memory_equal(&read.position, &wrote.position, sizeof wrote.position);
    assert_string_equal(read.data_sha256, wrote.data_sha256);
    assert_string_equal(read.device, wrote.device);
    assert_int_equal(read.finished, 0);
    assert_true(read.asked == wrote.asked && read.told == wrote.told);
    assert_weights(&read.weights);
    assert_int_equal(read.epoch_count, EPOCHS);
    assert_memory_equal(read.epochs, wrote.epochs, EPOCHS * sizeof *wrote.epochs);
    assert_int_equal(read.batch_loss_count, 33);
    assert_memory_equal(read.batch_losses, wrote.batch_losses, 33 * sizeof(double));
    assert_int_equal(read.image_loss_count, IMAGES);
    assert_memory_equal(read.image_losses, wrote.image_losses, IMAGES * sizeof(float));
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        const cbx_kept_film *x = &read.films[i], *y = &wrote.films[i];
        assert_string_equal(x->spool, y->spool);
        assert_int_equal(x->frames, y->frames);
        for (int part = 0; part < CBX_REEL_PARTS; part++) {
            assert_int_equal(x->state.bytes[part], y->state.bytes[part]);
            assert_memory_equal(x->state.parts[part], y->state.parts[part], y->state.bytes[part]);
        }
    }
    cbx_checkpoint_clear(&read);
    cbx_checkpoint_clear(&wrote);
}

static void a_checkpoint_is_a_file_of_weights(void **state) {
    const char *path = scratch_path(state, "c");
    cbx_network *network = NULL;
    write_checkpoint(path);
    assert_ok(cbx_network_load(&network, path));
    assert_int_equal(network->hidden, HIDDEN);
    cbx_network_destroy(network);
}

/* The bytes of a whole file, for free(). */
static uint8_t *whole(const char *path, size_t *size) {
    write_checkpoint(path);
    return scratch_read(path, size);
}

static void assert_refused(const char *path, const uint8_t *bytes, size_t size, const char *why) {
    cbx_checkpoint read;
    scratch_write(path, bytes, size);
    assert_fails(cbx_checkpoint_read(&read, path), CBX_BAD_DATA, why);
    cbx_checkpoint_clear(&read);
}

static void one_that_is_cut_short_is_refused(void **state) {
    const char *path = scratch_path(state, "c");
    size_t size;
    uint8_t *bytes = whole(path, &size);
    for (size_t length = 0; length < size; length += length < 300 || size - length < 300 ? 1 : 61) {
        assert_refused(path, bytes, length, "c");
    }
    free(bytes);
}

static void one_with_a_bit_turned_is_refused(void **state) {
    const char *path = scratch_path(state, "c");
    cbx_random random;
    size_t size;
    uint8_t *bytes = whole(path, &size);
    cbx_random_seed(&random, 7, 0);
    for (int i = 0; i < 1000; i++) {
        const size_t at = cbx_random_below(&random, (uint32_t)size);
        const uint8_t bit = (uint8_t)(1u << cbx_random_below(&random, 8));
        bytes[at] ^= bit;
        assert_refused(path, bytes, size, "c");
        bytes[at] ^= bit;
    }
    free(bytes);
}

static void the_one_before_is_named(void **state) {
    const char *path = scratch_path(state, "c"), *before = scratch_path(state, "c~");
    size_t size;
    uint8_t *bytes = whole(path, &size);
    bytes[size / 2] ^= 1;
    assert_refused(path, bytes, size, "checksum");
    scratch_write(before, bytes, 3);
    assert_refused(path, bytes, size, "the one before is ");
    free(bytes);
}

/* As if it had been written so. */
static void change(uint8_t *bytes, size_t size, const char *from, const char *to) {
    const size_t length = strlen(from);
    size_t at = 0;
    assert_int_equal(length, strlen(to));
    while (at + length <= size && memcmp(bytes + at, from, length) != 0) {
        at++;
    }
    assert_true(at + length <= size);
    memcpy(bytes + at, to, length);
    const uint32_t sum = cbx_crc32(0, bytes, size - sizeof sum);
    memcpy(bytes + size - sizeof sum, &sum, sizeof sum);
}

static void one_of_another_kind_is_refused(void **state) {
    static const struct {
        const char *from, *to, *why;
    } changes[] = {
        {"\"checkpoint\":\"1\"", "\"checkpoint\":\"2\"", "of format 2"},
        {"\"canon\":\"1\"", "\"canon\":\"9\"", "version 9 of the arithmetic"},
        {"\"at.batch\":\"33\"", "\"at.batch\":\"3x\"", "at.batch is missing"},
        {"\"at.first\"", "\"at_first\"", "at.first is missing"},
        {"\"run.hidden\":\"3\"", "\"run.hidden\":\"4\"", "run.hidden is missing"},
        {"\"run.recipe\":\"nll\"", "\"run.recipe\":\"nil\"", "run.recipe is 'nil'"},
        {"\"at.end\":\"no\"", "\"at-end\":\"no\"", "at.end is missing"},
        {"\"epochs\":{\"dtype\":\"F64\"", "\"epochs\":{\"dtype\":\"F32\"", "epochs"},
        {"\"data_sha256\":\"aaa", "\"data_sha256\":\"a\\\"", "data_sha256 is missing"},
    };
    const char *path = scratch_path(state, "c");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        size_t size;
        uint8_t *bytes = whole(path, &size);
        change(bytes, size, changes[i].from, changes[i].to);
        assert_refused(path, bytes, size, changes[i].why);
        free(bytes);
    }
}

static void weights_are_no_checkpoint(void **state) {
    const char *path = scratch_path(state, "w");
    cbx_network *network = NULL;
    cbx_checkpoint read;
    assert_ok(cbx_network_create(&network, 2));
    assert_ok(cbx_network_save(network, path, NULL, 0));
    assert_fails(cbx_checkpoint_read(&read, path), CBX_BAD_DATA, "is no checkpoint");
    cbx_checkpoint_clear(&read);
    assert_fails(cbx_checkpoint_read(&read, scratch_path(state, "nothing")), CBX_MISSING_INPUT,
                 "cannot open the checkpoint");
    cbx_checkpoint_clear(&read);
    cbx_network_destroy(network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_checkpoint_comes_back_as_it_was),
        SCRATCH_TEST(a_checkpoint_is_a_file_of_weights),
        SCRATCH_TEST(one_that_is_cut_short_is_refused),
        SCRATCH_TEST(one_with_a_bit_turned_is_refused),
        SCRATCH_TEST(the_one_before_is_named),
        SCRATCH_TEST(one_of_another_kind_is_refused),
        SCRATCH_TEST(weights_are_no_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
