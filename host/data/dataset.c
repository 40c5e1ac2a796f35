/* SPDX-License-Identifier: MIT */
#include "data/dataset.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/idx.h"

enum {
    VALIDATION_SHARE = 6, /* one image in six validates */
    GREY_LEVELS = 256
};

/* Images and labels of one pair of files. */
typedef struct pair {
    cbx_idx images;
    cbx_idx labels;
} pair;

struct cbx_dataset {
    pair training_file; /* the training part, then the validation part */
    pair test_file;
    size_t training_count;
    double mean;                   /* grey levels */
    double deviation;              /* grey levels */
    float normalised[GREY_LEVELS]; /* for the host */
    uint64_t ink[CBX_TEST + 1];    /* pixels of each part that are not 0 */
};

static const char *const file_names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                         "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* Reading one pair of files, perhaps on a thread of its own. */
typedef struct reading {
    const char *directory;
    const char *const *names; /* of the images and of the labels */
    pair *out;
    cbx_fault fault; /* messages belong to threads: this one travels */
} reading;

static cbx_status check_counts(const reading *load) {
    const uint32_t images = load->out->images.count, labels = load->out->labels.count;
    if (images != labels) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: %u images in %s, but %u labels in %s; the two files do not belong "
                        "together",
                        load->directory, (unsigned)images, load->names[0], (unsigned)labels,
                        load->names[1]);
    }
    return CBX_OK;
}

static cbx_status check_labels(const reading *load) {
    const cbx_idx *labels = &load->out->labels;
    for (uint32_t i = 0; i < labels->count; i++) {
        if (labels->items[i] >= CBX_CLASSES) {
            return cbx_fail(CBX_BAD_DATA, "%s/%s: label %u is %u; only 0 to 9 can be used",
                            load->directory, load->names[1], (unsigned)i,
                            (unsigned)labels->items[i]);
        }
    }
    return CBX_OK;
}

/* Both headers first: files that do not belong together cost no more than that. */
static cbx_status read_pair(const reading *load) {
    cbx_idx *images = &load->out->images, *labels = &load->out->labels;
    cbx_status status = cbx_idx_open(labels, load->directory, load->names[1], CBX_IDX_LABELS);
    if (!status) {
        status = cbx_idx_open(images, load->directory, load->names[0], CBX_IDX_IMAGES);
    }
    if (!status) {
        status = check_counts(load);
    }
    if (!status) {
        status = cbx_idx_read(labels);
    }
    if (!status) {
        status = check_labels(load);
    }
    if (!status) {
        status = cbx_idx_read(images);
    }
    return status;
}

static void *read_one(void *argument) {
    reading *load = argument;
    cbx_fault_take(&load->fault, read_pair(load));
    return NULL;
}

int cbx_dataset_file(const char *directory, size_t i, char *path, size_t size) {
    static const char *const endings[] = {"", ".gz"};
    enum { NAMES = sizeof file_names / sizeof file_names[0] };
    if (i >= 2 * NAMES) {
        return 0;
    }
    int length = snprintf(path, size, "%s/%s%s", directory, file_names[i / 2], endings[i % 2]);
    return length > 0 && (size_t)length < size;
}

/* The test files on a second thread, the training files on this one. */
static cbx_status read_files(cbx_dataset *dataset, const char *directory) {
    reading training = {
        .directory = directory, .names = &file_names[0], .out = &dataset->training_file};
    reading test = {.directory = directory, .names = &file_names[2], .out = &dataset->test_file};
    pthread_t thread;

    int parallel = pthread_create(&thread, NULL, read_one, &test) == 0;
    read_one(&training);
    if (parallel) {
        pthread_join(thread, NULL);
    } else {
        read_one(&test);
    }
    return cbx_fault_raise(training.fault.status ? &training.fault : &test.fault);
}

/* Sum of the pixels and of their squares, exact. Blocks are short enough for 32-bit
 * sums (255²·2^16 < 2^32), which the compiler turns into vectors. */
