/* SPDX-License-Identifier: MIT */
/* Pictures after batches that go to the trainer together: to the bit those of batches that go one
 * by one, however many planes a canvas has, in the order of the batches and nothing beside them. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "network/trainer.h"
#include "support/fixture.h"
#include "support/synthetic.h"
#include "support/training.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 199 training images: 28 batches of 7, and 3 left. */
enum { IMAGES = 239, BATCH = 7, BATCHES = 28, PLANES = BATCHES + 1, UNTOUCHED = 99 };

static const cbx_rates rates = {0.05f, 0.03f};

static cbx_dataset *dataset;
static uint32_t *order, train_count;

static int set_up(void **state) {
    const int failed = training_set_up(state, IMAGES, 10, 71, &dataset, &order);
    train_count = failed ? 0 : (uint32_t)cbx_dataset_images(dataset, CBX_TRAIN).count;
    return failed;
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

/* An easel whose canvases have `most` planes of one buffer, one after the other; from the
 * `lost_at`-th canvas on it has none. */
typedef struct wall {
    cbx_easel easel;
    cbx_painter painter;
    cl_mem luma;
    size_t plane_bytes;
    uint32_t most, drawn, launches, canvases, lost_at;
} wall;

static uint32_t room(void *user) {
    const wall *on = user;
    return on->most - on->drawn % on->most;
}

static cbx_status canvas(void *user, cbx_canvas *out) {
    wall *on = user;
    const int lost = on->lost_at > 0 && ++on->canvases >= on->lost_at;
    *out = (cbx_canvas){.luma = lost ? NULL : on->luma, .plane = on->drawn};
    return CBX_OK;
}

static cbx_status drawn(void *user, uint32_t pictures, cl_event done) {
    wall *on = user;
    assert_in_range(pictures, 1, room(on));
    assert_int_equal(CL_SUCCESS, clReleaseEvent(done));
    on->drawn += pictures;
    on->launches++;
    return CBX_OK;
}

static void open_wall(wall *on, cbx_device *device, uint32_t hidden, uint32_t scale,
                      uint32_t most) {
    cbx_grid grid;
    *on = (wall){.most = most};
    on->easel = (cbx_easel){&on->painter, room, canvas, drawn, on};
    assert_ok(cbx_grid_lay_out(&grid, hidden, scale));
    assert_ok(cbx_painter_init(&on->painter, device, &grid, CBX_TONE_SIGNED));
    on->plane_bytes = (size_t)grid.width * grid.height;
    assert_ok(cbx_buffer_create(device, CL_MEM_READ_WRITE, PLANES * on->plane_bytes, "planes",
                                &on->luma));
    assert_ok(cbx_painter_fill(&on->painter, on->luma, PLANES * on->plane_bytes, UNTOUCHED));
}

static uint8_t *close_wall(wall *on) {
    uint8_t *luma;
    TEST_NEW(luma, PLANES * on->plane_bytes);
    assert_int_equal(CL_SUCCESS,
                     clEnqueueReadBuffer(on->painter.device->queue, on->luma, CL_TRUE, 0,
                                         PLANES * on->plane_bytes, luma, 0, NULL, NULL));
    cbx_buffer_release(on->luma);
    cbx_painter_clear(&on->painter);
    return luma;
}

static int is_pictured(uint64_t number, uint32_t every) {
    return every > 0 && (number + 1) % every == 0;
}

/* The short batch in the end has a picture in any case. */
static void step_last(cbx_trainer *trainer, uint64_t number) {
    assert_ok(cbx_trainer_step_drawing(trainer, BATCHES * BATCH, train_count - BATCHES * BATCH,
                                       rates, number + BATCHES));
    assert_ok(cbx_trainer_check(trainer));
}

/* Batches numbered from `number` on, each a call. */
static void train_singly(cbx_trainer *trainer, uint64_t number, uint32_t every) {
    for (uint32_t i = 0; i < BATCHES; i++) {
        assert_ok(is_pictured(number + i, every)
                      ? cbx_trainer_step_drawing(trainer, i * BATCH, BATCH, rates, number + i)
                      : cbx_trainer_step(trainer, i * BATCH, BATCH, rates, number + i));
    }
    step_last(trainer, number);
}

/* The same in two calls. */
static void train_together(cbx_trainer *trainer, uint64_t number, uint32_t every) {
    enum { HALF = 11 };
    assert_ok(cbx_trainer_steps_drawing(trainer, 0, HALF, rates, number, every));
    assert_ok(cbx_trainer_steps_drawing(trainer, HALF * BATCH, BATCHES - HALF, rates, number + HALF,
                                        every));
    step_last(trainer, number);
}

typedef struct outcome {
    cbx_network *network;
    uint8_t *luma;
    size_t plane_bytes;
    uint32_t drawn, launches;
} outcome;

static void free_outcome(outcome *o) {
    cbx_network_destroy(o->network);
    free(o->luma);
}

typedef struct course {
    fixture_way way;
    cbx_device *device; /* NULL: the fixture's */
    uint32_t hidden, scale, every;
    uint64_t number; /* of the first batch */
} course;

static cbx_trainer *start(const course *c, const cbx_network *network) {
    const cbx_trainer_settings settings = {c->hidden, BATCH, CBX_RECIPE_NLL, c->way.schedule};
    cbx_trainer *trainer;
    cbx_device *device = c->device ? c->device : fixture_device(c->way.family);
    assert_ok(cbx_trainer_create(&trainer, device, dataset, &settings));
    assert_ok(cbx_trainer_set_weights(trainer, network));
    assert_ok(cbx_trainer_set_order(trainer, order, train_count));
    return trainer;
}

/* `most` 0: one by one. */
static outcome run(const course *c, uint32_t most, uint32_t lost_at) {
    cbx_network *begun = synthetic_network(c->hidden, 72);
    cbx_trainer *trainer = start(c, begun);
    wall on;
    open_wall(&on, c->device ? c->device : fixture_device(c->way.family), c->hidden, c->scale,
              most > 0 ? most : 1);
    on.lost_at = lost_at;
    cbx_trainer_draw_on(trainer, &on.easel);
    (most > 0 ? train_together : train_singly)(trainer, c->number, c->every);
    outcome o = {.network = training_weights(trainer, c->hidden),
                 .plane_bytes = on.plane_bytes,
                 .drawn = on.drawn,
                 .launches = on.launches};
    o.luma = close_wall(&on);
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(begun);
    return o;
}

/* The first `count` pictures, and none behind them. */
static void assert_same_pictures(const outcome *is, const outcome *should, uint32_t count,
                                 const char *what) {
    assert_int_equal(is->drawn, count);
    for (uint32_t i = 0; i < PLANES; i++) {
        const size_t at = i * is->plane_bytes;
        if (i >= count) {
            for (size_t k = 0; k < is->plane_bytes; k++) {
                assert_int_equal(is->luma[at + k], UNTOUCHED);
            }
        } else if (memcmp(is->luma + at, should->luma + at, is->plane_bytes) != 0) {
            fail_msg("%s: picture %u is another one", what, i);
        }
    }
    assert_networks_same(is->network, should->network, what);
}

static void check_course(const course *c) {
    static const uint32_t rooms[] = {1, 2, 5, PLANES};
    outcome singly = run(c, 0, 0);
    assert_true(singly.drawn >= 1);
    for (size_t r = 0; r < COUNT(rooms); r++) {
        char what[96];
        snprintf(what, sizeof what, "%s, H = %u, scale %u, every %u, room %u", c->way.name,
                 c->hidden, c->scale, c->every, rooms[r]);
        outcome together = run(c, rooms[r], 0);
        assert_same_pictures(&together, &singly, singly.drawn, what);
        free_outcome(&together);
    }
    free_outcome(&singly);
}

static void pictures_are_those_of_single_batches(void **state) {
    static const uint32_t hidden[] = {1, 37, 64, 300}, every[] = {1, 2, 5, 0};
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t h = 0; h < COUNT(hidden); h++) {
            for (size_t e = 0; e < COUNT(every); e++) {
                check_course(&(course){fixture_ways[w], NULL, hidden[h], 1, every[e], 3 * h});
            }
        }
        check_course(&(course){fixture_ways[w], NULL, 37, 2, 1, 0});
        check_course(&(course){fixture_ways[w], NULL, 37, 2, 3, 0});
    }
}

