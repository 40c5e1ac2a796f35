/* SPDX-License-Identifier: MIT */
/* Any bytes as four files that belong together, or do not: how many images and labels the files of
 * training and test have (16 at most), then the labels, then pixels, again and again. It is known when they
 * are a dataset, and what its numbers are. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clearbox/dataset.h"
#include "data/idx.h"
#include "support/scratch.h"

enum { MOST_IMAGES = 16 };

typedef struct half {
    uint32_t images, labels; /* counts of the two files */
    uint8_t label[MOST_IMAGES];
} half;

typedef struct sums {
    double pixels, squares;
    uint64_t ink;
} sums;

static void write_bytes(const char *folder, const char *name, blob file) {
    char path[2 * SCRATCH_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    blob_write(path, file);
}

static uint8_t pixel_of(const fuzz_bytes *pixels, size_t i) {
    return pixels->left > 0 ? pixels->at[i % pixels->left] : 0;
}

static void write_half(const char *folder, const char *name, const half *of,
                       const fuzz_bytes *pixels) {
    static uint8_t all[MOST_IMAGES * CBX_IMAGE_PIXELS];
    const size_t count = (size_t)of->images * CBX_IMAGE_PIXELS;
    char path[64];
    blob images = {0}, labels = {0};
    blob_add_u32(&images, CBX_IDX_IMAGES_MAGIC);
    blob_add_u32(&images, of->images);
    blob_add_u32(&images, CBX_IMAGE_SIDE);
    blob_add_u32(&images, CBX_IMAGE_SIDE);
    for (size_t i = 0; i < count; i++) {
        all[i] = pixel_of(pixels, i);
    }
    blob_add(&images, all, count);
    blob_add_u32(&labels, CBX_IDX_LABELS_MAGIC);
    blob_add_u32(&labels, of->labels);
    blob_add(&labels, of->label, of->labels);
    snprintf(path, sizeof path, "%s-images-idx3-ubyte", name);
    write_bytes(folder, path, images);
    snprintf(path, sizeof path, "%s-labels-idx1-ubyte", name);
    write_bytes(folder, path, labels);
}

static half take_half(fuzz_bytes *from) {
    half out = {.images = fuzz_take(from) % (MOST_IMAGES + 1u),
                .labels = fuzz_take(from) % (MOST_IMAGES + 1u)};
    for (uint32_t i = 0; i < out.labels; i++) {
        out.label[i] = fuzz_take(from);
    }
    return out;
}

static int has_good_labels(const half *of) {
    int good = of->images == of->labels;
    for (uint32_t i = 0; i < of->labels; i++) {
        good &= of->label[i] < CBX_CLASSES;
    }
    return good;
}

static sums add_up(const fuzz_bytes *pixels, size_t count) {
    sums all = {0};
    for (size_t i = 0; i < count; i++) {
        const double pixel = pixel_of(pixels, i);
        all.pixels += pixel;
        all.squares += pixel * pixel;
        all.ink += pixel > 0;
    }
    return all;
}

static void require_numbers(const cbx_dataset *dataset, size_t count, const sums *all) {
    const double n = (double)count, mean = all->pixels / n;
    const double deviation = sqrt(all->squares / n - mean * mean);
    FUZZ_REQUIRE(fabs(cbx_dataset_mean(dataset) - mean) < 1e-9);
    FUZZ_REQUIRE(fabs(cbx_dataset_deviation(dataset) - deviation) < 1e-6);
    FUZZ_REQUIRE(cbx_dataset_ink(dataset, CBX_TRAIN) == all->ink);
}

static void require_parts(const cbx_dataset *dataset, const half *training, const half *test) {
    size_t counts[CBX_TEST + 1];
    for (int part = 0; part <= CBX_TEST; part++) {
        const cbx_images images = cbx_dataset_images(dataset, (cbx_part)part);
        counts[part] = images.count;
        FUZZ_REQUIRE(memcmp(images.labels,
                            part == CBX_TEST         ? test->label
                            : part == CBX_VALIDATION ? training->label + counts[CBX_TRAIN]
                                                     : training->label,
                            images.count) == 0);
    }
    FUZZ_REQUIRE(counts[CBX_TRAIN] + counts[CBX_VALIDATION] == training->images);
    FUZZ_REQUIRE(counts[CBX_VALIDATION] == training->images / 6);
    FUZZ_REQUIRE(counts[CBX_TEST] == test->images);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char *folder;
    fuzz_bytes from = {bytes, size};
    cbx_dataset *dataset;
    folder = folder ? folder : fuzz_folder();
    const half training = take_half(&from), test = take_half(&from);
    write_half(folder, "train", &training, &from);
    write_half(folder, "t10k", &test, &from);
    const size_t count = (size_t)(training.images - training.images / 6) * CBX_IMAGE_PIXELS;
    const sums all = add_up(&from, count);
    fuzz_begin();
    const cbx_status status = cbx_dataset_load(&dataset, folder);
    fuzz_require_told(status);
    const int flat = all.squares * (double)count <= all.pixels * all.pixels;
    const int good = has_good_labels(&training) && has_good_labels(&test) && training.images >= 6 &&
                     test.images > 0 && !flat;
    FUZZ_REQUIRE(status == (good ? CBX_OK : CBX_BAD_DATA));
    if (!status) {
        require_numbers(dataset, count, &all);
        require_parts(dataset, &training, &test);
    }
    cbx_dataset_destroy(dataset);
    return 0;
}
