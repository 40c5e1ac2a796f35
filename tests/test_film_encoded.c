/* SPDX-License-Identifier: MIT */
/* Films whose frames come encoded: what is in the file, and the level that their bits ask for. */
#include "support/scratch.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "film/film.h"
#include "support/avc_stream.h"
#include "support/film_reader.h"

enum { CONSTRAINED_BASELINE = 66 | 1 << 9 }; /* libavcodec's profile */

static int unreadable; /* what was written cannot be read again */

size_t __real_fread(void *bytes, size_t size, size_t count, FILE *file);
size_t __wrap_fread(void *bytes, size_t size, size_t count, FILE *file);

size_t __wrap_fread(void *bytes, size_t size, size_t count, FILE *file) {
    return unreadable ? 0 : __real_fread(bytes, size, count, file);
}

static cbx_film *open_film(const char *path, const cbx_stream *stream) {
    cbx_output output;
    cbx_film *film;
    assert_ok(cbx_output_open(&output, path, 0));
    assert_ok(cbx_film_open_encoded(&film, &output, stream, &(cbx_film_settings){0}));
    assert_null(output.path);
    return film;
}

/* Appends a sample and frees it. */
static cbx_status append(cbx_film *film, blob sample, int key) {
    cbx_status status = cbx_film_append(film, sample.bytes, sample.size, key);
    blob_free(&sample);
    return status;
}

/* The noise of one key frame, and of those that repeat it. */
static void fill(const cbx_stream *stream, uint64_t key, uint8_t *planes) {
    uint32_t x = (uint32_t)key + 1;
    for (size_t i = 0; i < (size_t)stream->width * stream->height * 3 / 2; i++) {
        x = x * 1664525u + 1013904223u;
        planes[i] = (uint8_t)(x >> 24);
    }
}

/* Key frames of noise, each repeated until the next. */
static cbx_film_result make_film(const char *path, const cbx_stream *stream, uint32_t frames,
                                 uint32_t key_every) {
    cbx_film *film = open_film(path, stream);
    cbx_film_result result;
    uint8_t *planes;
    TEST_NEW(planes, (size_t)stream->width * stream->height * 3 / 2);
    for (uint32_t i = 0; i < frames; i++) {
        const uint32_t since = i % key_every;
        fill(stream, i / key_every, planes);
        assert_ok(append(
            film, since ? avc_skip(stream, since) : avc_pcm(stream, planes, i / key_every % 2),
            since == 0));
        assert_int_equal(cbx_film_unwritten(film), 0);
    }
    free(planes);
    cbx_film_end(film);
    assert_ok(cbx_film_finish(film, &result));
    assert_int_equal(result.frames, frames);
    assert_string_equal(result.encoder, "device");
    return result;
}

typedef struct expected {
    cbx_stream stream;
    uint32_t key_every;
    uint8_t *planes;
} expected;

static void compare(void *opaque, uint64_t index, const AVFrame *picture) {
    expected *film = opaque;
    const uint8_t *row = film->planes;
    fill(&film->stream, index / film->key_every, film->planes);
    for (int plane = 0; plane < 3; plane++) {
        const uint32_t part = plane ? 2 : 1;
        for (uint32_t y = 0; y < film->stream.height / part; y++) {
            assert_memory_equal(picture->data[plane] + (int)y * picture->linesize[plane], row,
                                film->stream.width / part);
            row += film->stream.width / part;
        }
    }
}

static void the_file_has_every_frame(void **state) {
    static const struct {
        cbx_stream stream;
        uint32_t frames, key_every;
    } films[] = {{{38, 50, 70, 0}, 50, 20},
                 {{16, 16, 1000, 12}, 1, 1},
                 {{28, 28, 24, -12}, 2, 1},
                 {{130, 56, 7, 1}, 300, 250}};
    for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
        const cbx_stream *stream = &films[i].stream;
        const char *path = scratch_path(state, "a.mp4");
        expected seen = {*stream, films[i].key_every, NULL};
        film_facts facts;
        size_t size;
        cbx_film_result result = make_film(path, stream, films[i].frames, films[i].key_every);
        uint8_t *bytes = scratch_read(path, &size);
        assert_int_equal(size, result.bytes);
        assert_true(film_index_first(bytes, size));
        free(bytes);
        TEST_NEW(seen.planes, (size_t)stream->width * stream->height * 3 / 2);
        film_read(path, stream->fps, &facts, compare, &seen);
        free(seen.planes);
        assert_int_equal(facts.pictures, films[i].frames);
        assert_int_equal(facts.keys,
                         (films[i].frames + films[i].key_every - 1) / films[i].key_every);
        assert_int_equal(facts.key_every,
                         films[i].frames > films[i].key_every ? films[i].key_every : 0);
        assert_true(facts.exact_times);
        assert_int_equal(av_cmp_q(facts.rate, (AVRational){(int)stream->fps, 1}), 0);
        assert_true(fabs(facts.duration_seconds - (double)facts.pictures / stream->fps) < 2e-6);
        assert_int_equal(facts.width, stream->width);
        assert_int_equal(facts.height, stream->height);
        assert_int_equal(facts.format, AV_PIX_FMT_YUV420P);
        assert_int_equal(facts.codec, AV_CODEC_ID_H264);
        assert_int_equal(facts.tag, MKTAG('a', 'v', 'c', '1'));
        assert_int_equal(facts.profile, CONSTRAINED_BASELINE);
        assert_int_equal(facts.range, AVCOL_RANGE_MPEG);
        assert_int_equal(facts.primaries, AVCOL_PRI_BT709);
        assert_int_equal(facts.transfer, AVCOL_TRC_BT709);
        assert_int_equal(facts.matrix, AVCOL_SPC_BT709);
    }
    assert_int_equal(scratch_entries(state), 1);
}

