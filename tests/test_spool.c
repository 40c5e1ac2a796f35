/* SPDX-License-Identifier: MIT */
/* host/film/spool: frames that outlive the process that encoded them. */
#include "support/scratch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "film/film.h"
#include "base/claim.h"
#include "base/crc32.h"
#include "film/spool.h"
#include "support/files.h"

enum { FRAMES = 12, MOST_BYTES = 40 };

static const cbx_spool_head head = {.stream = {32, 16, 25, 6},
                                    .container = CBX_CONTAINER_MKV,
                                    .title = "a \"title\"",
                                    .comment = NULL,
                                    .checkpoint = "/a/checkpoint"};

/* The disk refuses to take what it has; how often folders were put on it; the clock goes on. */
static int disk_fails, folders;
static double later;

int __real_fdatasync(int file);
int __wrap_fdatasync(int file);
int __wrap_fdatasync(int file) {
    if (disk_fails) {
        errno = EIO;
        return -1;
    }
    return __real_fdatasync(file);
}

int __real_fsync(int file);
int __wrap_fsync(int file);
int __wrap_fsync(int file) {
    folders++;
    return __real_fsync(file);
}

double __real_cbx_clock_seconds(void);
double __wrap_cbx_clock_seconds(void);
double __wrap_cbx_clock_seconds(void) {
    return __real_cbx_clock_seconds() + later;
}

static size_t sample_of(unsigned frame, uint8_t bytes[MOST_BYTES]) {
    const size_t size = 1 + frame * 7 % MOST_BYTES;
    memset(bytes, (int)(frame + 1), size);
    return size;
}

/* Leaves one as a killed process does; its name is for free(). */
static char *leave(const char *film, unsigned frames) {
    cbx_spool *spool = NULL;
    uint8_t bytes[MOST_BYTES];
    assert_ok(cbx_spool_create(&spool, film, &head));
    for (unsigned i = 0; i < frames; i++) {
        const size_t size = sample_of(i, bytes);
        assert_ok(cbx_spool_append(spool, bytes, size, i % 5 == 0));
    }
    char *name = strdup(cbx_spool_name(spool));
    cbx_spool_close(spool, 1);
    return name;
}

/* Reads on from frame `first`; how many there are. */
static unsigned read_frames(cbx_spool *spool, unsigned first, unsigned most) {
    const uint8_t *sample;
    uint8_t expected[MOST_BYTES];
    unsigned frames = 0;
    size_t bytes = 1;
    int key;
    while (frames < most) {
        assert_ok(cbx_spool_next(spool, &sample, &bytes, &key));
        if (bytes == 0) {
            break;
        }
        assert_int_equal(bytes, sample_of(first + frames, expected));
        assert_memory_equal(sample, expected, bytes);
        assert_int_equal(key, (first + frames) % 5 == 0);
        frames++;
    }
    return frames;
}

static void frames_come_back_in_order(void **state) {
    const char *film = scratch_path(state, "film.mp4");
    cbx_spool *spool = NULL;
    char *name = leave(film, FRAMES);
    assert_ok(cbx_spool_open(&spool, name));
    const cbx_spool_head *found = cbx_spool_head_of(spool);
    assert_memory_equal(&found->stream, &head.stream, sizeof head.stream);
    assert_int_equal(found->container, head.container);
    assert_string_equal(found->title, head.title);
    assert_null(found->comment);
    assert_string_equal(found->checkpoint, head.checkpoint);
    assert_int_equal(read_frames(spool, 0, 100), FRAMES);
    cbx_spool_close(spool, 0);
    assert_int_equal(scratch_entries(state), 0);
    free(name);
}

/* Of libavcodec, whose extradata may be anything. */
static void who_encoded_is_known(void **state) {
    const char *film = scratch_path(state, "film.mp4");
    const uint8_t extradata[] = {0, 255, 16, 0x9a};
    cbx_spool_head by = {
        .stream = {32, 16, 25, 0}, .container = CBX_CONTAINER_MP4, .encoder = "libx264"};
    for (size_t bytes = 0; bytes <= sizeof extradata; bytes += sizeof extradata) {
        cbx_spool *spool = NULL;
        by.extradata = bytes > 0 ? extradata : NULL;
        by.extradata_bytes = bytes;
        assert_ok(cbx_spool_create(&spool, film, &by));
        char *name = strdup(cbx_spool_name(spool));
        assert_null(cbx_spool_head_of(spool)->extradata); /* which was lent */
        cbx_spool_close(spool, 1);
        assert_ok(cbx_spool_open(&spool, name));
        const cbx_spool_head *found = cbx_spool_head_of(spool);
        assert_string_equal(found->encoder, "libx264");
        assert_int_equal(found->extradata_bytes, bytes);
        assert_true(bytes == 0 || memcmp(found->extradata, extradata, bytes) == 0);
        cbx_spool_close(spool, 0);
        free(name);
    }
    static const char *const unknown[] = {"", "auto", "nobody", "LIBX264"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        cbx_spool *spool = NULL;
        by.encoder = unknown[i];
        assert_ok(cbx_spool_create(&spool, film, &by));
        char *name = strdup(cbx_spool_name(spool));
        cbx_spool_close(spool, 1);
        assert_fails(cbx_spool_open(&spool, name), CBX_BAD_DATA, "is damaged");
        unlink(name);
        free(name);
    }
}

