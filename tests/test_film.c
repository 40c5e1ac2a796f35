/* SPDX-License-Identifier: MIT */
/* Films that must come out right: decoded again and compared with what went in. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clearbox/film.h"
#include "support/film_reader.h"
#include "support/film_scene.h"
#include "support/scratch.h"

#ifndef AV_PROFILE_H264_BASELINE /* before FFmpeg 6.1; the other name is gone since 9 */
#define AV_PROFILE_H264_BASELINE FF_PROFILE_H264_BASELINE
#endif

/* 7 × 6 tiles, H = 37: no side is a multiple of 16. */
enum { WIDTH = 168, HEIGHT = 196 };

static cbx_film_settings settings_for(cbx_codec codec, uint32_t width, uint32_t height) {
    return (cbx_film_settings){
        .width = width, .height = height, .fps = 70, .codec = codec, .quality = -1, .workers = 2};
}

/* Makes a film of `count` frames through a ring of `slots`, 0: as many as the film
 * wants, and checks what must hold for every film. */
static cbx_film_result make_film(const char *path, const cbx_film_settings *settings,
                                 uint64_t count, uint32_t slots) {
    film_scene scene;
    film_ring ring;
    cbx_film *film;
    cbx_film_result result;

    scene_make(&scene, settings->width, settings->height);
    assert_ok(cbx_film_open(&film, path, settings, scene.cb, scene.cr));
    uint32_t wanted = cbx_film_ring_frames(film);
    assert_true(wanted > cbx_film_group_frames(film));
    ring_make(&ring, slots ? slots : wanted, &scene);
    assert_ok(ring_push(&ring, &scene, film, 0, count));
    assert_ok(cbx_film_finish(film, &result));
    assert_int_equal(ring.released, count);
    assert_int_equal(ring.lent, count);
    assert_int_equal(ring.outstanding, 0);
    assert_false(ring.twice);
    assert_int_equal(result.frames, count);
    assert_true(result.encode_seconds > 0);
    assert_true(result.waited_seconds >= 0);
    assert_string_equal(result.encoder, cbx_film_encoder(settings->codec));
    ring_free(&ring);
    scene_free(&scene);
    return result;
}

static uint32_t group_frames(const char *path, const cbx_film_settings *settings) {
    film_scene scene;
    cbx_film *film;

    scene_make(&scene, settings->width, settings->height);
    assert_ok(cbx_film_open(&film, path, settings, scene.cb, scene.cr));
    uint32_t frames = cbx_film_group_frames(film);
    cbx_film_discard(film);
    scene_free(&scene);
    return frames;
}

/* What the pictures of a film are compared with, and how far off they are. */
typedef struct comparison {
    film_scene scene;
    uint8_t *drawn;
    double worst_psnr;                  /* of luma, over the pictures */
    double border_error[3], largest[3]; /* Y, Cb, Cr on borders: sum, largest */
    double border_pixels[3];
} comparison;

static void note_border(comparison *seen, int plane, int decoded, int drawn) {
    double error = fabs((double)decoded - drawn);
    seen->border_error[plane] += error;
    seen->border_pixels[plane]++;
    if (!(error <= seen->largest[plane])) {
        seen->largest[plane] = error;
    }
}

static void compare_picture(void *opaque, uint64_t index, const AVFrame *picture) {
    comparison *seen = opaque;
    const film_scene *scene = &seen->scene;
    double squares = 0;

    assert_int_equal(picture->width, scene->width);
    assert_int_equal(picture->height, scene->height);
    assert_int_equal(picture->format, AV_PIX_FMT_YUV420P);
    scene_draw(scene, index, seen->drawn);
    for (uint32_t y = 0; y < scene->height; y++) {
        for (uint32_t x = 0; x < scene->width; x++) {
            int luma = picture->data[0][(int)y * picture->linesize[0] + (int)x];
            int drawn = seen->drawn[y * scene->width + x];
            squares += (luma - drawn) * (luma - drawn);
            if (scene_is_border(x, y)) {
                int row = (int)y / 2, column = (int)x / 2;
                note_border(seen, 0, luma, 63);
                note_border(seen, 1, picture->data[1][row * picture->linesize[1] + column], 102);
                note_border(seen, 2, picture->data[2][row * picture->linesize[2] + column], 240);
            }
        }
    }
    double mean = squares / ((double)scene->width * scene->height);
    double psnr = 10 * log10(255 * 255 / (mean + 1e-9));
    if (!(psnr >= seen->worst_psnr)) {
        seen->worst_psnr = psnr;
    }
}

