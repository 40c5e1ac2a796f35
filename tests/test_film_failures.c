/* SPDX-License-Identifier: MIT */
/* Films that cannot be made: one clear sentence, nothing left behind, an old file
 * untouched, every frame given back. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clearbox/film.h"
#include "support/film_scene.h"
#include "support/scratch.h"

static const char OLD[] = "an old film";

static cbx_film_settings small_settings(void) {
    return (cbx_film_settings){.width = 84,
                               .height = 56,
                               .fps = 70,
                               .codec = CBX_CODEC_MPEG4,
                               .quality = -1,
                               .workers = 3};
}

static void write_old(const char *path) {
    scratch_write(path, OLD, sizeof OLD);
}

static void assert_old(const char *path) {
    size_t size;
    uint8_t *bytes = scratch_read(path, &size);
    assert_int_equal(size, sizeof OLD);
    assert_memory_equal(bytes, OLD, size);
    free(bytes);
}

static void settings_are_checked(void **state) {
    static const struct {
        const char *part;
        cbx_film_settings settings;
    } cases[] = {
        {"both sides must be even",
         {83, 56, 70, CBX_CODEC_H264, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"both sides must be even",
         {84, 57, 70, CBX_CODEC_MPEG4, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"both sides must be even",
         {0, 56, 70, CBX_CODEC_H264, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"both sides must be even",
         {84, 0, 70, CBX_CODEC_MPEG4, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"ends at 8191",
         {8192, 56, 70, CBX_CODEC_MPEG4, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"ends at 8191",
         {56, 8192, 70, CBX_CODEC_MPEG4, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"ends at 8191 pixels a side, and this fits into H.264",
         {8192, 8192, 70, CBX_CODEC_MPEG4, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL,
          0}},
        {"ends at 16384 pixels a side; a smaller scale, fewer neurons or no film help",
         {16386, 56, 70, CBX_CODEC_H264, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"no more than 16254",
         {16256, 16256, 70, CBX_CODEC_H264, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL,
          0}},
        {"beside 16352 pixels libavcodec takes no more than 16160",
         {16352, 16352, 70, CBX_CODEC_H264, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL,
          0}},
        {"1 to 1000",
         {84, 56, 0, CBX_CODEC_H264, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"1 to 1000",
         {84, 56, 1001, CBX_CODEC_MPEG4, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"quality 52",
         {84, 56, 70, CBX_CODEC_H264, NULL, 52, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"quality -2",
         {84, 56, 70, CBX_CODEC_H264, NULL, -2, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"quality 0",
         {84, 56, 70, CBX_CODEC_MPEG4, NULL, 0, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"quality 32",
         {84, 56, 70, CBX_CODEC_MPEG4, NULL, 32, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"unknown preset \"fastest\"",
         {84, 56, 70, CBX_CODEC_H264, NULL, -1, "fastest", 1, 0, CBX_CONTAINER_AUTO, NULL, NULL,
          0}},
        {"unknown video codec",
         {84, 56, 70, (cbx_codec)99, NULL, -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"preset \"slow\": the encoder mpeg4 has none",
         {84, 56, 70, CBX_CODEC_MPEG4, "mpeg4", -1, "slow", 1, 0, CBX_CONTAINER_AUTO, NULL, NULL,
          0}},
        {"unknown preset \"fastest\"",
         {84, 56, 70, CBX_CODEC_H264, "libx264", -1, "fastest", 1, 0, CBX_CONTAINER_AUTO, NULL,
          NULL, 0}},
        {"quality 40: must be 1 (best) to 31 for MPEG-4",
         {84, 56, 70, CBX_CODEC_H264, "mpeg4", 40, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"ends at 8191",
         {8192, 56, 70, CBX_CODEC_H264, "mpeg4", -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL,
          0}},
        {"unknown encoder \"h264\": there are auto, device, libx264, libopenh264, h264_nvenc, "
         "h264_vaapi, mpeg4, libvpx-vp9, libvpx, libaom-av1, gif, libwebp_anim and apng",
         {84, 56, 70, CBX_CODEC_H264, "h264", -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"unknown encoder \"\"",
         {84, 56, 70, CBX_CODEC_MPEG4, "", -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"the encoder libx264 makes h264, not mpeg4",
         {84, 56, 70, CBX_CODEC_MPEG4, "libx264", -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL,
          0}},
        {"unknown video codec",
         {84, 56, 70, (cbx_codec)99, "libx264", -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"the encoder device takes frames where they are drawn",
         {84, 56, 70, CBX_CODEC_H264, "device", -1, NULL, 1, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
        {"257 encoders",
         {84, 56, 70, CBX_CODEC_MPEG4, NULL, -1, NULL, 257, 0, CBX_CONTAINER_AUTO, NULL, NULL, 0}},
    };
    film_scene scene;
    cbx_film *film;

    scene_make(&scene, 84, 56);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        film = (cbx_film *)&scene;
        assert_fails(cbx_film_open(&film, scratch_path(state, "a.mp4"), &cases[i].settings,
                                   scene.cb, scene.cr),
                     CBX_BAD_ARGUMENT, cases[i].part);
        assert_null(film);
    }
    cbx_film_settings settings = small_settings();
    assert_fails(cbx_film_open(&film, "", &settings, scene.cb, scene.cr), CBX_BAD_ARGUMENT, "");
    assert_fails(cbx_film_open(&film, "a.mp4", NULL, scene.cb, scene.cr), CBX_BAD_ARGUMENT, "");
    assert_fails(cbx_film_open(&film, "a.mp4", &settings, NULL, scene.cr), CBX_BAD_ARGUMENT, "");
    assert_null(cbx_film_encoder((cbx_codec)99));
    /* The largest square, which libavcodec does open. */
    settings.width = settings.height = 16254;
    settings.codec = CBX_CODEC_H264;
    if (cbx_film_encoder(CBX_CODEC_H264)) {
        assert_ok(cbx_film_check(&settings));
    }
    assert_int_equal(scratch_entries(state), 0);
    scene_free(&scene);
}

