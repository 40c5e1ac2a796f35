/* SPDX-License-Identifier: MIT */
/* Films that the device encodes itself, from the training to the file: every frame is the plane that was
 * drawn, as near as the quantiser promises, and what a decoder sees is what the device has in mind, to
 * the bit; whoever trains, draws and encodes, the file is the same. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "avc/avc.h"
#include "device/device.h"
#include "film/level.h"
#include "support/avc_judge.h"
#include "support/files.h"
#include "support/film_reader.h"
#include "support/fixture.h"
#include "support/learning.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { CONSTRAINED_BASELINE = 66 | 1 << 9 }; /* libavcodec's profile */
enum { IMAGES = 60 };                        /* to train with */

/* ---- what is drawn and meant ---- */

/* The film that is being encoded. */
static struct {
    cbx_device *device;
    cbx_avc *avc;
    cbx_avc_settings settings;
    avc_planes planes;
    avc_coded coded;
    int apart; /* as if host and device did not share memory */
} watched;

/* These names are the linker's: it sends calls to the second. */
cbx_status __real_cbx_avc_create(cbx_avc **out, cbx_device *device,
                                 const cbx_avc_settings *settings);
cbx_status __wrap_cbx_avc_create(cbx_avc **out, cbx_device *device,
                                 const cbx_avc_settings *settings);
cbx_status __real_cbx_avc_encode(cbx_avc *avc, const cbx_avc_pictures *pictures, cl_mem samples,
                                 cl_mem sizes, cl_event *begun, cl_event *done);
cbx_status __wrap_cbx_avc_encode(cbx_avc *avc, const cbx_avc_pictures *pictures, cl_mem samples,
                                 cl_mem sizes, cl_event *begun, cl_event *done);

/* The encoder's check has chroma that changes, films have not. */
cbx_status __wrap_cbx_avc_create(cbx_avc **out, cbx_device *device,
                                 const cbx_avc_settings *settings) {
    const cbx_status status = __real_cbx_avc_create(out, device, settings);
    if (!status && !settings->chroma_changes) {
        watched.device = device;
        watched.avc = *out;
        watched.settings = *settings;
        watched.planes = (avc_planes){.width = settings->width, .height = settings->height};
        watched.coded = (avc_coded){0};
        device->shares_memory &= !watched.apart;
    }
    return status;
}

static void *grow(void *memory, size_t bytes) {
    memory = realloc(memory, bytes);
    assert_non_null(memory);
    return memory;
}

static void read_buffer(cl_mem from, size_t offset, size_t bytes, void *to) {
    assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(watched.device->queue, from, CL_TRUE, offset,
                                                     bytes, to, 0, NULL, NULL));
}

/* Keeps the planes of a launch, which are drawn when the queue gets here. */
static void keep_drawn(const cbx_avc_pictures *pictures) {
    avc_planes *planes = &watched.planes;
    const size_t luma = (size_t)planes->width * planes->height;
    const size_t before = planes->frames;
    planes->frames += pictures->count;
    planes->luma = grow(planes->luma, planes->frames * luma);
    planes->chroma = grow(planes->chroma, luma / 2);
    read_buffer(pictures->luma, pictures->first * luma, pictures->count * luma,
                planes->luma + before * luma);
    read_buffer(pictures->chroma, 0, luma / 2, planes->chroma);
}

/* And what is meant with the last of them. */
static void keep_meant(void) {
    avc_coded *coded = &watched.coded;
    const size_t luma = (size_t)watched.planes.width * watched.planes.height;
    const uint32_t before = coded->frames, frames = watched.planes.frames;
    coded->frames = frames;
    coded->meant = grow(coded->meant, frames * luma / 2 * 3);
    coded->known = grow(coded->known, frames);
    memset(coded->known + before, 0, frames - before);
    uint8_t *meant = coded->meant + (frames - 1) * luma / 2 * 3;
    assert_ok(cbx_avc_reconstruction(watched.avc, meant, meant + luma, meant + luma / 4 * 5));
    coded->known[frames - 1] = 1;
}

cbx_status __wrap_cbx_avc_encode(cbx_avc *avc, const cbx_avc_pictures *pictures, cl_mem samples,
                                 cl_mem sizes, cl_event *begun, cl_event *done) {
    const int is_watched = avc == watched.avc;
    if (is_watched) {
        keep_drawn(pictures);
    }
    const cbx_status status = __real_cbx_avc_encode(avc, pictures, samples, sizes, begun, done);
    if (is_watched && !status) {
        keep_meant();
    }
    return status;
}