static void check_colours(const film_facts *facts) {
    assert_int_equal(facts->range, AVCOL_RANGE_MPEG);
    assert_int_equal(facts->primaries, AVCOL_PRI_BT709);
    assert_int_equal(facts->transfer, AVCOL_TRC_BT709);
    assert_int_equal(facts->matrix, AVCOL_SPC_BT709);
}

/* A whole film against its frames: number, times, rate, tags, colours, pictures. */
static void check_film(const char *path, cbx_codec codec) {
    cbx_film_settings settings = settings_for(codec, WIDTH, HEIGHT);
    comparison seen = {.worst_psnr = 1000};
    film_facts facts;
    size_t size;

    cbx_film_result result = make_film(path, &settings, 600, 0);
    uint8_t *bytes = scratch_read(path, &size);
    assert_int_equal(size, result.bytes);
    assert_true(film_index_first(bytes, size));
    free(bytes);

    scene_make(&seen.scene, WIDTH, HEIGHT);
    seen.drawn = malloc(WIDTH * HEIGHT);
    assert_non_null(seen.drawn);
    film_read(path, 70, &facts, compare_picture, &seen);
    assert_int_equal(facts.packets, 600);
    assert_int_equal(facts.pictures, 600);
    assert_true(facts.exact_times);
    assert_int_equal(av_cmp_q(facts.rate, (AVRational){70, 1}), 0);
    assert_int_equal(av_cmp_q(facts.guess, (AVRational){70, 1}), 0);
    assert_true(fabs(facts.duration_seconds - 600 / 70.0) < 2e-6);
    assert_int_equal(facts.width, WIDTH);
    assert_int_equal(facts.height, HEIGHT);
    assert_int_equal(facts.format, AV_PIX_FMT_YUV420P);
    assert_int_equal(facts.key_every, 280);
    assert_int_equal(facts.keys, 3);
    check_colours(&facts);

    print_message("%s: %.1f dB at worst, border off by %.1f %.1f %.1f, at worst %g %g %g\n",
                  result.encoder, seen.worst_psnr, seen.border_error[0] / seen.border_pixels[0],
                  seen.border_error[1] / seen.border_pixels[1],
                  seen.border_error[2] / seen.border_pixels[2], seen.largest[0], seen.largest[1],
                  seen.largest[2]);
    assert_true(seen.worst_psnr >= 38);
    for (int plane = 0; plane < 3; plane++) {
        assert_true(seen.border_error[plane] / seen.border_pixels[plane] <= 3);
        assert_true(seen.largest[plane] <= 20);
    }
    free(seen.drawn);
    scene_free(&seen.scene);
}

static void needs_h264(void) {
    if (!cbx_film_encoder(CBX_CODEC_H264)) {
        print_message("libavcodec has no H.264 encoder\n");
        skip();
    }
}

static void h264_film_holds_what_was_drawn(void **state) {
    needs_h264();
    check_film(scratch_path(state, "a.mp4"), CBX_CODEC_H264);
}

static void mpeg4_film_holds_what_was_drawn(void **state) {
    check_film(scratch_path(state, "a.mp4"), CBX_CODEC_MPEG4);
}

static void browsers_know_the_stream(void **state) {
    cbx_film_settings settings = settings_for(CBX_CODEC_H264, 224, 224);
    film_facts facts;

    needs_h264();
    make_film(scratch_path(state, "a.mp4"), &settings, 3, 0);
    film_read(scratch_path(state, "a.mp4"), 70, &facts, NULL, NULL);
    assert_int_equal(facts.tag, MKTAG('a', 'v', 'c', '1'));
    assert_int_equal(facts.profile & 0xFF, AV_PROFILE_H264_BASELINE);
    assert_int_equal(facts.format, AV_PIX_FMT_YUV420P);

    /* lossless is a profile that they refuse: the best quality stays below it */
    settings.quality = 0;
    make_film(scratch_path(state, "b.mp4"), &settings, 3, 0);
    film_read(scratch_path(state, "b.mp4"), 70, &facts, NULL, NULL);
    assert_int_equal(facts.profile & 0xFF, AV_PROFILE_H264_BASELINE);

    settings = settings_for(CBX_CODEC_MPEG4, 224, 224);
    make_film(scratch_path(state, "c.mp4"), &settings, 3, 0);
    film_read(scratch_path(state, "c.mp4"), 70, &facts, NULL, NULL);
    assert_int_equal(facts.tag, MKTAG('m', 'p', '4', 'v'));
}