static void add_up(const uint8_t *pixels, size_t count, uint64_t *sum, uint64_t *squares) {
    const size_t block = (size_t)1 << 16;
    *sum = 0;
    *squares = 0;
    for (size_t first = 0; first < count; first += block) {
        size_t size = count - first < block ? count - first : block;
        uint32_t block_sum = 0, block_squares = 0;
        for (size_t i = 0; i < size; i++) {
            uint32_t value = pixels[first + i];
            block_sum += value;
            block_squares += value * value;
        }
        *sum += block_sum;
        *squares += block_squares;
    }
}

/* Mean and deviation with one rounding each at the end: around a whole number c near
 * the mean, Σ(p − c) and Σ(p − c)² are exact integers, and nothing cancels. They
 * stay below 2^63 for every file that fits in memory. */
static cbx_status measure(cbx_dataset *dataset, const char *directory) {
    size_t count = dataset->training_count * CBX_IMAGE_PIXELS;
    uint64_t sum, squares;
    add_up(dataset->training_file.images.items, count, &sum, &squares);

    uint64_t centre = (sum + count / 2) / count;
    int64_t off_centre = (int64_t)sum - (int64_t)(centre * count);
    /* Single terms may wrap around, the whole is right modulo 2^64 and not negative. */
    uint64_t centred_squares = squares - 2 * centre * sum + centre * centre * count;
    if (centred_squares == 0) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: every pixel of the training images is %u; there is nothing to learn",
                        directory, (unsigned)centre);
    }
    double offset = (double)off_centre / (double)count;
    return cbx_dataset_normalise_by(
        dataset, (double)centre + offset,
        sqrt((double)centred_squares / (double)count - offset * offset));
}

/* In blocks, as add_up(). */
static uint64_t count_ink(const uint8_t *pixels, size_t count) {
    const size_t block = 255;
    uint64_t ink = 0;
    for (size_t first = 0; first < count; first += block) {
        const size_t size = count - first < block ? count - first : block;
        uint8_t of_block = 0;
        for (size_t i = 0; i < size; i++) {
            of_block = (uint8_t)(of_block + (pixels[first + i] != 0));
        }
        ink += of_block;
    }
    return ink;
}

static void measure_ink(cbx_dataset *dataset) {
    for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
        const cbx_images images = cbx_dataset_images(dataset, (cbx_part)part);
        dataset->ink[part] = count_ink(images.pixels, images.count * CBX_IMAGE_PIXELS);
    }
}

static cbx_status check_directory(const char *directory) {
    struct stat about;
    if (stat(directory, &about) != 0) {
        return cbx_fail(CBX_MISSING_INPUT,
                        "cannot open the data folder %s: %s; name the folder "
                        "that holds MNIST's four files",
                        directory, strerror(errno));
    }
    if (!S_ISDIR(about.st_mode)) {
        return cbx_fail(CBX_MISSING_INPUT,
                        "the data folder %s is not a folder; name the folder "
                        "that holds MNIST's four files",
                        directory);
    }
    return CBX_OK;
}

static cbx_status split(cbx_dataset *dataset, const char *directory) {
    size_t count = dataset->training_file.images.count;
    if (count < VALIDATION_SHARE) {
        return cbx_fail(CBX_BAD_DATA, "%s: %zu training images are too few, at least %d are needed",
                        directory, count, VALIDATION_SHARE);
    }
    if (dataset->test_file.images.count == 0) {
        return cbx_fail(CBX_BAD_DATA, "%s: the test file holds no images", directory);
    }
    dataset->training_count = count - count / VALIDATION_SHARE;
    return CBX_OK;
}

/* Ends what began with `status`: *out complete, or NULL. `place` is for the messages. */
static cbx_status complete(cbx_dataset **out, const char *place, cbx_status status) {
    if (!status) {
        status = split(*out, place);
    }
    if (!status) {
        status = measure(*out, place);
    }
    if (!status) {
        measure_ink(*out);
    }
    if (status) {
        cbx_dataset_destroy(*out);
        *out = NULL;
    }
    return status;
}

cbx_status cbx_dataset_load(cbx_dataset **out, const char *directory) {
    *out = NULL;
    cbx_status status = check_directory(directory);
    if (!status) {
        status = cbx_new(out, 1);
    }
    if (!status) {
        status = read_files(*out, directory);
    }
    return complete(out, directory, status);
}

