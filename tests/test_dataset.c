/* SPDX-License-Identifier: MIT */
/* host/data/dataset: split, mean and deviation, normalising, errors. */
#include "support/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clearbox/dataset.h"
#include "data/dataset.h"

/* Mean and population deviation in the plainest way, in long double. */
static void plain_statistics(const uint8_t *pixels, size_t count, double *mean, double *deviation) {
    long double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += pixels[i];
    }
    long double m = sum / (long double)count;
    for (size_t i = 0; i < count; i++) {
        squares += (pixels[i] - m) * (pixels[i] - m);
    }
    *mean = (double)m;
    *deviation = (double)sqrtl(squares / (long double)count);
}

static void assert_relative(double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance * fabs(expected))) {
        fail_msg("%.17g instead of %.17g", got, expected);
    }
}

static void the_last_sixth_validates(void **state) {
    const struct {
        uint32_t train;
        size_t training, validation;
    } cases[] = {{6, 5, 1}, {7, 6, 1}, {11, 10, 1}, {12, 10, 2}, {61, 51, 10}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        cbx_dataset *dataset;
        scratch_write_dataset(state, cases[c].train, 3);
        assert_ok(cbx_dataset_load(&dataset, *state));
        cbx_images train = cbx_dataset_images(dataset, CBX_TRAIN);
        cbx_images validation = cbx_dataset_images(dataset, CBX_VALIDATION);
        cbx_images test = cbx_dataset_images(dataset, CBX_TEST);
        assert_int_equal(train.count, cases[c].training);
        assert_int_equal(validation.count, cases[c].validation);
        assert_int_equal(test.count, 3);
        for (size_t i = 0; i < cases[c].validation; i++) {
            size_t image = cases[c].training + i;
            assert_int_equal(validation.labels[i], pattern_label(image));
            assert_int_equal(validation.pixels[i * 784 + 783], pattern_pixel(image, 783));
        }
        assert_int_equal(test.pixels[2 * 784 + 5], pattern_pixel(2, 5));
        assert_int_equal(test.labels[2], pattern_label(2));
        cbx_dataset_destroy(dataset);
    }
    cbx_dataset_destroy(NULL);
}

/* Those of the dataset in the test's folder; the mean is right to 1e-15. */
static void assert_statistics(void **state, double deviation_tolerance) {
    cbx_dataset *dataset;
    double mean, deviation;
    assert_ok(cbx_dataset_load(&dataset, *state));
    cbx_images train = cbx_dataset_images(dataset, CBX_TRAIN);
    plain_statistics(train.pixels, train.count * 784, &mean, &deviation);
    assert_relative(cbx_dataset_mean(dataset), mean, 1e-15);
    assert_relative(cbx_dataset_deviation(dataset), deviation, deviation_tolerance);
    cbx_dataset_destroy(dataset);
}

/* Only the training part counts, and exactly. */
static void mean_and_deviation_are_those_of_the_training_part(void **state) {
    scratch_write_dataset(state, 500, 1);
    assert_statistics(state, 1e-15);
}

/* Nearly white, hardly any contrast: where the textbook's E[p²] − E[p]² cancels. */
static void little_contrast_is_measured_exactly(void **state) {
    blob images = blob_images(600);
    memset(images.bytes + 16, 255, images.size - 16);
    images.bytes[16 + 100] = 254;
    images.bytes[16 + 300000] = 253;
    scratch_write_dataset(state, 600, 1);
    scratch_write_blob(state, "train-images-idx3-ubyte.gz", images);
    assert_statistics(state, 1e-14);
}

static void normalising_rounds_once(void **state) {
    cbx_dataset *dataset;
    uint8_t levels[256];
    float out[257];
    scratch_write_dataset(state, 60, 1);
    assert_ok(cbx_dataset_load(&dataset, *state));
    for (int i = 0; i < 256; i++) {
        levels[i] = (uint8_t)i;
    }
    out[256] = 42.0f;
    cbx_dataset_normalise(dataset, levels, 256, out);
    for (int i = 0; i < 256; i++) {
        double exact = (i - cbx_dataset_mean(dataset)) / cbx_dataset_deviation(dataset);
        assert_true(out[i] == (float)exact);
    }
    assert_true(out[256] == 42.0f);
    cbx_dataset_destroy(dataset);
}