static void large_frames_get_level_6(void **state) {
    cbx_film_settings settings = settings_for(CBX_CODEC_H264, 3584, 3584);
    film_facts facts;

    needs_h264();
    assert_int_equal(group_frames(scratch_path(state, "a.mp4"), &settings), 20);
    make_film(scratch_path(state, "a.mp4"), &settings, 1, 1);
    film_read(scratch_path(state, "a.mp4"), 70, &facts, NULL, NULL);
    assert_int_equal(facts.level, 60);
    assert_int_equal(facts.pictures, 1);
}

static void bytes_do_not_depend_on_workers(void **state) {
    const uint32_t workers[] = {1, 2, 7, 0};
    const cbx_codec codecs[] = {CBX_CODEC_H264, CBX_CODEC_MPEG4};

    for (size_t codec = 0; codec < 2; codec++) {
        uint8_t *first = NULL;
        size_t first_size = 0;
        if (!cbx_film_encoder(codecs[codec])) {
            continue;
        }
        for (size_t i = 0; i < 4; i++) {
            cbx_film_settings settings = settings_for(codecs[codec], 112, 84);
            const char *path = scratch_path(state, "a.mp4");
            size_t size;
            settings.workers = workers[i];
            make_film(path, &settings, 900, 0);
            uint8_t *bytes = scratch_read(path, &size);
            if (i == 0) {
                first = bytes;
                first_size = size;
                continue;
            }
            assert_int_equal(size, first_size);
            assert_memory_equal(bytes, first, size);
            free(bytes);
        }
        free(first);
    }
}

static void bytes_do_not_depend_on_the_ring(void **state) {
    const uint32_t slots[] = {1, 2, 7, 0};
    const cbx_codec codecs[] = {CBX_CODEC_H264, CBX_CODEC_MPEG4};

    for (size_t codec = 0; codec < 2; codec++) {
        size_t first_size = 0;
        if (!cbx_film_encoder(codecs[codec])) {
            continue;
        }
        for (size_t i = 0; i < 4; i++) {
            cbx_film_settings settings = settings_for(codecs[codec], 56, 28);
            cbx_film_result result =
                make_film(scratch_path(state, "a.mp4"), &settings, 300, slots[i]);
            assert_true(i == 0 || result.bytes == first_size);
            first_size = result.bytes;
        }
    }
}

/* An encoder that takes far longer than drawing: the caller runs into the end of
 * its ring, and both go on. */
static void slow_encoder_holds_the_caller_back(void **state) {
    cbx_film_settings settings = settings_for(CBX_CODEC_H264, 84, 84);
    film_scene scene;
    film_ring ring;
    cbx_film *film;

    needs_h264();
    settings.preset = "slow";
    settings.workers = 1;
    scene_make(&scene, settings.width, settings.height);
    assert_ok(cbx_film_open(&film, scratch_path(state, "a.mp4"), &settings, scene.cb, scene.cr));
    assert_int_equal(2 * cbx_film_ring_frames(film), 3 * cbx_film_group_frames(film));
    ring_make(&ring, cbx_film_ring_frames(film), &scene);
    assert_ok(ring_push(&ring, &scene, film, 0, 1200));
    assert_ok(cbx_film_finish(film, NULL));
    print_message("%u of %u planes were lent at once\n", ring.most, ring.slots);
    assert_true(ring.most <= ring.slots);
    assert_int_equal(ring.released, 1200);
    ring_free(&ring);
    scene_free(&scene);
}

static void groups_end_where_they_should(void **state) {
    const cbx_codec codecs[] = {CBX_CODEC_H264, CBX_CODEC_MPEG4};

    for (size_t codec = 0; codec < 2; codec++) {
        cbx_film_settings settings = settings_for(codecs[codec], 28, 28);
        const char *path = scratch_path(state, "a.mp4");
        if (!cbx_film_encoder(codecs[codec])) {
            continue;
        }
        uint32_t group = group_frames(path, &settings);
        const uint32_t counts[] = {1, 2, group - 1, group, group + 1, 2 * group + 3};
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            film_facts facts;
            make_film(path, &settings, counts[i], 0);
            film_read(path, 70, &facts, NULL, NULL);
            assert_int_equal(facts.pictures, counts[i]);
            assert_int_equal(facts.keys, (counts[i] + group - 1) / group);
            assert_int_equal(facts.key_every, counts[i] > group ? group : 0);
            assert_true(facts.exact_times);
        }
    }
}