/* ---- what is in the file ---- */

static void take_sample(void *opaque, uint64_t index, const uint8_t *bytes, size_t size) {
    avc_coded *coded = opaque;
    assert_true(index < coded->frames);
    blob_add(&coded->samples[index], bytes, size);
}

static uint32_t group_of(uint32_t fps) {
    return 2 * fps < 140 ? 2 * fps : 140;
}

/* By size, rate and bits. */
static int level_of_samples(uint32_t fps) {
    cbx_buffers buffers = {.fps = fps};
    for (uint32_t i = 0; i < watched.coded.frames; i++) {
        cbx_buffers_add(&buffers, watched.coded.samples[i].size);
    }
    return cbx_level_of(watched.planes.width, watched.planes.height, fps, &buffers)->idc;
}

static void check_facts(const cbx_learn_settings *settings, const char *what) {
    const uint32_t frames = watched.planes.frames, group = group_of(settings->fps);
    film_facts facts;
    size_t size;
    film_read(settings->film, settings->fps, &facts, NULL, NULL);
    assert_int_equal(facts.packets, frames);
    assert_int_equal(facts.pictures, frames);
    assert_int_equal(facts.keys, (frames + group - 1) / group);
    assert_int_equal(facts.key_every, frames > group ? group : 0);
    assert_true(facts.exact_times);
    assert_int_equal(facts.delay, 0);
    assert_int_equal(facts.level, level_of_samples(settings->fps));
    assert_int_equal(facts.profile, CONSTRAINED_BASELINE);
    assert_int_equal(facts.tag, MKTAG('a', 'v', 'c', '1'));
    assert_int_equal(facts.range, AVCOL_RANGE_MPEG);
    assert_int_equal(facts.matrix, AVCOL_SPC_BT709);
    assert_int_equal(facts.width, watched.planes.width);
    assert_int_equal(facts.height, watched.planes.height);
    if (fabs(facts.duration_seconds - (double)frames / settings->fps) > 2e-6) {
        fail_msg("%s: lasts %f s", what, facts.duration_seconds);
    }
    uint8_t *bytes = scratch_read(settings->film, &size);
    assert_true(film_index_first(bytes, size));
    for (size_t i = 0; i + 4 <= size && memcmp(bytes + i, "mdat", 4) != 0; i++) {
        assert_true(memcmp(bytes + i, "ctts", 4) != 0); /* decoded and shown in one order */
    }
    free(bytes);
}

/* The next encoder may have the address of this one. */
static void forget_film(void) {
    avc_free(&watched.coded);
    avc_planes_free(&watched.planes);
    memset(&watched, 0, sizeof watched);
}

/* Judges the film that was just made. */
static void check_film(const cbx_learn_settings *settings, uint64_t frames, const char *what) {
    const avc_way way = {.qp = settings->quality, .group = group_of(settings->fps)};
    avc_tally tally = {0};
    assert_int_equal(watched.planes.frames, frames);
    assert_int_equal(watched.settings.qp, settings->quality);
    TEST_NEW(watched.coded.samples, watched.coded.frames);
    assert_int_equal(film_packets(settings->film, take_sample, &watched.coded), frames);
    avc_judge(&watched.planes, &way, &watched.coded, &tally, what);
    check_facts(settings, what);
    forget_film();
}

/* ---- runs ---- */

static cbx_learn_settings settings_of(const learning *l, fixture_way way, uint32_t hidden) {
    cbx_learn_settings settings = learning_settings(l);
    settings.schedule = way.schedule;
    settings.family = way.family;
    settings.recipe = CBX_RECIPE_NLL;
    settings.hidden = hidden;
    settings.film = l->film;
    settings.encoder = "device";
    settings.quality = 23;
    return settings;
}

static void open_run(learning *l) {
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(l, 72, 5);
}

/* Steps so large that each batch changes the pictures. */
static void every_frame_is_what_was_drawn(void **state) {
    (void)state;
    static const uint32_t hidden[] = {1, 3, 37, 64, 100, 130, 257};
    learning l;
    open_run(&l);
    for (uint32_t i = 0; i < 2 * COUNT(hidden); i++) {
        char what[64];
        cbx_learn_settings settings =
            settings_of(&l, fixture_ways[i % fixture_way_count], hidden[i / 2]);
        settings.scale = 1 + i % 2;
        settings.tone = (cbx_tone)(i % 3);
        settings.frame_every = 1 + i % 5 / 3;
        settings.quality = 1 + (int)(i * 7 % 51);
        settings.fps = 1 + i * 13;
        settings.batch = 3;
        settings.learning_rate = 0.1;
        snprintf(what, sizeof what, "H = %u, scale %u", settings.hidden, settings.scale);
        assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
        check_film(&settings, IMAGES / 3 / settings.frame_every, what);
    }
    learning_close(&l);
}