static void what_is_cut_off_is_left_out(void **state) {
    const char *film = scratch_path(state, "film.mp4");
    char *name = leave(film, FRAMES);
    size_t size;
    uint8_t *bytes = scratch_read(name, &size);
    unsigned before = 0;
    for (size_t length = 0; length <= size; length++) {
        cbx_spool *spool = NULL;
        scratch_write(name, bytes, length);
        const cbx_status status = cbx_spool_open(&spool, name);
        assert_true(status == CBX_OK || status == CBX_BAD_DATA);
        if (!status) {
            const unsigned frames = read_frames(spool, 0, 100);
            assert_in_range(frames, before, before + 1);
            before = frames;
            cbx_spool_close(spool, 1);
        }
    }
    assert_int_equal(before, FRAMES);
    free(bytes);
    free(name);
}

/* None of another frame is taken for it, whichever bit is wrong. */
static void what_is_damaged_ends_it(void **state) {
    const char *film = scratch_path(state, "film.mp4");
    char *name = leave(film, FRAMES);
    size_t size;
    uint8_t *bytes = scratch_read(name, &size);
    for (size_t at = 0; at < size; at++) {
        cbx_spool *spool = NULL;
        bytes[at] ^= 4;
        scratch_write(name, bytes, size);
        if (!cbx_spool_open(&spool, name)) {
            assert_in_range(read_frames(spool, 0, 100), 0, FRAMES - 1);
            cbx_spool_close(spool, 1);
        }
        bytes[at] ^= 4;
    }
    free(bytes);
    free(name);
}

static void a_spool_goes_on_behind_what_was_read(void **state) {
    const char *film = scratch_path(state, "film.mp4");
    cbx_spool *spool = NULL;
    uint8_t bytes[MOST_BYTES];
    char *name = leave(film, FRAMES);
    assert_ok(cbx_spool_open(&spool, name));
    assert_int_equal(read_frames(spool, 0, 7), 7);
    assert_ok(cbx_spool_continue(spool));
    for (unsigned i = 7; i < 9; i++) {
        const size_t size = sample_of(i, bytes);
        assert_ok(cbx_spool_append(spool, bytes, size, i % 5 == 0));
    }
    assert_ok(cbx_spool_flush(spool));
    assert_ok(cbx_spool_sync(spool));
    cbx_spool_close(spool, 1);
    assert_ok(cbx_spool_open(&spool, name));
    assert_int_equal(read_frames(spool, 0, 100), 9);
    cbx_spool_close(spool, 1);
    free(name);
}

static int says(void *answer, const cbx_spool *spool) {
    (void)spool;
    return *(const int *)answer;
}

static void the_living_are_told_from_the_dead(void **state) {
    const char *film = scratch_path(state, "film.mp4");
    cbx_spool *spool = NULL, *other = NULL;
    char *dead = leave(film, 1);
    cbx_spools found;
    assert_ok(cbx_spool_create(&spool, film, &head));
    assert_fails(cbx_spool_open(&other, cbx_spool_name(spool)), CBX_MISSING_INPUT, "still running");
    assert_ok(cbx_spools_find(film, &found));
    assert_string_equal(found.newest, dead);
    assert_int_equal(found.dead, 1);
    assert_int_equal(found.living, 1);
    cbx_spool_remove_dead(film, says, &(int){1});
    assert_int_equal(scratch_entries(state), 2);
    cbx_spool_remove_dead(film, says, &(int){0});
    assert_int_equal(scratch_entries(state), 1);
    assert_fails(cbx_film_recover(film, film, 0, NULL, NULL), CBX_MISSING_INPUT,
                 "still being made");
    cbx_spool_close(spool, 0);
    assert_fails(cbx_film_recover(film, film, 0, NULL, NULL), CBX_MISSING_INPUT, "no frames");
    assert_int_equal(scratch_entries(state), 0);
    free(found.newest);
    free(dead);
}

/* Killed before it was begun: no checkpoint counts on it. */
static void an_empty_one_of_the_dead_goes(void **state) {
    const char *film = scratch_path(state, "film.mp4");
    char name[CBX_CLAIM_BYTES];
    const int file = cbx_claim_create(film, CBX_SPOOL_KIND, name);
    assert_true(file >= 0);
    cbx_spool_remove_dead(film, says, &(int){1});
    assert_int_equal(scratch_entries(state), 1); /* it lives */
    close(file);
    cbx_spool_remove_dead(film, says, &(int){1});
    assert_int_equal(scratch_entries(state), 0);
}

