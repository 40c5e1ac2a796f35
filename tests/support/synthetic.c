/* SPDX-License-Identifier: MIT */
#include "support/synthetic.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10 };

uint64_t synthetic_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double synthetic_uniform(uint64_t *state) {
    return (double)(synthetic_bits(state) >> 11) * 0x1p-53;
}

double synthetic_normal(uint64_t *state) {
    double radius = sqrt(-2 * log(1 - synthetic_uniform(state)));
    return radius * cos(2 * 3.14159265358979323846 * synthetic_uniform(state));
}

void synthetic_folder(char path[SYNTHETIC_PATH]) {
    const char *base = getenv("TMPDIR");
    int length = snprintf(path, SYNTHETIC_PATH, "%s/clearbox-test-XXXXXX",
                          base != NULL && *base != '\0' ? base : "/tmp");
    assert_true(length > 0 && length < SYNTHETIC_PATH);
    assert_non_null(mkdtemp(path));
}

void synthetic_remove_folder(const char *path) {
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char file[2 * SYNTHETIC_PATH + 32];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        assert_int_equal(unlink(file), 0);
    }
    closedir(folder);
    assert_int_equal(rmdir(path), 0);
}

/* Five soft strokes of dots for each class, 0…255. */
static void make_prototypes(double prototypes[CLASSES][PIXELS], uint64_t *state) {
    for (size_t digit = 0; digit < CLASSES; digit++) {
        for (size_t dot = 0; dot < 12; dot++) {
            double x = 6 + 16 * synthetic_uniform(state), y = 6 + 16 * synthetic_uniform(state);
            for (size_t i = 0; i < PIXELS; i++) {
                double dx = (double)(i % SIDE) - x, dy = (double)(i / SIDE) - y;
                prototypes[digit][i] += 255 * exp(-(dx * dx + dy * dy) / 5);
            }
        }
    }
}

/* One image: the prototype moved by up to a pixel, dimmed, with noise on top. */
static void make_image(const double prototype[PIXELS], uint64_t *state, uint8_t *image) {
    int right = (int)(synthetic_bits(state) % 3) - 1, down = (int)(synthetic_bits(state) % 3) - 1;
    double light = 0.6 + 0.5 * synthetic_uniform(state);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            int from_x = x - right, from_y = y - down;
            int inside = from_x >= 0 && from_x < SIDE && from_y >= 0 && from_y < SIDE;
            double value = inside ? light * prototype[from_y * SIDE + from_x] : 0;
            value = value > 12 ? value + 20 * synthetic_normal(state) : 0;
            image[y * SIDE + x] = (uint8_t)fmin(fmax(value, 0), 255);
        }
    }
}

/* An IDX header: magic number, count, and for images both sides; big-endian. */
static void write_header(FILE *file, uint32_t magic, uint32_t count) {
    uint32_t words[] = {magic, count, SIDE, SIDE};
    size_t used = magic == 0x803 ? 4 : 2;
    for (size_t i = 0; i < used; i++) {
        uint8_t bytes[] = {(uint8_t)(words[i] >> 24), (uint8_t)(words[i] >> 16),
                           (uint8_t)(words[i] >> 8), (uint8_t)words[i]};
        assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    }
}

static void write_pair(const char *folder, const char *name, size_t count,
                       double prototypes[CLASSES][PIXELS], uint64_t *state) {
    char path[2 * SYNTHETIC_PATH];
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, name);
    FILE *images = fopen(path, "wb");
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", folder, name);
    FILE *labels = fopen(path, "wb");
    assert_true(images != NULL && labels != NULL);
    write_header(images, 0x803, (uint32_t)count);
    write_header(labels, 0x801, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        uint8_t image[PIXELS], label = (uint8_t)(synthetic_bits(state) % CLASSES);
        make_image(prototypes[label], state, image);
        assert_int_equal(fwrite(image, 1, PIXELS, images), PIXELS);
        assert_int_equal(fwrite(&label, 1, 1, labels), 1);
    }
    assert_int_equal(fclose(images), 0);
    assert_int_equal(fclose(labels), 0);
}

void synthetic_write(const char *folder, size_t train, size_t test, uint64_t seed) {
    uint64_t state = seed;
    double(*prototypes)[PIXELS];
    TEST_NEW(prototypes, CLASSES);
    make_prototypes(prototypes, &state);
    write_pair(folder, "train", train, prototypes, &state);
    write_pair(folder, "t10k", test, prototypes, &state);
    free(prototypes);
}

cbx_dataset *synthetic_dataset(size_t train, size_t test, uint64_t seed) {
    char folder[SYNTHETIC_PATH];
    cbx_dataset *dataset = NULL;
    synthetic_folder(folder);
    synthetic_write(folder, train, test, seed);
    cbx_status status = cbx_dataset_load(&dataset, folder);
    synthetic_remove_folder(folder);
    assert_ok(status);
    return dataset;
}

cbx_network *synthetic_network(uint32_t hidden, uint64_t seed) {
    cbx_network *network = NULL;
    uint64_t state = seed;
    assert_ok(cbx_network_create(&network, hidden));
    for (size_t i = 0; i < (size_t)CBX_W1_ROWS * hidden; i++) {
        network->w1[i] = (float)(synthetic_normal(&state) / sqrt(CBX_W1_ROWS));
    }
    for (size_t i = 0; i < (1 + (size_t)hidden) * CLASSES; i++) {
        network->w2[i] = (float)(synthetic_normal(&state) / sqrt(1.0 + hidden));
    }
    return network;
}

uint32_t *synthetic_order(uint32_t count, uint64_t seed) {
    uint32_t *order;
    uint64_t state = seed;
    TEST_NEW(order, count);
    for (uint32_t i = 0; i < count; i++) {
        /* The bias of the remainder is below 2⁻³² and does not matter here. */
        uint32_t other = (uint32_t)(synthetic_bits(&state) % (i + 1));
        order[i] = order[other];
        order[other] = i;
    }
    return order;
}
