/* SPDX-License-Identifier: MIT */
/* The pictures of films in every container: read again, as exact as their codec is. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "film/colours.h"
#include "film/poster.h"
#include "support/film_reader.h"
#include "support/scratch.h"
#include "support/small_film.h"

#include <libavcodec/avcodec.h>

typedef struct comparison {
    film_scene scene;
    uint32_t fps, rate;
    uint64_t frames;
    uint8_t luma[WIDTH * HEIGHT];
    double worst; /* mean square of the differences of luma, or of RGB */
    int largest;
} comparison;

/* The last frame within the time of picture `index`. */
static uint64_t frame_of(const comparison *with, uint64_t index) {
    uint64_t frame = index;
    while (frame + 1 < with->frames && (frame + 1) * with->rate / with->fps <= index) {
        frame++;
    }
    return frame;
}

static AVFrame *draw(comparison *with, uint64_t frame) {
    AVFrame *drawn = av_frame_alloc();
    assert_non_null(drawn);
    scene_draw(&with->scene, frame, with->luma);
    drawn->width = WIDTH;
    drawn->height = HEIGHT;
    drawn->format = AV_PIX_FMT_YUV420P;
    drawn->data[0] = with->luma;
    drawn->data[1] = with->scene.cb;
    drawn->data[2] = with->scene.cr;
    drawn->linesize[0] = WIDTH;
    drawn->linesize[1] = drawn->linesize[2] = WIDTH / 2;
    return drawn;
}

static void compare(void *opaque, uint64_t index, const AVFrame *picture) {
    comparison *with = opaque;
    uint8_t wanted[3 * WIDTH], found[3 * WIDTH];
    AVFrame *drawn = draw(with, frame_of(with, index));
    double squares = 0;
    assert_true(cbx_rgb_knows(picture->format));
    assert_int_equal(picture->width, WIDTH);
    assert_int_equal(picture->height, HEIGHT);
    for (int y = 0; y < HEIGHT; y++) {
        cbx_rgb_row(drawn, y, wanted);
        cbx_rgb_row(picture, y, found);
        for (int i = 0; i < 3 * WIDTH; i++) {
            const int apart = wanted[i] - found[i];
            squares += (double)apart * apart;
            with->largest = abs(apart) > with->largest ? abs(apart) : with->largest;
        }
    }
    squares /= 3.0 * WIDTH * HEIGHT;
    with->worst = squares > with->worst ? squares : with->worst;
    av_frame_free(&drawn);
}

/* Number, size and pictures of a film at `fps`; the worst picture's PSNR, in RGB. */
static double check_film(void **state, const char *name, uint32_t fps, uint32_t rate,
                         enum AVCodecID codec, int *largest) {
    const cbx_film_settings settings = settings_for(fps);
    const char *path = scratch_path(state, name);
    comparison with = {.fps = fps, .rate = rate, .frames = FRAMES};
    film_facts facts;
    size_t size;
    const cbx_film_result result = make_film(path, &settings, FRAMES);
    const uint64_t pictures = (uint64_t)(FRAMES - 1) * rate / fps + 1;
    assert_int_equal(result.frames, pictures);
    assert_true(fabs(result.seconds - (double)pictures / rate) < 1e-9);
    free(scratch_read(path, &size));
    assert_int_equal(result.bytes, size);
    scene_make(&with.scene, WIDTH, HEIGHT);
    film_read(path, rate, &facts, compare, &with);
    assert_int_equal(facts.codec, codec);
    assert_int_equal(facts.pictures, pictures);
    assert_int_equal(facts.width, WIDTH);
    assert_int_equal(facts.height, HEIGHT);
    scene_free(&with.scene);
    assert_int_equal(scratch_entries(state), 1);
    unlink(path);
    *largest = with.largest;
    return 10 * log10(255 * 255 / (with.worst + 1e-9));
}

static int is_there(const char *encoder) {
    return avcodec_find_encoder_by_name(encoder) != NULL;
}