static void every_rate_is_exact(void **state) {
    const uint32_t rates[] = {1, 7, 24, 70, 999, 1000};
    const cbx_codec codecs[] = {CBX_CODEC_H264, CBX_CODEC_MPEG4};

    for (size_t i = 0; i < 2 * sizeof rates / sizeof rates[0]; i++) {
        cbx_film_settings settings = settings_for(codecs[i % 2], 56, 56);
        film_facts facts;
        if (!cbx_film_encoder(settings.codec)) {
            continue;
        }
        settings.fps = rates[i / 2];
        make_film(scratch_path(state, "a.mp4"), &settings, 11, 0);
        film_read(scratch_path(state, "a.mp4"), settings.fps, &facts, NULL, NULL);
        assert_int_equal(facts.pictures, 11);
        assert_true(facts.exact_times);
        assert_int_equal(av_cmp_q(facts.rate, (AVRational){(int)settings.fps, 1}), 0);
        assert_true(fabs(facts.duration_seconds - 11.0 / settings.fps) < 2e-6);
    }
}

static void quality_and_presets_matter(void **state) {
    const char *const presets[] = {NULL, "ultrafast", "superfast", "veryfast"};
    cbx_film_settings settings = settings_for(CBX_CODEC_MPEG4, WIDTH, HEIGHT);
    uint64_t fine, coarse;

    settings.quality = 1;
    fine = make_film(scratch_path(state, "a.mp4"), &settings, 20, 0).bytes;
    settings.quality = 31;
    coarse = make_film(scratch_path(state, "a.mp4"), &settings, 20, 0).bytes;
    assert_true(fine > 2 * coarse);

    needs_h264();
    settings.codec = CBX_CODEC_H264;
    for (size_t i = 0; i < 4; i++) {
        settings.preset = presets[i];
        settings.quality = 10;
        fine = make_film(scratch_path(state, "a.mp4"), &settings, 20, 0).bytes;
        settings.quality = 40;
        coarse = make_film(scratch_path(state, "a.mp4"), &settings, 20, 0).bytes;
        assert_true(fine > 2 * coarse);
    }
}

/* libav would print x264's summary and "Starting second pass". */
static void nothing_is_printed(void **state) {
    const cbx_codec codecs[] = {CBX_CODEC_H264, CBX_CODEC_MPEG4};
    const char *printed = scratch_path(state, "printed");
    size_t size;

    fflush(NULL);
    int out = dup(STDOUT_FILENO), error = dup(STDERR_FILENO);
    assert_non_null(freopen(printed, "w", stderr));
    assert_true(dup2(STDERR_FILENO, STDOUT_FILENO) >= 0);
    for (size_t i = 0; i < 2; i++) {
        if (cbx_film_encoder(codecs[i])) {
            cbx_film_settings settings = settings_for(codecs[i], 56, 56);
            make_film(scratch_path(state, "a.mp4"), &settings, 300, 0);
        }
    }
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    close(out);
    close(error);
    uint8_t *bytes = scratch_read(printed, &size);
    bytes[size] = 0;
    if (size > 0) {
        print_error("printed: %s\n", (const char *)bytes);
    }
    free(bytes);
    assert_int_equal(size, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(h264_film_holds_what_was_drawn),
        SCRATCH_TEST(mpeg4_film_holds_what_was_drawn),
        SCRATCH_TEST(browsers_know_the_stream),
        SCRATCH_TEST(large_frames_get_level_6),
        SCRATCH_TEST(bytes_do_not_depend_on_workers),
        SCRATCH_TEST(bytes_do_not_depend_on_the_ring),
        SCRATCH_TEST(slow_encoder_holds_the_caller_back),
        SCRATCH_TEST(groups_end_where_they_should),
        SCRATCH_TEST(every_rate_is_exact),
        SCRATCH_TEST(quality_and_presets_matter),
        SCRATCH_TEST(nothing_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