/* ---- levels ---- */

static const cbx_stream tiny = {.width = 16, .height = 16, .fps = 1000};

/* What the file says, in all of its places. */
static int level_of_file(const char *path, const cbx_stream *stream) {
    film_facts facts;
    size_t size, at = 0;
    film_read(path, stream->fps, &facts, NULL, NULL);
    uint8_t *bytes = scratch_read(path, &size);
    while (memcmp(bytes + at, "avcC\1", 5) != 0) {
        at++;
        assert_true(at + 16 < size);
    }
    assert_int_equal(bytes[at + 4 + 3], facts.level); /* in the record, and in the set */
    assert_int_equal(bytes[at + 4 + 11], facts.level);
    free(bytes);
    return facts.level;
}

static void bits_raise_the_level(void **state) {
    /* 395 bytes a frame, 3,160 bits: level 1.0 lets 64 go before the next, and holds 175,000. */
    static const struct {
        uint32_t frames;
        int level;
    } films[] = {{1, 10},   {56, 10},  {57, 11},  {168, 11},  {169, 12}, {360, 12},
                 {361, 13}, {835, 13}, {836, 20}, {1722, 20}, {1723, 21}};
    for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
        const char *path = scratch_path(state, "a.mp4");
        cbx_film_result result = make_film(path, &tiny, films[i].frames, 1);
        size_t size;
        assert_int_equal(level_of_file(path, &tiny), films[i].level);
        free(scratch_read(path, &size));
        assert_int_equal(size, result.bytes);
    }
}

static void large_samples_raise_the_level(void **state) {
    const cbx_stream stream = {.width = 224, .height = 224, .fps = 70};
    const char *path = scratch_path(state, "a.mp4");
    make_film(path, &stream, 8, 1); /* 4.8 million bits, and level 2.1 holds 4 million */
    assert_int_equal(level_of_file(path, &stream), 30);
    make_film(path, &stream, 700, 100);
    assert_int_equal(level_of_file(path, &stream), 21);
}

static void without_bits_size_and_rate_choose(void **state) {
    static const struct {
        cbx_stream stream;
        int level;
    } films[] = {{{224, 224, 70, 0}, 21},   {{896, 896, 70, 0}, 40},   {{1792, 1792, 70, 0}, 51},
                 {{2296, 2296, 70, 0}, 52}, {{3584, 3584, 70, 0}, 60}, {{2296, 2296, 35, 0}, 51}};
    for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
        const cbx_stream *stream = &films[i].stream;
        const char *path = scratch_path(state, "a.mp4");
        cbx_film *film = open_film(path, stream);
        assert_ok(append(film, avc_grey(stream, 0), 1));
        assert_ok(append(film, avc_skip(stream, 1), 0));
        assert_ok(cbx_film_finish(film, NULL));
        assert_int_equal(level_of_file(path, stream), films[i].level);
    }
}

/* ---- pipes ---- */

typedef struct pipe_reader {
    const char *path;
    blob read;
} pipe_reader;

static void *read_pipe(void *argument) {
    pipe_reader *reader = argument;
    uint8_t bytes[4096];
    size_t count;
    FILE *file = fopen(reader->path, "rb");
    while (file && (count = fread(bytes, 1, sizeof bytes, file)) > 0) {
        blob_add(&reader->read, bytes, count);
    }
    if (file) {
        fclose(file);
    }
    return NULL;
}

static void a_pipe_keeps_the_level_of_its_size(void **state) {
    pipe_reader reader = {.path = scratch_path(state, "pipe")};
    const char *path = scratch_path(state, "a.mp4");
    pthread_t thread;
    film_facts facts;
    assert_int_equal(mkfifo(reader.path, 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, read_pipe, &reader), 0);
    cbx_film_result result = make_film(reader.path, &tiny, 400, 10);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(reader.read.size, result.bytes);
    blob_write(path, reader.read);
    film_read(path, tiny.fps, &facts, NULL, NULL);
    assert_int_equal(facts.pictures, 400);
    assert_int_equal(facts.keys, 40);
    assert_int_equal(facts.level, 10);
    make_film("/dev/null", &tiny, 100, 1);
}

/* ---- what goes wrong ---- */

static const char OLD[] = "an old film";