static void films_come_out_as_they_went_in(void **state) {
    static const struct {
        const char *name, *encoder;
        enum AVCodecID codec;
        double least; /* dB */
    } cases[] = {{"a.mkv", "libx264", AV_CODEC_ID_H264, 30},
                 {"a.ts", "libx264", AV_CODEC_ID_H264, 30},
                 {"a.webm", "libvpx-vp9", AV_CODEC_ID_VP9, 30}};
    int largest;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (is_there(cases[i].encoder)) {
            const double psnr = check_film(state, cases[i].name, 70, 70, cases[i].codec, &largest);
            print_message("%s: %.1f dB\n", cases[i].name, psnr);
            assert_true(psnr > cases[i].least);
        }
    }
}

/* 255 colours for a scene of more: each is near one of them. */
static void a_gif_is_near(void **state) {
    static const uint32_t rates[][2] = {{50, 50}, {30, 30}, {70, 50}, {1000, 50}, {60, 50}, {1, 1}};
    int largest;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const double psnr =
            check_film(state, "a.gif", rates[i][0], rates[i][1], AV_CODEC_ID_GIF, &largest);
        print_message("%u a second: %.1f dB, off by %d at most\n", rates[i][0], psnr, largest);
        assert_true(psnr > 38);
    }
}

static void an_apng_is_exact(void **state) {
    static const uint32_t rates[][2] = {{70, 70}, {90, 90}, {240, 90}};
    int largest;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        check_film(state, "a.apng", rates[i][0], rates[i][1], AV_CODEC_ID_APNG, &largest);
        assert_int_equal(largest, 0);
    }
}

/* libavcodec decodes no animated WebP: the chunks of the file say how many pictures it has, and for
 * how many milliseconds each is shown. */
static void a_webp_has_its_pictures(void **state) {
    const cbx_film_settings settings = settings_for(70);
    const char *path = scratch_path(state, "a.webp");
    uint64_t pictures = 0, milliseconds = 0;
    size_t size;
    if (!is_there("libwebp_anim")) {
        skip();
    }
    const cbx_film_result result = make_film(path, &settings, 70);
    assert_int_equal(result.frames, 70);
    uint8_t *bytes = scratch_read(path, &size);
    assert_int_equal(size, result.bytes);
    assert_memory_equal(bytes, "RIFF", 4);
    for (size_t at = 12; at + 8 <= size;) {
        const uint8_t *chunk = bytes + at;
        const size_t length = (size_t)chunk[4] | (size_t)chunk[5] << 8 | (size_t)chunk[6] << 16 |
                              (size_t)chunk[7] << 24;
        if (memcmp(chunk, "ANMF", 4) == 0) {
            assert_memory_equal(chunk + 8 + 16, "VP8L", 4); /* lossless */
            milliseconds += (uint64_t)chunk[20] | (uint64_t)chunk[21] << 8;
            pictures++;
        }
        at += 8 + length + (length & 1);
    }
    free(bytes);
    /* Of pictures that are equal libwebp makes one. */
    assert_in_range(pictures, 15, 70);
    assert_in_range(milliseconds, 980, 1020);
}

/* Groups, workers and the time of day do not matter. */
static void the_bytes_are_the_same_again(void **state) {
    static const char *const names[] = {"a.mp4", "a.mkv", "a.webm", "a.gif", "a.apng", "a.ts"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cbx_film_settings settings = settings_for(70);
        const char *path = scratch_path(state, names[i]);
        size_t first_size, size;
        settings.container = CBX_CONTAINER_AUTO;
        make_film(path, &settings, FRAMES);
        uint8_t *first = scratch_read(path, &first_size);
        settings.workers = 1;
        make_film(path, &settings, FRAMES);
        uint8_t *second = scratch_read(path, &size);
        assert_int_equal(first_size, size);
        assert_memory_equal(first, second, size);
        free(first);
        free(second);
    }
}