/* The mean and deviation that NumPy finds in double precision. */
static void mnist_itself_is_read(void **state) {
    const char *folder = getenv("CBX_TEST_DATA");
    cbx_dataset *dataset;
    (void)state;
    if (!folder) {
        skip();
    }
    assert_ok(cbx_dataset_load(&dataset, folder));
    assert_int_equal(cbx_dataset_images(dataset, CBX_TRAIN).count, 50000);
    assert_int_equal(cbx_dataset_images(dataset, CBX_VALIDATION).count, 10000);
    assert_int_equal(cbx_dataset_images(dataset, CBX_TEST).count, 10000);
    assert_relative(cbx_dataset_mean(dataset), 33.39512885204082, 1e-14);
    assert_relative(cbx_dataset_deviation(dataset), 78.6661972212754, 1e-12);
    const uint8_t first[] = {5, 0, 4, 1, 9};
    assert_memory_equal(cbx_dataset_images(dataset, CBX_TRAIN).labels, first, 5);
    const uint8_t test[] = {7, 2, 1, 0, 4};
    assert_memory_equal(cbx_dataset_images(dataset, CBX_TEST).labels, test, 5);
    cbx_dataset_destroy(dataset);
}

/* ---- errors ---- */

static void assert_load_fails(void **state, cbx_status status, const char *part) {
    cbx_dataset *dataset = (cbx_dataset *)state;
    assert_fails(cbx_dataset_load(&dataset, *state), status, part);
    assert_null(dataset);
}

static void a_missing_folder_is_named(void **state) {
    cbx_dataset *dataset;
    const char *folder = scratch_path(state, "nowhere");
    assert_fails(cbx_dataset_load(&dataset, folder), CBX_MISSING_INPUT,
                 "cannot open the data folder");
    assert_message(folder);
    scratch_write(folder, "", 0);
    assert_fails(cbx_dataset_load(&dataset, folder), CBX_MISSING_INPUT, "is not a folder");
}

/* Each of the four: the test files are read by another thread. */
static void each_missing_file_is_named(void **state) {
    const char *names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                           "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    for (int i = 0; i < 4; i++) {
        char packed[64], part[64];
        scratch_write_dataset(state, 12, 2);
        snprintf(packed, sizeof packed, "%s.gz", names[i]);
        snprintf(part, sizeof part, "%s.gz nor ", names[i]);
        assert_int_equal(unlink(scratch_path(state, packed)), 0);
        assert_load_fails(state, CBX_MISSING_INPUT, part);
    }
}

static void damage_in_each_file_is_named(void **state) {
    const char *names[] = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                           "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"};
    for (int i = 0; i < 4; i++) {
        scratch_write_dataset(state, 12, 2);
        scratch_write(scratch_path(state, names[i]), "nonsense", 8);
        assert_load_fails(state, CBX_BAD_DATA, names[i]);
        assert_message("is not a gzip file");
    }
}

static void different_counts_are_named(void **state) {
    scratch_write_dataset(state, 12, 2);
    scratch_write_blob(state, "train-labels-idx1-ubyte.gz", blob_labels(11));
    assert_load_fails(state, CBX_BAD_DATA, "12 images in train-images");
    assert_message("11 labels in train-labels");

    scratch_write_dataset(state, 12, 2);
    scratch_write_blob(state, "t10k-images-idx3-ubyte.gz", blob_images(3));
    assert_load_fails(state, CBX_BAD_DATA, "3 images in t10k-images");
    assert_message("2 labels in t10k-labels");
}

static void a_label_over_nine_is_named(void **state) {
    blob labels = blob_labels(12);
    labels.bytes[8 + 7] = 10;
    scratch_write_dataset(state, 12, 2);
    scratch_write_blob(state, "train-labels-idx1-ubyte.gz", labels);
    assert_load_fails(state, CBX_BAD_DATA, "label 7 is 10");
    assert_message("train-labels-idx1-ubyte");
}