static void files_that_cannot_be_made(void **state) {
    cbx_film_settings settings = small_settings();
    const char *taken = scratch_path(state, "taken.mp4");
    film_scene scene;
    cbx_film *film;

    scene_make(&scene, 84, 56);
    assert_fails(
        cbx_film_open(&film, scratch_path(state, "missing/a.mp4"), &settings, scene.cb, scene.cr),
        CBX_CANNOT_CREATE, "missing");
    assert_fails(cbx_film_open(&film, *state, &settings, scene.cb, scene.cr), CBX_CANNOT_CREATE,
                 "folder");
    write_old(taken);
    settings.no_clobber = 1;
    assert_fails(cbx_film_open(&film, taken, &settings, scene.cb, scene.cr), CBX_CANNOT_CREATE,
                 "taken.mp4");
    assert_old(taken);
    assert_int_equal(scratch_entries(state), 1);
    scene_free(&scene);
}

static void name_taken_meanwhile_is_kept(void **state) {
    cbx_film_settings settings = small_settings();
    const char *path = scratch_path(state, "a.mp4");
    film_scene scene;
    film_ring ring;
    cbx_film *film;

    settings.no_clobber = 1;
    scene_make(&scene, 84, 56);
    ring_make(&ring, 8, &scene);
    assert_ok(cbx_film_open(&film, path, &settings, scene.cb, scene.cr));
    assert_ok(ring_push(&ring, &scene, film, 0, 5));
    write_old(path);
    assert_fails(cbx_film_finish(film, NULL), CBX_CANNOT_CREATE, "a.mp4");
    assert_old(path);
    assert_int_equal(scratch_entries(state), 1);
    assert_int_equal(ring.released, 5);
    ring_free(&ring);
    scene_free(&scene);
}

static void old_film_is_replaced_at_the_end(void **state) {
    cbx_film_settings settings = small_settings();
    const char *path = scratch_path(state, "50%d file:a.mp4");
    film_scene scene;
    film_ring ring;
    cbx_film *film;
    cbx_film_result result;
    size_t size;

    write_old(path);
    scene_make(&scene, 84, 56);
    ring_make(&ring, 8, &scene);
    assert_ok(cbx_film_open(&film, path, &settings, scene.cb, scene.cr));
    assert_ok(ring_push(&ring, &scene, film, 0, 500));
    assert_old(path);
    assert_ok(cbx_film_finish(film, &result));
    free(scratch_read(path, &size));
    assert_int_equal(size, result.bytes);
    assert_int_equal(scratch_entries(state), 1);
    ring_free(&ring);
    scene_free(&scene);
}

static void film_without_frames(void **state) {
    cbx_film_settings settings = small_settings();
    const char *path = scratch_path(state, "a.mp4");
    film_scene scene;
    cbx_film *film;

    write_old(path);
    scene_make(&scene, 84, 56);
    assert_ok(cbx_film_open(&film, path, &settings, scene.cb, scene.cr));
    assert_fails(cbx_film_finish(film, NULL), CBX_BAD_ARGUMENT, "without frames");
    assert_fails(cbx_film_finish(NULL, NULL), CBX_BAD_ARGUMENT, "no film");
    cbx_film_discard(NULL);
    assert_old(path);
    assert_int_equal(scratch_entries(state), 1);
    scene_free(&scene);
}

static void count_call(void *opaque) {
    ++*(int *)opaque;
}

static void refused_frame_is_released(void **state) {
    cbx_film_settings settings = small_settings();
    film_scene scene;
    cbx_film *film;
    int calls = 0;

    scene_make(&scene, 84, 56);
    assert_ok(cbx_film_open(&film, scratch_path(state, "a.mp4"), &settings, scene.cb, scene.cr));
    assert_fails(cbx_film_push(film, NULL, count_call, &calls), CBX_BAD_ARGUMENT, "luma");
    assert_int_equal(calls, 1);
    assert_fails(cbx_film_push(film, NULL, NULL, NULL), CBX_BAD_ARGUMENT, "luma");
    cbx_film_discard(film);
    scene_free(&scene);
}

