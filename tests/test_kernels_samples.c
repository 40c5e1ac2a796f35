/* SPDX-License-Identifier: MIT */
/* film_samples alone: bits that are full of zeros become NAL units in which none is taken for the start
 * of another, just as one byte after the other would; at every place of a word and of the runs that
 * the work-items of a group take. */
#include "support/test.h"

#include <string.h>

#include "avc/avc.h"
#include "film/coding.h"
#include "support/bands.h"
#include "support/fixture.h"
#include "support/scratch.h"
#include "support/synthetic.h"

#define ARG CBX_ARGUMENT

/* Pictures of one row of macroblocks for each slice: words that there is room for, and bytes that may
 * be taken, its header's and the last run's included. */
enum { WIDE = 2, SLICE_WORDS = WIDE * CBX_MB_WORDS + CBX_SLICE_WORDS };
enum { FRAME_WORDS = CBX_MOST_SLICES * SLICE_WORDS, MOST_BYTES = WIDE * CBX_MB_BITS / 8 + 16 };

/* The frames of a launch. */
typedef struct frames {
    uint32_t count, number; /* of the first: a multiple of 3 is a key frame */
    cl_uint *slices, *bits;
    blob *expected;
} frames;

/* The device's own program of these kernels. */
static cl_program program_of(cbx_device *device) {
    const cbx_avc_settings any = {.width = 16, .height = 16, .group = 1, .frames = 1, .qp = 1};
    cbx_avc *avc;
    assert_ok(cbx_avc_create(&avc, device, &any));
    cbx_avc_destroy(avc);
    return device->film;
}

static int is_key(const frames *f, uint32_t frame) {
    return (f->number + frame) % 3 == 0;
}

static void add_byte(blob *to, unsigned value) {
    const uint8_t byte = (uint8_t)value;
    blob_add(to, &byte, 1);
}

/* Clause 7.4.1, byte after byte. */
static void add_unit(blob *to, const uint8_t *bytes, size_t count, int key) {
    const size_t start = to->size;
    unsigned zeros = 0;
    blob_add_u32(to, 0);
    add_byte(to, key ? 0x65 : 0x41);
    for (size_t i = 0; i < count; i++) {
        if (zeros == 2 && bytes[i] <= 3) {
            add_byte(to, 3);
            zeros = 0;
        }
        add_byte(to, bytes[i]);
        zeros = bytes[i] ? 0 : zeros + 1;
    }
    for (unsigned i = 0; i < 4; i++) {
        to->bytes[start + i] = (uint8_t)((to->size - start - 4) >> (24 - 8 * i));
    }
}

/* Gives a frame the next slice. `count` bytes; `unused` bits of the last are none of the slice's. */
static void add_slice(frames *f, uint32_t frame, uint32_t slice, const uint8_t *bytes, size_t count,
                      unsigned unused) {
    cl_uint *words = f->bits + (size_t)frame * FRAME_WORDS + slice * SLICE_WORDS;
    f->slices[frame * CBX_MOST_SLICES + slice] = (cl_uint)(8 * count - unused);
    for (size_t i = 0; i < count; i++) {
        words[i / 4] |= (cl_uint)bytes[i] << (24 - 8 * (i % 4));
    }
    add_unit(&f->expected[frame], bytes, count, is_key(f, frame));
}

static frames new_frames(uint32_t count, uint32_t number) {
    frames f = {.count = count, .number = number};
    TEST_NEW(f.slices, count * CBX_MOST_SLICES);
    TEST_NEW(f.bits, (size_t)count * FRAME_WORDS);
    TEST_NEW(f.expected, count);
    return f;
}

