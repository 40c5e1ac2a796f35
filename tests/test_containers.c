/* SPDX-License-Identifier: MIT */
/* What films are put in: by their ending; what else is in the file, and comes of it. */
#include <string.h>
#include <sys/stat.h>

#include "clearbox/film.h"
#include "film/containers.h"
#include "film/film.h"
#include "film/plays.h"
#include "support/film_reader.h"
#include "support/film_scene.h"
#include "support/small_film.h"
#include "support/scratch.h"

#include <libavcodec/avcodec.h>

static const char *hidden; /* a muxer of this name does not exist */

const AVOutputFormat *__real_av_guess_format(const char *name, const char *file, const char *type);
const AVOutputFormat *__wrap_av_guess_format(const char *name, const char *file, const char *type);

const AVOutputFormat *__wrap_av_guess_format(const char *name, const char *file, const char *type) {
    return hidden && strcmp(name, hidden) == 0 ? NULL : __real_av_guess_format(name, file, type);
}

/* ---- names ---- */

static void the_ending_names_the_container(void **state) {
    static const struct {
        const char *path;
        cbx_container wish, is;
    } cases[] = {
        {"a.mp4", CBX_CONTAINER_AUTO, CBX_CONTAINER_MP4},
        {"a.M4V", CBX_CONTAINER_AUTO, CBX_CONTAINER_MP4},
        {"a", CBX_CONTAINER_AUTO, CBX_CONTAINER_MP4},
        {".gif", CBX_CONTAINER_AUTO, CBX_CONTAINER_MP4},
        {"b.gif/a", CBX_CONTAINER_AUTO, CBX_CONTAINER_MP4},
        {"a.", CBX_CONTAINER_AUTO, CBX_CONTAINER_MP4},
        {"a.mkv", CBX_CONTAINER_AUTO, CBX_CONTAINER_MKV},
        {"a.mp4.WebM", CBX_CONTAINER_AUTO, CBX_CONTAINER_WEBM},
        {"a.gif", CBX_CONTAINER_AUTO, CBX_CONTAINER_GIF},
        {"a.webp", CBX_CONTAINER_AUTO, CBX_CONTAINER_WEBP},
        {"a.apng", CBX_CONTAINER_AUTO, CBX_CONTAINER_APNG},
        {"a.ts", CBX_CONTAINER_AUTO, CBX_CONTAINER_MPEGTS},
        {"a", CBX_CONTAINER_GIF, CBX_CONTAINER_GIF},
        {"a.png", CBX_CONTAINER_APNG, CBX_CONTAINER_APNG},
        {"a.mkv", CBX_CONTAINER_MKV, CBX_CONTAINER_MKV},
        {"/dev/null", CBX_CONTAINER_AUTO, CBX_CONTAINER_MP4},
        {NULL, CBX_CONTAINER_AUTO, CBX_CONTAINER_MPEGTS},
        {NULL, CBX_CONTAINER_MKV, CBX_CONTAINER_MKV},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cbx_container container = CBX_CONTAINER_AUTO;
        assert_ok(cbx_film_container(&container, cases[i].path, cases[i].wish));
        assert_int_equal(container, cases[i].is);
    }
}

static void other_endings_are_refused(void **state) {
    cbx_container container;
    (void)state;
    assert_fails(
        cbx_film_container(&container, "a.avi", CBX_CONTAINER_AUTO), CBX_BAD_ARGUMENT,
        "a.avi ends in .avi, which is no film; it can end in .mp4, .m4v, .mkv, .webm, .gif, "
        ".webp, .apng or .ts");
    assert_fails(cbx_film_container(&container, "a.mp4", CBX_CONTAINER_GIF), CBX_BAD_ARGUMENT,
                 "a.mp4 ends like an mp4 film, and is to be a GIF");
    assert_fails(cbx_film_container(&container, NULL, CBX_CONTAINER_APNG), CBX_BAD_ARGUMENT,
                 "an animated PNG needs a regular file");
    assert_fails(cbx_film_container(&container, "/dev/null", CBX_CONTAINER_APNG), CBX_BAD_ARGUMENT,
                 "/dev/null is none");
    assert_fails(cbx_film_container(&container, "a", (cbx_container)99), CBX_BAD_ARGUMENT,
                 "unknown container 99");
    assert_null(cbx_container_name((cbx_container)99));
}

/* A pipe may be called like another container's file. */
static void a_pipe_is_no_file(void **state) {
    cbx_container container;
    const char *path = scratch_path(state, "pipe.mp4");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_ok(cbx_film_container(&container, path, CBX_CONTAINER_MKV));
    assert_int_equal(container, CBX_CONTAINER_MKV);
    assert_ok(cbx_film_container(&container, path, CBX_CONTAINER_AUTO));
    assert_int_equal(container, CBX_CONTAINER_MP4);
}

static void a_container_takes_its_codecs(void **state) {
    cbx_film_settings settings = settings_for(70);
    (void)state;
    settings.container = CBX_CONTAINER_WEBM;
    assert_int_equal(cbx_film_codec_of(&settings), CBX_CODEC_VP9);
    settings.encoder = "libx264";
    assert_fails(cbx_film_check(&settings), CBX_BAD_ARGUMENT,
                 "a WebM film holds vp9, vp8 and av1, and libx264 makes h264");
    settings.encoder = NULL;
    settings.codec = CBX_CODEC_MPEG4;
    assert_fails(cbx_film_check(&settings), CBX_BAD_ARGUMENT, "what was chosen makes mpeg4");
    settings = settings_for(70);
    settings.container = CBX_CONTAINER_GIF;
    settings.quality = 3;
    assert_fails(cbx_film_check(&settings), CBX_BAD_ARGUMENT, "quality 3: GIF has none to choose");
}