static void a_film_is_made_of_what_was_left(void **state) {
    const char *film = scratch_path(state, "film.mkv");
    cbx_film_result result;
    int kept = 1;
    free(leave(film, FRAMES));
    assert_ok(cbx_film_recover(film, film, 1, &result, &kept));
    assert_int_equal(kept, 0); /* there is no such checkpoint */
    assert_int_equal(result.frames, FRAMES);
    assert_string_equal(result.encoder, "device");
    assert_int_equal(scratch_entries(state), 1);
    const char *plain = scratch_path(state, "film"); /* by its name it could be anything */
    free(leave(plain, FRAMES));
    assert_ok(cbx_film_recover(plain, plain, 1, &result, &kept));
    size_t size;
    uint8_t *bytes = scratch_read(plain, &size);
    assert_memory_equal(bytes, "\x1a\x45\xdf\xa3", 4); /* Matroska's */
    free(bytes);
    unlink(plain);
    free(leave(film, 0));
    assert_fails(cbx_film_recover(film, film, 0, NULL, &kept), CBX_MISSING_INPUT, "no frame");
    assert_int_equal(kept, 1);
}

/* With whole groups every five seconds; *status is that of the last frame. */
static cbx_spool *append_for_a_minute(const char *film, const cbx_spool_head *wanted,
                                      cbx_status *status) {
    cbx_spool *spool = NULL;
    uint8_t bytes[MOST_BYTES];
    assert_ok(cbx_spool_create(&spool, film, wanted));
    *status = CBX_OK;
    for (unsigned i = 0; i < FRAMES && !*status; i++) {
        const size_t size = sample_of(i, bytes);
        later += 5.0;
        *status = cbx_spool_append(spool, bytes, size, i % 5 == 0);
    }
    return spool;
}

static void a_disk_that_fails_is_told_where_a_checkpoint_counts_on_it(void **state) {
    const char *film = scratch_path(state, "film.mp4");
    uint8_t bytes[MOST_BYTES];
    cbx_status status;
    disk_fails = 1;
    cbx_spool *spool = append_for_a_minute(film, &head, &status);
    disk_fails = 0;
    assert_int_equal(status, CBX_CANNOT_WRITE);
    assert_non_null(strstr(cbx_last_error(), strerror(EIO)));
    const size_t size = sample_of(1, bytes); /* what was lost stays lost */
    assert_fails(cbx_spool_append(spool, bytes, size, 0), CBX_CANNOT_WRITE, strerror(EIO));
    assert_fails(cbx_spool_flush(spool), CBX_CANNOT_WRITE, strerror(EIO));
    cbx_spool_close(spool, 0);
    cbx_spool_head without = head;
    without.checkpoint = NULL;
    disk_fails = 1;
    spool = append_for_a_minute(film, &without, &status);
    disk_fails = 0;
    assert_int_equal(status, CBX_OK);
    assert_int_equal(scratch_entries(state), 0); /* given up */
    cbx_spool_close(spool, 0);
}

static void the_name_is_on_the_disk_too(void **state) {
    cbx_status status;
    folders = 0;
    cbx_spool_close(append_for_a_minute(scratch_path(state, "film.mp4"), &head, &status), 0);
    assert_int_equal(status, CBX_OK);
    assert_int_equal(folders, 1);
}

/* Also where no other group follows. */
static void a_whole_group_is_put_on_the_disk(void **state) {
    cbx_spool *spool = NULL;
    uint8_t bytes[MOST_BYTES];
    folders = 0;
    assert_ok(cbx_spool_create(&spool, scratch_path(state, "film.mp4"), &head));
    assert_ok(cbx_spool_append(spool, bytes, sample_of(0, bytes), 1));
    assert_ok(cbx_spool_end_group(spool)); /* too soon */
    assert_int_equal(folders, 0);
    later += 5.0;
    assert_ok(cbx_spool_append(spool, bytes, sample_of(1, bytes), 0));
    assert_int_equal(folders, 0);
    assert_ok(cbx_spool_end_group(spool));
    assert_int_equal(folders, 1);
    cbx_spool_close(spool, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(frames_come_back_in_order),
        SCRATCH_TEST(who_encoded_is_known),
        SCRATCH_TEST(what_is_cut_off_is_left_out),
        SCRATCH_TEST(what_is_damaged_ends_it),
        SCRATCH_TEST(a_spool_goes_on_behind_what_was_read),
        SCRATCH_TEST(the_living_are_told_from_the_dead),
        SCRATCH_TEST(an_empty_one_of_the_dead_goes),
        SCRATCH_TEST(a_film_is_made_of_what_was_left),
        SCRATCH_TEST(a_disk_that_fails_is_told_where_a_checkpoint_counts_on_it),
        SCRATCH_TEST(the_name_is_on_the_disk_too),
        SCRATCH_TEST(a_whole_group_is_put_on_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