/* Of many groups, of less than one, and of a single frame. */
static void the_last_picture_of_a_film(void **state) {
    static const char *const names[] = {"a.mp4", "a.mkv", "a.webm", "a.gif", "a.apng", "a.ts"};
    static const uint64_t counts[] = {1, 20, 571};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            const cbx_film_settings settings = settings_for(70);
            const char *path = scratch_path(state, names[i]);
            comparison with = {.worst = 0};
            uint32_t width, height;
            uint8_t *rgb, wanted[3 * WIDTH];
            double squares = 0;
            make_film(path, &settings, counts[k]);
            assert_ok(cbx_poster_read(path, &rgb, &width, &height));
            assert_int_equal(width, WIDTH);
            assert_int_equal(height, HEIGHT);
            scene_make(&with.scene, WIDTH, HEIGHT);
            AVFrame *drawn = draw(&with, counts[k] - 1);
            for (int y = 0; y < HEIGHT; y++) {
                cbx_rgb_row(drawn, y, wanted);
                for (int x = 0; x < 3 * WIDTH; x++) {
                    const double apart = (double)wanted[x] - rgb[y * 3 * WIDTH + x];
                    squares += apart * apart;
                }
            }
            assert_true(10 * log10(255 * 255 / (squares / (3.0 * WIDTH * HEIGHT) + 1e-9)) > 30);
            av_frame_free(&drawn);
            scene_free(&with.scene);
            free(rgb);
        }
    }
}

static void what_is_no_film_has_no_last_picture(void **state) {
    uint32_t width, height;
    uint8_t *rgb;
    const char *path = scratch_path(state, "a.mp4");
    assert_fails(cbx_poster_read(path, &rgb, &width, &height), CBX_BAD_DATA, "cannot read");
    assert_null(rgb);
    scratch_write(path, "nothing", 7);
    assert_fails(cbx_poster_read(path, &rgb, &width, &height), CBX_BAD_DATA, "a.mp4 again");
    assert_false(cbx_poster_can(CBX_CONTAINER_WEBP));
}

/* The matrix of BT.709, by its definition. */
static void colours_are_those_of_bt709(void **state) {
    uint8_t luma[2] = {0}, cb = 0, cr = 0, rgb[6];
    AVFrame *picture = av_frame_alloc();
    (void)state;
    assert_non_null(picture);
    picture->width = 2;
    picture->height = 1;
    picture->format = AV_PIX_FMT_YUV420P;
    picture->data[0] = luma;
    picture->data[1] = &cb;
    picture->data[2] = &cr;
    for (int y = 0; y < 256; y += 3) {
        for (int u = 0; u < 256; u += 5) {
            for (int v = 0; v < 256; v += 5) {
                luma[0] = (uint8_t)y;
                cb = (uint8_t)u;
                cr = (uint8_t)v;
                cbx_rgb_row(picture, 0, rgb);
                const double l = (y - 16) / 219.0, pb = (u - 128) / 224.0, pr = (v - 128) / 224.0;
                const double wanted[3] = {
                    l + 1.5748 * pr, l - 0.1873242729 * pb - 0.4681242729 * pr, l + 1.8556 * pb};
                for (int k = 0; k < 3; k++) {
                    const double level = 255 * fmin(fmax(wanted[k], 0), 1);
                    assert_true(fabs(rgb[k] - level) <= 0.51);
                }
            }
        }
    }
    av_frame_free(&picture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(colours_are_those_of_bt709),
        SCRATCH_TEST(films_come_out_as_they_went_in),
        SCRATCH_TEST(a_gif_is_near),
        SCRATCH_TEST(an_apng_is_exact),
        SCRATCH_TEST(a_webp_has_its_pictures),
        SCRATCH_TEST(the_bytes_are_the_same_again),
        SCRATCH_TEST(the_last_picture_of_a_film),
        SCRATCH_TEST(what_is_no_film_has_no_last_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