/* Counted from the run's first batch, of which there may be very many. */
static void numbers_may_be_large(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        check_course(&(course){fixture_ways[w], NULL, 37, 1, 4, ((uint64_t)7 << 32) - 3});
        check_course(&(course){fixture_ways[w], NULL, 37, 1, UINT32_MAX, UINT32_MAX - 10});
    }
}

/* Work-groups that leave a launch, as soon as they would have to wait, leave their tiles to the
 * others. */
static void leaving_groups_leave_nothing_out(void **state) {
    static const cbx_schedule schedules[] = {CBX_SCHEDULE_FUSED, CBX_SCHEDULE_SPARSE};
    cbx_device *device;
    (void)state;
    (void)fixture_device(CBX_FAMILY_CPU); /* skips where there is none */
    assert_int_equal(0, setenv("CLEARBOX_BUILD_OPTIONS", "-DCBX_WAIT_TURNS=1", 1));
    cbx_status status = cbx_device_open(&device, fixture_spec(), CBX_FAMILY_CPU);
    assert_int_equal(0, unsetenv("CLEARBOX_BUILD_OPTIONS"));
    assert_ok(status);
    for (size_t s = 0; s < COUNT(schedules); s++) {
        const fixture_way way = {
            .schedule = schedules[s], .family = CBX_FAMILY_CPU, .name = "leaving"};
        check_course(&(course){way, device, 300, 1, 1, 0});
        check_course(&(course){way, device, 300, 1, 3, 0});
    }
    cbx_device_close(device);
}