static void launch(const frames *f, cbx_family family) {
    cbx_device *device = fixture_device(family);
    const size_t group = family == CBX_FAMILY_CPU ? 1 : CBX_GPU_FILM_GROUP;
    const size_t room = (size_t)FRAME_WORDS * 6;
    const cbx_coding coding = {.width = WIDE * CBX_MB,
                               .height = CBX_MOST_SLICES * CBX_MB,
                               .mbs_wide = WIDE,
                               .mbs_high = CBX_MOST_SLICES,
                               .slice_rows = 1,
                               .group = 3,
                               .number = f->number,
                               .count = f->count};
    bands *b = bands_open(device);
    cl_mem slices =
        bands_input(b, "slices", f->slices, f->count * CBX_MOST_SLICES * sizeof *f->slices);
    cl_mem bits = bands_input(b, "bits", f->bits, f->count * FRAME_WORDS * sizeof *f->bits);
    cl_mem samples = bands_output(b, "samples", NULL, f->count * room);
    cl_mem sizes = bands_output(b, "sizes", NULL, f->count * sizeof(cl_uint));
    const cbx_argument arguments[] = {ARG(slices), ARG(bits), ARG(samples), ARG(sizes),
                                      ARG(coding)};
    bands_launch_in(b, program_of(device), "film_samples", arguments, CBX_COUNT(arguments),
                    (cbx_range){{group, f->count}, {group, 1}});
    uint8_t *got = bands_read(b, samples);
    cl_uint *got_sizes = bands_read(b, sizes);
    for (uint32_t i = 0; i < f->count; i++) {
        assert_int_equal(got_sizes[i], f->expected[i].size);
        assert_memory_equal(got + i * room, f->expected[i].bytes, got_sizes[i]);
    }
    free(got);
    free(got_sizes);
    bands_close(b);
}

static void finish(frames *f) {
    launch(f, CBX_FAMILY_CPU);
    launch(f, CBX_FAMILY_GPU);
    for (uint32_t i = 0; i < f->count; i++) {
        blob_free(&f->expected[i]);
    }
    free(f->slices);
    free(f->bits);
    free(f->expected);
}

/* `count` bytes in which zeros are frequent; the last is none. */
static void random_bytes(uint64_t *state, uint8_t *bytes, size_t count) {
    static const uint8_t often[] = {0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 255};
    const uint64_t zeros = synthetic_bits(state) % 40;
    for (size_t i = 0; i < count; i++) {
        const uint64_t random = synthetic_bits(state);
        bytes[i] = random % 40 < zeros ? 0 : often[random / 64 % sizeof often];
    }
    bytes[count - 1] = 128;
}

/* One slice of each length, the first bytes of the same sequence. */
static void every_length(void **state) {
    (void)state;
    const uint32_t count = bands_watched() ? 5 : 300;
    frames f = new_frames(count, 1);
    uint64_t random = 1;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[MOST_BYTES];
        random_bytes(&random, bytes, i + 1);
        add_slice(&f, i, 0, bytes, i + 1, i % 8);
    }
    finish(&f);
}

/* Runs of zeros of every length that begin at every place, in front of bytes up to 4. */
static void every_run(void **state) {
    (void)state;
    const uint32_t count = bands_watched() ? 4 : 8 * 5 * 12;
    frames f = new_frames(count, 7);
    for (uint32_t i = 0; i < count; i++) {
        const size_t before = i % 8, zeros = i / 40, size = 300 + i % 3;
        uint8_t bytes[MOST_BYTES];
        memset(bytes, 77, sizeof bytes);
        for (size_t at = before; at + zeros + 2 < size; at += zeros + 1 + i % 2) {
            memset(bytes + at, 0, zeros);
            bytes[at + zeros] = (uint8_t)(i / 8 % 5);
        }
        bytes[size - 1] = 128;
        add_slice(&f, i, 0, bytes, size, 0);
    }
    finish(&f);
}

/* As full as they may be, and nothing but zeros before the last bit. */
static void zeros_alone(void **state) {
    (void)state;
    uint8_t bytes[MOST_BYTES] = {0};
    frames f = new_frames(3, 0);
    bytes[MOST_BYTES - 1] = 1;
    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t slice = 0; slice < (is_key(&f, i) ? CBX_MOST_SLICES : 1); slice++) {
            add_slice(&f, i, slice, bytes, MOST_BYTES, 0);
        }
    }
    finish(&f);
}

/* Key frames of one to eight slices among others. */
static void several_slices(void **state) {
    (void)state;
    const uint32_t count = bands_watched() ? 4 : 120;
    frames f = new_frames(count, 2);
    uint64_t random = 3;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t slices = is_key(&f, i) ? 1 + i / 3 % CBX_MOST_SLICES : 1;
        for (uint32_t slice = 0; slice < slices; slice++) {
            uint8_t bytes[MOST_BYTES];
            const size_t size = 1 + synthetic_bits(&random) % MOST_BYTES;
            random_bytes(&random, bytes, size);
            add_slice(&f, i, slice, bytes, size, (unsigned)(synthetic_bits(&random) % 8));
        }
    }
    finish(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length),
        cmocka_unit_test(every_run),
        cmocka_unit_test(zeros_alone),
        cmocka_unit_test(several_slices),
    };
    return cmocka_run_group_tests_name("samples", tests, fixture_setup, fixture_teardown);
}