static void assert_old(void **state) {
    size_t size;
    uint8_t *bytes = scratch_read(scratch_path(state, "a.mp4"), &size);
    assert_int_equal(size, sizeof OLD);
    assert_memory_equal(bytes, OLD, size);
    free(bytes);
    assert_int_equal(scratch_entries(state), 1);
}

/* A film over an old one. */
static cbx_film *open_over(void **state) {
    scratch_write(scratch_path(state, "a.mp4"), OLD, sizeof OLD);
    return open_film(scratch_path(state, "a.mp4"), &tiny);
}

static void nonsense_is_refused(void **state) {
    cbx_film *film = open_over(state);
    assert_fails(append(film, avc_skip(&tiny, 1), 0), CBX_BAD_ARGUMENT, "begins with a key frame");
    assert_fails(append(film, avc_grey(&tiny, 0), 1), CBX_BAD_ARGUMENT, "begins with a key frame");
    assert_fails(cbx_film_finish(film, NULL), CBX_BAD_ARGUMENT, "begins with a key frame");
    assert_old(state);

    film = open_over(state);
    assert_ok(append(film, avc_grey(&tiny, 0), 1));
    assert_fails(cbx_film_append(film, (const uint8_t *)OLD, 0, 1), CBX_BAD_ARGUMENT,
                 "frame 1 of the film has 0 bytes");
    assert_fails(cbx_film_finish(film, NULL), CBX_BAD_ARGUMENT, "frame 1");
    film = open_over(state);
    assert_fails(cbx_film_append(film, (const uint8_t *)OLD, (size_t)1 << 31, 1), CBX_BAD_ARGUMENT,
                 "2147483648 bytes");
    cbx_film_discard(film);
    assert_old(state);
}

static void without_frames_or_discarded(void **state) {
    cbx_film *film = open_over(state);
    assert_fails(cbx_film_finish(film, NULL), CBX_BAD_ARGUMENT, "without frames");
    assert_old(state);
    cbx_film_discard(open_over(state));
    assert_old(state);
    film = open_over(state);
    for (uint32_t i = 0; i < 300; i++) {
        assert_ok(append(film, avc_grey(&tiny, i % 2), 1));
    }
    cbx_film_discard(film);
    assert_old(state);
}

static void a_folder_that_vanishes(void **state) {
    const char *folder = scratch_path(state, "folder");
    cbx_output output;
    cbx_film *film = (cbx_film *)&output;
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_ok(cbx_output_open(&output, scratch_path(state, "folder/a.mp4"), 0));
    assert_int_equal(scratch_remove(folder), 0);
    assert_fails(cbx_film_open_encoded(&film, &output, &tiny, &(cbx_film_settings){0}),
                 CBX_CANNOT_CREATE, "folder/a.mp4");
    assert_null(film);
    assert_null(output.path);
}

/* The bytes of the level are the last that are written. */
static void a_level_that_cannot_be_raised(void **state) {
    uint8_t planes[384];
    cbx_film *film = open_over(state);
    fill(&tiny, 0, planes);
    for (uint32_t i = 0; i < 100; i++) {
        assert_ok(append(film, avc_pcm(&tiny, planes, i % 2), 1));
    }
    unreadable = 1;
    cbx_status status = cbx_film_finish(film, NULL);
    unreadable = 0;
    assert_fails(status, CBX_CANNOT_WRITE, "its level is not where it should be");
    assert_old(state);
}

/* At the first frame, later, when the index is written, when it moves. */
static void full_disk_leaves_the_old_film(void **state) {
    struct rlimit before, lowered;
    uint8_t planes[384];
    const uint64_t bytes = make_film(scratch_path(state, "a.mp4"), &tiny, 400, 1).bytes;
    const uint64_t limits[] = {20, 2000, bytes / 2, bytes - 1000, bytes - 2};
    fill(&tiny, 0, planes);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        cbx_film *film = open_over(state);
        cbx_status first = CBX_OK;
        lowered = before;
        lowered.rlim_cur = limits[i];
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &lowered), 0);
        for (uint32_t frame = 0; frame < 400 && !first; frame++) {
            first = append(film, avc_pcm(&tiny, planes, frame % 2), 1);
        }
        cbx_status status = cbx_film_finish(film, NULL);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(!first || first == status);
        assert_fails(status, CBX_CANNOT_WRITE, "File too large");
        assert_old(state);
    }
    signal(SIGXFSZ, SIG_DFL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(the_file_has_every_frame),
        SCRATCH_TEST(bits_raise_the_level),
        SCRATCH_TEST(large_samples_raise_the_level),
        SCRATCH_TEST(without_bits_size_and_rate_choose),
        SCRATCH_TEST(a_pipe_keeps_the_level_of_its_size),
        SCRATCH_TEST(nonsense_is_refused),
        SCRATCH_TEST(without_frames_or_discarded),
        SCRATCH_TEST(a_folder_that_vanishes),
        SCRATCH_TEST(a_level_that_cannot_be_raised),
        SCRATCH_TEST(full_disk_leaves_the_old_film),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