/* That is what it is for. */
static void several_pictures_share_a_launch(void **state) {
    const fixture_way way = {
        .schedule = CBX_SCHEDULE_FUSED, .family = CBX_FAMILY_CPU, .name = "fused cpu"};
    const course c = {way, NULL, 64, 1, 1, 0};
    cbx_device *device = fixture_device(CBX_FAMILY_CPU);
    cbx_network *network = synthetic_network(c.hidden, 73);
    cbx_trainer *trainer = start(&c, network);
    (void)state;
    const uint32_t launch = cbx_trainer_batches_per_launch(trainer);
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(network);
    outcome o = run(&c, PLANES, 0);
    assert_true(device->shares_memory ? launch > 1 : launch == 1);
    assert_true(launch > 1 ? o.launches < PLANES : o.launches == PLANES);
    free_outcome(&o);
}

/* Pictures that nobody takes any more are not drawn, and nothing else changes. */
static void a_canvas_may_be_missing(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        const course c = {fixture_ways[w], NULL, 37, 1, 1, 0};
        outcome singly = run(&c, 0, 0);
        for (uint32_t lost_at = 1; lost_at <= 4; lost_at++) {
            outcome lost = run(&c, 3, lost_at);
            assert_in_range(lost.drawn, lost_at - 1, (lost_at - 1) * 3);
            assert_same_pictures(&lost, &singly, lost.drawn, c.way.name);
            free_outcome(&lost);
        }
        free_outcome(&singly);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_those_of_single_batches),
        cmocka_unit_test(numbers_may_be_large),
        cmocka_unit_test(leaving_groups_leave_nothing_out),
        cmocka_unit_test(several_pictures_share_a_launch),
        cmocka_unit_test(a_canvas_may_be_missing),
    };
    return cmocka_run_group_tests_name("trainer pictures", tests, set_up, tear_down);
}
