/* SPDX-License-Identifier: MIT */
/* Frames on their way to a GPU's memory, played by the host's: the linker sends the calls that
 * would need a GPU to the functions below, and libx264 encodes what arrives. */
#include "support/scratch.h"

#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clearbox/film.h"
#include "film/vaapi.h"
#include "support/film_reader.h"
#include "support/film_scene.h"

enum { WIDTH = 84, HEIGHT = 56, FRAMES = 30 };

static unsigned uploads, fails_at; /* the number of the upload that fails; 0: none */

const AVCodec *__real_avcodec_find_encoder_by_name(const char *name);
const AVCodec *__wrap_avcodec_find_encoder_by_name(const char *name);
int __wrap_cbx_vaapi_attach(AVCodecContext *context);
int __wrap_av_hwframe_get_buffer(AVBufferRef *pool, AVFrame *frame, int flags);
int __wrap_av_hwframe_transfer_data(AVFrame *to, const AVFrame *from, int flags);

const AVCodec *__wrap_avcodec_find_encoder_by_name(const char *name) {
    return __real_avcodec_find_encoder_by_name(strcmp(name, "h264_vaapi") == 0 ? "libx264" : name);
}

int __wrap_cbx_vaapi_attach(AVCodecContext *context) {
    context->pix_fmt = AV_PIX_FMT_NV12;
    return 0;
}

int __wrap_av_hwframe_get_buffer(AVBufferRef *pool, AVFrame *frame, int flags) {
    (void)pool;
    (void)flags;
    frame->format = AV_PIX_FMT_NV12;
    frame->width = WIDTH;
    frame->height = HEIGHT;
    return ++uploads == fails_at ? AVERROR(EIO) : av_frame_get_buffer(frame, 0);
}

int __wrap_av_hwframe_transfer_data(AVFrame *to, const AVFrame *from, int flags) {
    (void)flags;
    return av_frame_copy(to, from);
}

static cbx_status make_film(const char *path) {
    const cbx_film_settings settings = {.width = WIDTH,
                                        .height = HEIGHT,
                                        .fps = 70,
                                        .encoder = "h264_vaapi",
                                        .quality = 1,
                                        .workers = 1};
    film_scene scene;
    film_ring ring;
    cbx_film *film = NULL;
    cbx_film_result result = {0};
    scene_make(&scene, WIDTH, HEIGHT);
    cbx_status status = cbx_film_open(&film, path, &settings, scene.cb, scene.cr);
    if (!status) {
        ring_make(&ring, 4, &scene);
        ring_push(&ring, &scene, film, 0, FRAMES);
        status = cbx_film_finish(film, &result);
        assert_int_equal(ring.released, ring.lent);
        ring_free(&ring);
    }
    assert_true(status || strcmp(result.encoder, "h264_vaapi") == 0);
    scene_free(&scene);
    return status;
}

static int is_near(int one, int other) {
    return abs(one - other) <= 4;
}

/* All three planes are those of the scene. */
static void compare(void *opaque, uint64_t index, const AVFrame *picture) {
    const film_scene *scene = opaque;
    uint8_t drawn[WIDTH * HEIGHT];
    scene_draw(scene, index, drawn);
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            assert_true(
                is_near(picture->data[0][y * picture->linesize[0] + x], drawn[y * WIDTH + x]));
        }
    }
    for (int y = 0; y < HEIGHT / 2; y++) {
        for (int x = 0; x < WIDTH / 2; x++) {
            const int at = y * WIDTH / 2 + x;
            assert_true(is_near(picture->data[1][y * picture->linesize[1] + x], scene->cb[at]));
            assert_true(is_near(picture->data[2][y * picture->linesize[2] + x], scene->cr[at]));
        }
    }
}

static void frames_arrive_as_they_are(void **state) {
    const char *path = scratch_path(state, "a.mp4");
    film_facts facts;
    film_scene scene;
    if (!__real_avcodec_find_encoder_by_name("libx264")) {
        skip();
    }
    uploads = fails_at = 0;
    assert_ok(make_film(path));
    assert_int_equal(uploads, FRAMES);
    scene_make(&scene, WIDTH, HEIGHT);
    film_read(path, 70, &facts, compare, &scene);
    scene_free(&scene);
    assert_int_equal(facts.pictures, FRAMES);
    assert_int_equal(facts.keys, 1);
    assert_true(facts.exact_times);
}

static void a_frame_that_does_not_arrive_is_an_error(void **state) {
    if (!__real_avcodec_find_encoder_by_name("libx264")) {
        skip();
    }
    for (fails_at = 1; fails_at <= FRAMES; fails_at += FRAMES - 1) {
        uploads = 0;
        assert_fails(make_film(scratch_path(state, "a.mp4")), CBX_NO_ENCODER,
                     "cannot give a frame to ");
        assert_int_equal(scratch_entries(state), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(frames_arrive_as_they_are),
        SCRATCH_TEST(a_frame_that_does_not_arrive_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
