/* SPDX-License-Identifier: MIT */
/* cbx_network_predict: what a network makes of images is what the canon says, to the bit. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "clearbox/predict.h"
#include "data/dataset.h"
#include "reference/canon.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "support/synthetic.h"

enum { MOST = 131 };

static const double mean = 33.4, deviation = 78.7;

typedef struct result {
    float *activations, *sums, *outputs;
} result;

static result result_new(size_t count, uint32_t hidden) {
    result out;
    TEST_NEW(out.activations, count * hidden);
    TEST_NEW(out.sums, count * CBX_CLASSES);
    TEST_NEW(out.outputs, count * CBX_CLASSES);
    return out;
}

static void result_free(result *one) {
    free(one->activations);
    free(one->sums);
    free(one->outputs);
}

static void assert_same(const float *got, const float *expected, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&got[i], &expected[i], sizeof *got) != 0) {
            fail_msg("%s: number %zu is %a, should be %a", what, i, (double)got[i],
                     (double)expected[i]);
        }
    }
}

static void check(cbx_device *device, uint32_t hidden, size_t count, const uint8_t *pixels) {
    cbx_network *network = synthetic_network(hidden, hidden);
    cbx_dataset *images;
    cbx_canon canon;
    char what[80];
    result got = result_new(count, hidden);
    const cbx_prediction wanted = {got.activations, got.sums, got.outputs};
    assert_ok(cbx_dataset_of_images(&images, pixels, count, mean, deviation));
    assert_ok(cbx_canon_init(&canon, CBX_RECIPE_LESSON, network, count));
    cbx_canon_outputs(&canon, images, CBX_TRAIN, 0, count);
    assert_ok(cbx_network_predict(network, device, pixels, count, mean, deviation, &wanted));
    snprintf(what, sizeof what, "family %s, H=%u, %zu images",
             cbx_family_name(cbx_device_family(device)), hidden, count);
    assert_same(got.activations, canon.a1, count * hidden, what);
    assert_same(got.sums, canon.z2, count * CBX_CLASSES, what);
    assert_same(got.outputs, canon.a2, count * CBX_CLASSES, what);
    result_free(&got);
    cbx_canon_clear(&canon);
    cbx_dataset_destroy(images);
    cbx_network_destroy(network);
}

static void predictions_are_the_canons(void **state) {
    static const uint32_t sizes[] = {1, 32, 37, 64, 257};
    static const size_t counts[] = {1, 2, 63, 64, 65, MOST};
    cbx_dataset *dataset = synthetic_dataset(6 * MOST, 10, 5);
    const uint8_t *pixels = cbx_dataset_images(dataset, CBX_TRAIN).pixels;
    (void)state;
    for (int family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        cbx_device *device = fixture_device((cbx_family)family);
        for (size_t h = 0; h < sizeof sizes / sizeof *sizes; h++) {
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                check(device, sizes[h], counts[c], pixels);
            }
        }
    }
    cbx_dataset_destroy(dataset);
}

static void what_is_not_wanted_is_left_out(void **state) {
    cbx_device *device = fixture_device(CBX_FAMILY_CPU);
    cbx_network *network = synthetic_network(37, 9);
    uint8_t pixels[3 * CBX_IMAGE_PIXELS];
    result all = result_new(3, 37), one = result_new(3, 37);
    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++) {
        pixels[i] = pattern_pixel(i / CBX_IMAGE_PIXELS, i % CBX_IMAGE_PIXELS);
    }
    const cbx_prediction wishes[] = {{all.activations, all.sums, all.outputs},
                                     {.activations = one.activations},
                                     {.sums = one.sums},
                                     {.outputs = one.outputs},
                                     {NULL, NULL, NULL}};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        assert_ok(cbx_network_predict(network, device, pixels, 3, mean, deviation, &wishes[i]));
    }
    assert_memory_equal(all.activations, one.activations, 3 * 37 * sizeof(float));
    assert_memory_equal(all.sums, one.sums, 3 * CBX_CLASSES * sizeof(float));
    assert_memory_equal(all.outputs, one.outputs, 3 * CBX_CLASSES * sizeof(float));
    result_free(&all);
    result_free(&one);
    cbx_network_destroy(network);
}

static void nonsense_is_refused(void **state) {
    cbx_device *device = fixture_device(CBX_FAMILY_CPU);
    cbx_network *network = synthetic_network(5, 1);
    const uint8_t pixels[CBX_IMAGE_PIXELS] = {255};
    float sums[CBX_CLASSES];
    const cbx_prediction out = {.sums = sums};
    (void)state;
    assert_fails(cbx_network_predict(network, device, pixels, 0, mean, deviation, &out),
                 CBX_BAD_ARGUMENT, "no images");
    assert_fails(cbx_network_predict(network, device, pixels, 1, mean, 0, &out), CBX_BAD_ARGUMENT,
                 "");
    assert_fails(cbx_network_predict(network, device, pixels, 1, (double)INFINITY, 1, &out),
                 CBX_BAD_ARGUMENT, "");
    network->w2[0] = 3e38f;
    network->w2[CBX_CLASSES] = 3e38f;
    for (size_t i = 0; i < 5; i++) {
        network->w1[i] = 40; /* A1 = 1 */
        network->w2[(i + 1) * CBX_CLASSES] = 3e38f;
    }
    assert_fails(cbx_network_predict(network, device, pixels, 1, mean, deviation, &out),
                 CBX_BAD_DATA, "float32");
    cbx_network_destroy(network);
}

static void the_normalisation_of_mnist_is_its_own(void **state) {
    const char *folder = getenv("CBX_TEST_DATA");
    cbx_dataset *mnist;
    (void)state;
    assert_non_null(folder);
    assert_ok(cbx_dataset_load(&mnist, folder));
    assert_true(cbx_dataset_mean(mnist) == CBX_MNIST_MEAN);
    assert_true(cbx_dataset_deviation(mnist) == CBX_MNIST_DEVIATION);
    cbx_dataset_destroy(mnist);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_are_the_canons),
        cmocka_unit_test(what_is_not_wanted_is_left_out),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(the_normalisation_of_mnist_is_its_own),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