static void a_missing_muxer_is_told(void **state) {
    const cbx_film_settings settings = settings_for(70);
    film_scene scene;
    cbx_film *film;
    scene_make(&scene, WIDTH, HEIGHT);
    hidden = "matroska";
    assert_fails(cbx_film_open(&film, scratch_path(state, "a.mkv"), &settings, scene.cb, scene.cr),
                 CBX_NO_ENCODER,
                 "cannot write a Matroska film; install one with its muxer matroska");
    hidden = NULL;
    assert_int_equal(scratch_entries(state), 0);
    scene_free(&scene);
}

/* ---- what else is in the file, or comes of it ---- */

static void check_tag(const AVFormatContext *file, const char *key, const char *value) {
    const AVDictionaryEntry *entry = av_dict_get(file->metadata, key, NULL, 0);
    assert_non_null(entry);
    assert_string_equal(entry->value, value);
}

static void a_film_says_what_it_is(void **state) {
    static const struct {
        const char *name, *maker;
    } cases[] = {{"a.mp4", "encoder"}, {"a.mkv", "encoded_by"}, {"a.webm", "encoded_by"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cbx_film_settings settings = settings_for(70);
        const char *path = scratch_path(state, cases[i].name);
        AVFormatContext *file = NULL;
        make_film(path, &settings, 20);
        assert_true(avformat_open_input(&file, path, NULL, NULL) >= 0);
        check_tag(file, "title", "a title");
        check_tag(file, "comment", "a comment");
        const AVDictionaryEntry *maker = av_dict_get(file->metadata, cases[i].maker, NULL, 0);
        assert_non_null(maker);
        assert_int_equal(strncmp(maker->value, "clearbox ", 9), 0);
        avformat_close_input(&file);
    }
}

static void a_comment_may_come_last(void **state) {
    const cbx_film_settings settings = settings_for(70);
    const char *path = scratch_path(state, "a.mp4");
    AVFormatContext *file = NULL;
    film_scene scene;
    film_ring ring;
    cbx_film *film;
    scene_make(&scene, WIDTH, HEIGHT);
    assert_ok(cbx_film_open(&film, path, &settings, scene.cb, scene.cr));
    ring_make(&ring, cbx_film_ring_frames(film), &scene);
    assert_ok(ring_push(&ring, &scene, film, 0, 20));
    assert_ok(cbx_film_comment(film, "another"));
    assert_ok(cbx_film_finish(film, NULL));
    ring_free(&ring);
    scene_free(&scene);
    assert_true(avformat_open_input(&file, path, NULL, NULL) >= 0);
    check_tag(file, "comment", "another");
    avformat_close_input(&file);
}

static void costs_are_told(void **state) {
    cbx_film_settings settings = {.width = 224, .height = 224, .fps = 70, .quality = -1};
    char sentence[80];
    (void)state;
    cbx_film_costs(&settings, 3910, sentence, sizeof sentence);
    assert_string_equal(sentence, "");
    settings.container = CBX_CONTAINER_GIF;
    cbx_film_costs(&settings, 782, sentence, sizeof sentence);
    assert_string_equal(sentence, "558 of 782 frames, 50 a second");
    settings.container = CBX_CONTAINER_APNG;
    cbx_film_costs(&settings, 3910, sentence, sizeof sentence);
    assert_non_null(strstr(sentence, " MB and "));
    assert_in_range(strlen(sentence), 1, 68);
}

/* An animation is encoded in one go: one that nobody waits for any more leaves nothing. */
static void a_film_that_is_thrown_away_leaves_nothing(void **state) {
    static const char *const names[] = {"a.gif", "a.webp", "a.apng", "a.webm"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cbx_film_settings settings = settings_for(70);
        film_scene scene;
        film_ring ring;
        cbx_film *film;
        scene_make(&scene, WIDTH, HEIGHT);
        cbx_status status =
            cbx_film_open(&film, scratch_path(state, names[i]), &settings, scene.cb, scene.cr);
        if (status == CBX_NO_ENCODER) {
            scene_free(&scene);
            continue;
        }
        assert_ok(status);
        ring_make(&ring, cbx_film_ring_frames(film), &scene);
        assert_ok(ring_push(&ring, &scene, film, 0, 290));
        cbx_film_discard(film);
        assert_int_equal(ring.released, 290);
        assert_ok(
            cbx_film_open(&film, scratch_path(state, names[i]), &settings, scene.cb, scene.cr));
        assert_fails(cbx_film_finish(film, NULL), CBX_BAD_ARGUMENT, "without frames");
        assert_int_equal(scratch_entries(state), 0);
        ring_free(&ring);
        scene_free(&scene);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(the_ending_names_the_container),
        SCRATCH_TEST(other_endings_are_refused),
        SCRATCH_TEST(a_pipe_is_no_file),
        SCRATCH_TEST(a_container_takes_its_codecs),
        SCRATCH_TEST(a_missing_muxer_is_told),
        SCRATCH_TEST(a_film_says_what_it_is),
        SCRATCH_TEST(a_comment_may_come_last),
        SCRATCH_TEST(costs_are_told),
        SCRATCH_TEST(a_film_that_is_thrown_away_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