static void large_films(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (uint32_t scale = 1; scale <= 2; scale++) {
        cbx_learn_settings settings = settings_of(&l, fixture_ways[0], 1024);
        settings.scale = scale;
        settings.batch = 20;
        assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
        check_film(&settings, IMAGES / 20, "H = 1024");
    }
    learning_close(&l);
}

static void films_of_any_length(void **state) {
    (void)state;
    static const struct {
        uint32_t batch, epochs, every, fps;
        uint64_t frames;
    } films[] = {{60, 1, 1, 70, 1}, {30, 1, 1, 70, 2},    {1, 1, 1000, 70, 1},
                 {7, 2, 3, 25, 6},  {1, 17, 1, 70, 1020}, {1, 17, 1, 1000, 1020},
                 {1, 2, 1, 1, 120}, {1, 5, 2, 7, 150}};
    learning l;
    open_run(&l);
    for (size_t i = 0; i < COUNT(films); i++) {
        char what[64];
        cbx_learn_settings settings =
            settings_of(&l, fixture_ways[i % fixture_way_count], 3 + (uint32_t)i);
        settings.batch = films[i].batch;
        settings.epochs = films[i].epochs;
        settings.frame_every = films[i].every;
        settings.fps = films[i].fps;
        snprintf(what, sizeof what, "%llu frames", (unsigned long long)films[i].frames);
        assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
        check_film(&settings, films[i].frames, what);
    }
    learning_close(&l);
}

/* Of the ways whose weights have the bits of the canon; and with a device that shares the host's memory,
 * whose samples are mapped, and one that does not. */
static void the_film_has_the_same_bytes_whoever_makes_it(void **state) {
    (void)state;
    static const uint32_t hidden[] = {5, 64};
    learning l;
    open_run(&l);
    for (size_t h = 0; h < COUNT(hidden); h++) {
        char first[CBX_SHA256_TEXT] = "";
        for (size_t i = 0; i < 2 * fixture_way_count; i++) {
            const fixture_way way = fixture_ways[i % fixture_way_count];
            cbx_learn_result result;
            cbx_learn_settings settings = settings_of(&l, way, hidden[h]);
            settings.batch = 1;
            settings.epochs = 3;
            settings.hash_film = 1;
            watched.apart = i >= fixture_way_count;
            const cbx_status status = cbx_learn(&settings, NULL, 0, NULL, &result);
            assert_ok(status);
            forget_film();
            if (first[0] == '\0') {
                memcpy(first, result.film_sha256, sizeof first);
            } else if (strcmp(result.film_sha256, first) != 0) {
                fail_msg("%s, memory %s: another film", way.name,
                         i < fixture_way_count ? "shared" : "apart");
            }
        }
    }
    learning_close(&l);
}

/* What was trained until then is in the film. */
static void a_run_that_is_stopped_leaves_a_whole_film(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (uint64_t stop_at = 2; stop_at <= 8; stop_at += 2) {
        learning_log log = {.stop_at = stop_at};
        cbx_learn_result result;
        cbx_learn_settings settings = settings_of(&l, fixture_ways[stop_at % fixture_way_count], 5);
        settings.batch = 1;
        settings.epochs = 6;
        assert_fails(learning_run(&settings, &log, &result), CBX_INTERRUPTED, "");
        assert_true(result.kept[CBX_LEARN_FILM]);
        assert_in_range(result.batches, stop_at - 1, 6 * IMAGES - 1);
        check_film(&settings, result.batches, "stopped");
        assert_int_equal(files_count(l.folder), 1);
    }
    learning_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_what_was_drawn),
        cmocka_unit_test(large_films),
        cmocka_unit_test(films_of_any_length),
        cmocka_unit_test(the_film_has_the_same_bytes_whoever_makes_it),
        cmocka_unit_test(a_run_that_is_stopped_leaves_a_whole_film),
    };
    return cmocka_run_group_tests_name("films that the device encodes", tests, fixture_setup,
                                       fixture_teardown);
}