/* Discarded with some groups encoded, some waiting, and one half full. */
static void discarded_in_the_middle(void **state) {
    const uint64_t counts[] = {0, 1, 100, 280, 281, 2000};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        cbx_film_settings settings = small_settings();
        const char *path = scratch_path(state, "a.mp4");
        film_scene scene;
        film_ring ring;
        cbx_film *film;
        write_old(path);
        scene_make(&scene, 84, 56);
        assert_ok(cbx_film_open(&film, path, &settings, scene.cb, scene.cr));
        ring_make(&ring, cbx_film_ring_frames(film), &scene);
        assert_ok(ring_push(&ring, &scene, film, 0, counts[i]));
        cbx_film_discard(film);
        assert_int_equal(ring.released, counts[i]);
        assert_false(ring.twice);
        assert_old(path);
        assert_int_equal(scratch_entries(state), 1);
        ring_free(&ring);
        scene_free(&scene);
    }
}

/* Makes a film of 1500 frames and returns how it went; every frame must come back. */
static cbx_status try_film(const char *path, const cbx_film_settings *settings, uint64_t *bytes) {
    film_scene scene;
    film_ring ring;
    cbx_film *film;
    cbx_film_result result = {0};

    scene_make(&scene, settings->width, settings->height);
    cbx_status status = cbx_film_open(&film, path, settings, scene.cb, scene.cr);
    if (!status) {
        ring_make(&ring, cbx_film_ring_frames(film), &scene);
        cbx_status pushed = ring_push(&ring, &scene, film, 0, 1500);
        status = cbx_film_finish(film, &result);
        assert_true(!pushed || pushed == status);
        assert_int_equal(ring.released, ring.lent);
        assert_false(ring.twice);
        ring_free(&ring);
    }
    *bytes = result.bytes;
    scene_free(&scene);
    return status;
}

/* The disk is full at once, at the first group, later, when the index is written,
 * and when the index moves to the front. */
static void full_disk_leaves_the_old_film(void **state) {
    const cbx_codec codecs[] = {CBX_CODEC_H264, CBX_CODEC_MPEG4};
    const char *path = scratch_path(state, "a.mp4");
    struct rlimit before, lowered;
    uint64_t bytes;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t codec = 0; codec < 2; codec++) {
        cbx_film_settings settings = small_settings();
        settings.codec = codecs[codec];
        if (!cbx_film_encoder(settings.codec)) {
            continue;
        }
        assert_ok(try_film(path, &settings, &bytes));
        const uint64_t limits[] = {0, 20, 2000, bytes / 2, bytes - 8000, bytes - 2};
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
            write_old(path);
            lowered = before;
            lowered.rlim_cur = limits[i];
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &lowered), 0);
            cbx_status status = try_film(path, &settings, &bytes);
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
            assert_fails(status, CBX_CANNOT_WRITE, "File too large");
            assert_message("a.mp4");
            assert_old(path);
            assert_int_equal(scratch_entries(state), 1);
        }
    }
    signal(SIGXFSZ, SIG_DFL);
}

static void devices_and_pipes_are_written_directly(void **state) {
    cbx_film_settings settings = small_settings();
    uint64_t bytes;

    (void)state;
    assert_ok(try_film("/dev/null", &settings, &bytes));
    assert_true(bytes > 1500);
    if (access("/dev/full", W_OK) == 0) {
        assert_fails(try_film("/dev/full", &settings, &bytes), CBX_CANNOT_WRITE,
                     "No space left on device");
    }
}

static size_t entries_of(const char *path) {
    DIR *folder = opendir(path);
    size_t count = 0;
    if (!folder) {
        return 0; /* not Linux */
    }
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

static void no_thread_or_file_stays_open(void **state) {
    cbx_film_settings settings = small_settings();
    const char *path = scratch_path(state, "a.mp4");
    film_scene scene;
    cbx_film *film;
    uint64_t bytes;

    scene_make(&scene, 84, 56);
    assert_ok(try_film(path, &settings, &bytes)); /* libav sets itself up */
    size_t files = entries_of("/proc/self/fd"), threads = entries_of("/proc/self/task");
    for (int i = 0; i < 5; i++) {
        assert_ok(try_film(path, &settings, &bytes));
        assert_ok(cbx_film_open(&film, path, &settings, scene.cb, scene.cr));
        cbx_film_discard(film);
        assert_fails(
            cbx_film_open(&film, scratch_path(state, "no/a.mp4"), &settings, scene.cb, scene.cr),
            CBX_CANNOT_CREATE, "");
    }
    assert_int_equal(entries_of("/proc/self/fd"), files);
    assert_int_equal(entries_of("/proc/self/task"), threads);
    scene_free(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(settings_are_checked),
        SCRATCH_TEST(files_that_cannot_be_made),
        SCRATCH_TEST(name_taken_meanwhile_is_kept),
        SCRATCH_TEST(old_film_is_replaced_at_the_end),
        SCRATCH_TEST(film_without_frames),
        SCRATCH_TEST(refused_frame_is_released),
        SCRATCH_TEST(discarded_in_the_middle),
        SCRATCH_TEST(full_disk_leaves_the_old_film),
        SCRATCH_TEST(devices_and_pipes_are_written_directly),
        SCRATCH_TEST(no_thread_or_file_stays_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