static void too_few_images_are_named(void **state) {
    scratch_write_dataset(state, 5, 2);
    assert_load_fails(state, CBX_BAD_DATA, "5 training images are too few");
    scratch_write_dataset(state, 6, 0);
    assert_load_fails(state, CBX_BAD_DATA, "the test file holds no images");
}

static void images_without_contrast_are_named(void **state) {
    blob images = blob_images(12);
    memset(images.bytes + 16, 77, images.size - 16);
    images.bytes[images.size - 1] = 78; /* validation does not count */
    scratch_write_dataset(state, 12, 2);
    scratch_write_blob(state, "train-images-idx3-ubyte.gz", images);
    assert_load_fails(state, CBX_BAD_DATA, "every pixel of the training images is 77");
}

/* Images from memory become the same dataset as from files, and meet the same checks. */
static void images_from_memory_are_copied(void **state) {
    uint8_t pixels[12 * CBX_IMAGE_PIXELS], labels[12];
    const cbx_images training = {12, pixels, labels}, test = {2, pixels, labels};
    const cbx_images none = {0, pixels, labels}, few = {5, pixels, labels};
    double mean, deviation;
    cbx_dataset *dataset;
    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++) {
        pixels[i] = (uint8_t)(i * 7 % 251);
    }
    for (size_t i = 0; i < sizeof labels; i++) {
        labels[i] = (uint8_t)(i % CBX_CLASSES);
    }
    assert_ok(cbx_dataset_from_memory(&dataset, &training, &test));
    plain_statistics(pixels, 10 * (size_t)CBX_IMAGE_PIXELS, &mean, &deviation);
    assert_relative(cbx_dataset_mean(dataset), mean, 1e-14);
    assert_relative(cbx_dataset_deviation(dataset), deviation, 1e-14);
    const cbx_images validation = cbx_dataset_images(dataset, CBX_VALIDATION);
    assert_int_equal(2, validation.count);
    assert_memory_equal(pixels + 10 * CBX_IMAGE_PIXELS, validation.pixels, 2 * CBX_IMAGE_PIXELS);
    assert_memory_equal(labels + 10, validation.labels, 2);
    assert_ptr_not_equal(pixels, cbx_dataset_images(dataset, CBX_TRAIN).pixels);
    assert_int_equal(2, cbx_dataset_images(dataset, CBX_TEST).count);
    cbx_dataset_destroy(dataset);

    assert_fails(cbx_dataset_from_memory(&dataset, &few, &test), CBX_BAD_DATA, "too few");
    assert_fails(cbx_dataset_from_memory(&dataset, &training, &none), CBX_BAD_DATA, "no images");
    labels[3] = 10;
    assert_fails(cbx_dataset_from_memory(&dataset, &training, &test), CBX_BAD_DATA,
                 "label 3 is 10");
    labels[3] = 9;
    memset(pixels, 5, sizeof pixels);
    assert_fails(cbx_dataset_from_memory(&dataset, &training, &test), CBX_BAD_DATA, "every pixel");
    assert_null(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(the_last_sixth_validates),
        SCRATCH_TEST(mean_and_deviation_are_those_of_the_training_part),
        SCRATCH_TEST(little_contrast_is_measured_exactly),
        SCRATCH_TEST(normalising_rounds_once),
        cmocka_unit_test(mnist_itself_is_read),
        SCRATCH_TEST(a_missing_folder_is_named),
        SCRATCH_TEST(each_missing_file_is_named),
        SCRATCH_TEST(damage_in_each_file_is_named),
        SCRATCH_TEST(different_counts_are_named),
        SCRATCH_TEST(a_label_over_nine_is_named),
        SCRATCH_TEST(too_few_images_are_named),
        SCRATCH_TEST(images_without_contrast_are_named),
        cmocka_unit_test(images_from_memory_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