static cbx_status copy_pair(pair *out, const cbx_images *images) {
    if (images->count > UINT32_MAX) {
        return cbx_fail(CBX_BAD_DATA, "%zu images are more than a file can hold", images->count);
    }
    cbx_status status = cbx_allocate(&out->images.items, images->count, CBX_IMAGE_PIXELS);
    if (!status) {
        status = cbx_new(&out->labels.items, images->count);
    }
    if (!status) {
        memcpy(out->images.items, images->pixels, images->count * CBX_IMAGE_PIXELS);
        if (images->labels) {
            memcpy(out->labels.items, images->labels, images->count);
        }
        out->images.count = out->labels.count = (uint32_t)images->count;
    }
    return status;
}

cbx_status cbx_dataset_from_memory(cbx_dataset **out, const cbx_images *training,
                                   const cbx_images *test) {
    static const char place[] = "images in memory";
    cbx_status status = cbx_new(out, 1);
    for (int i = 0; i < 2 && !status; i++) {
        const reading check = {.directory = place,
                               .names = &file_names[2 * i],
                               .out = i == 0 ? &(*out)->training_file : &(*out)->test_file};
        status = copy_pair(check.out, i == 0 ? training : test);
        if (!status) {
            status = check_labels(&check);
        }
    }
    return complete(out, place, status);
}

cbx_status cbx_dataset_of_images(cbx_dataset **out, const uint8_t *pixels, size_t count,
                                 double mean, double deviation) {
    cbx_status status = cbx_new(out, 1);
    if (!status) {
        status = cbx_dataset_normalise_by(*out, mean, deviation);
    }
    if (!status) {
        cbx_images images = {.count = count, .pixels = pixels};
        status = copy_pair(&(*out)->training_file, &images);
    }
    if (status) {
        cbx_dataset_destroy(*out);
        *out = NULL;
        return status;
    }
    (*out)->training_count = count;
    measure_ink(*out);
    return CBX_OK;
}

void cbx_dataset_destroy(cbx_dataset *dataset) {
    if (dataset) {
        cbx_idx_free(&dataset->training_file.images);
        cbx_idx_free(&dataset->training_file.labels);
        cbx_idx_free(&dataset->test_file.images);
        cbx_idx_free(&dataset->test_file.labels);
        free(dataset);
    }
}

cbx_images cbx_dataset_images(const cbx_dataset *dataset, cbx_part part) {
    const pair *file = part == CBX_TEST ? &dataset->test_file : &dataset->training_file;
    size_t first = part == CBX_VALIDATION ? dataset->training_count : 0;
    size_t end = part == CBX_TRAIN ? dataset->training_count : file->images.count;
    return (cbx_images){.count = end - first,
                        .pixels = file->images.items + first * CBX_IMAGE_PIXELS,
                        .labels = file->labels.items + first};
}

cbx_status cbx_dataset_normalise_by(cbx_dataset *dataset, double mean, double deviation) {
    if (!isfinite(mean) || !isfinite(deviation) || deviation <= 0.0) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "pixels cannot be normalised by a mean of %g and a "
                        "deviation of %g",
                        mean, deviation);
    }
    dataset->mean = mean;
    dataset->deviation = deviation;
    for (int level = 0; level < GREY_LEVELS; level++) {
        dataset->normalised[level] = (float)((level - mean) / deviation);
    }
    return CBX_OK;
}

cbx_normal cbx_dataset_normal(const cbx_dataset *dataset) {
    return (cbx_normal){(float)(1 / dataset->deviation),
                        (float)(-dataset->mean / dataset->deviation)};
}

double cbx_dataset_mean(const cbx_dataset *dataset) {
    return dataset->mean;
}

double cbx_dataset_deviation(const cbx_dataset *dataset) {
    return dataset->deviation;
}

uint64_t cbx_dataset_ink(const cbx_dataset *dataset, cbx_part part) {
    return dataset->ink[part];
}

double cbx_dataset_ink_share(const cbx_dataset *dataset) {
    return (double)dataset->ink[CBX_TRAIN] / ((double)dataset->training_count * CBX_IMAGE_PIXELS);
}

void cbx_dataset_normalise(const cbx_dataset *dataset, const uint8_t *pixels, size_t count,
                           float *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = dataset->normalised[pixels[i]];
    }
}
