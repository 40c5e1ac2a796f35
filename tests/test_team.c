/* SPDX-License-Identifier: MIT */
/* Several devices that train one network: weights, evaluations, losses, outputs and pictures are those of
 * one device, to the bit, however its neurons are shared out; and one that fails ends the waiting
 * of all. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "network/trainer_weights.h"
#include "network/weights.h"
#include "support/fixture.h"
#include "support/mutant.h"
#include "support/synthetic.h"
#include "support/training.h"
#include "team/pipe.h"
#include "team/team.h"

enum { IMAGES = 239, BATCH = 7, BATCHES = 28, MOST = 4, PICTURES = BATCHES + 1 };

static const cbx_rates rates = {0.05f, 0.03f};

static cbx_dataset *dataset;
static uint32_t *order, train_count;

static int set_up(void **state) {
    const int failed = training_set_up(state, IMAGES, 10, 81, &dataset, &order);
    train_count = failed ? 0 : (uint32_t)cbx_dataset_images(dataset, CBX_TRAIN).count;
    return failed;
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

/* ---- what one trainer is led through, a team's or not ---- */

typedef struct wall {
    cbx_easel easel;
    cbx_painter painter;
    cl_mem luma;
    size_t pixels;
    uint8_t *seen; /* (PICTURES, pixels) */
    uint32_t count;
} wall;

static uint32_t room(void *user) {
    (void)user;
    return 1;
}

static cbx_status canvas(void *user, cbx_canvas *out) {
    const wall *on = user;
    *out = (cbx_canvas){.luma = on->luma};
    return CBX_OK;
}

static cbx_status drawn(void *user, uint32_t pictures, cl_event done) {
    wall *on = user;
    assert_int_equal(pictures, 1);
    assert_in_range(on->count, 0, PICTURES - 1);
    assert_int_equal(CL_SUCCESS, clReleaseEvent(done));
    assert_int_equal(
        CL_SUCCESS, clEnqueueReadBuffer(on->painter.device->queue, on->luma, CL_TRUE, 0, on->pixels,
                                        on->seen + on->count * on->pixels, 0, NULL, NULL));
    on->count++;
    return CBX_OK;
}

static void open_wall(wall *on, cbx_device *device, uint32_t hidden) {
    cbx_grid grid;
    *on = (wall){.easel = {&on->painter, room, canvas, drawn, on}};
    assert_ok(cbx_grid_lay_out(&grid, hidden, 1));
    assert_ok(cbx_painter_init(&on->painter, device, &grid, CBX_TONE_SIGNED));
    on->pixels = (size_t)grid.width * grid.height;
    assert_ok(cbx_buffer_create(device, CL_MEM_READ_WRITE, on->pixels, "a picture", &on->luma));
    assert_ok(cbx_painter_fill(&on->painter, on->luma, on->pixels, 16));
    TEST_NEW(on->seen, PICTURES * on->pixels);
}

static void close_wall(wall *on) {
    cbx_buffer_release(on->luma);
    cbx_painter_clear(&on->painter);
}

typedef struct outcome {
    cbx_network *midway, *kept, *network;
    cbx_evaluation parts[3];
    float *losses, *z2;
    uint8_t *pictures;
    size_t picture_bytes;
    uint32_t picture_count;
} outcome;

static void free_outcome(outcome *o) {
    cbx_network_destroy(o->midway);
    cbx_network_destroy(o->kept);
    cbx_network_destroy(o->network);
    free(o->losses);
    free(o->z2);
    free(o->pictures);
}

/* As a checkpoint takes it. */
static cbx_network *keep(cbx_trainer *trainer, cbx_device *device, uint32_t hidden) {
    const uint8_t *bytes;
    cbx_network *out;
    cbx_copy *copy;
    cbx_trainer_weights *weights;
    assert_ok(cbx_copy_create(&copy, device, cbx_trainer_kept_bytes(trainer)));
    assert_ok(cbx_network_create(&out, hidden));
    cbx_copy_begin(copy);
    assert_ok(cbx_trainer_keep(trainer, copy));
    assert_ok(cbx_copy_fetch(copy));
    assert_ok(cbx_copy_look(copy, 1, &bytes));
    assert_ok(cbx_trainer_kept(trainer, bytes, NULL));
    assert_ok(cbx_trainer_weights_open_kept(&weights, trainer, bytes));
    const cbx_pieces pieces = cbx_trainer_weights_pieces(weights);
    assert_ok(cbx_network_take_weights(out, &pieces));
    cbx_trainer_weights_close(weights);
    assert_ok(cbx_copy_end(copy));
    cbx_copy_destroy(copy);
    return out;
}

/* An epoch with pictures after some batches, halted in between for all that may be asked. */
static outcome lead(cbx_trainer *trainer, cbx_device *device, uint32_t hidden) {
    enum { FIRST = 11, TEST_IMAGES = 10 };
    const uint32_t left = train_count - BATCHES * BATCH;
    cbx_network *start = synthetic_network(hidden, 82);
    outcome o = {.midway = NULL};
    wall on;
    open_wall(&on, device, hidden);
    cbx_trainer_keep_losses(trainer);
    assert_ok(cbx_trainer_set_weights(trainer, start));
    assert_ok(cbx_trainer_set_order(trainer, order, train_count));
    cbx_trainer_draw_on(trainer, &on.easel);
    assert_ok(cbx_trainer_steps_drawing(trainer, 0, FIRST, rates, 0, 3));
    assert_ok(
        cbx_trainer_steps_drawing(trainer, FIRST * BATCH, 1, rates, FIRST, 5)); /* none is due */
    assert_ok(cbx_trainer_step(trainer, (FIRST + 1) * BATCH, BATCH, rates, FIRST + 1));
    o.midway = training_weights(trainer, hidden);
    assert_ok(cbx_trainer_steps_drawing(trainer, (FIRST + 2) * BATCH, BATCHES - FIRST - 3, rates,
                                        FIRST + 2, 1));
    o.kept = keep(trainer, device, hidden);
    assert_ok(cbx_trainer_step_drawing(trainer, (BATCHES - 1) * BATCH, BATCH, rates, BATCHES - 1));
    assert_ok(cbx_trainer_gather_w1(trainer));
    assert_ok(cbx_easel_draw(&on.easel, cbx_trainer_w1(trainer)));
    cbx_trainer_draw_on(trainer, NULL);
    assert_ok(cbx_trainer_step_drawing(trainer, BATCHES * BATCH, left, rates, BATCHES));
    assert_ok(cbx_trainer_check(trainer));
    TEST_NEW(o.losses, train_count);
    assert_ok(cbx_trainer_losses(trainer, 0, train_count, o.losses));
    for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
        assert_ok(cbx_trainer_evaluate(trainer, (cbx_part)part, &o.parts[part]));
    }
    TEST_NEW(o.z2, TEST_IMAGES * CBX_CLASSES);
    assert_ok(cbx_trainer_outputs(trainer, CBX_TEST, o.z2));
    o.network = training_weights(trainer, hidden);
    close_wall(&on);
    o.pictures = on.seen;
    o.picture_bytes = on.pixels;
    o.picture_count = on.count;
    cbx_network_destroy(start);
    return o;
}

static void compare(const outcome *is, const outcome *should, const char *what) {
    enum { Z2_BYTES = 10 * CBX_CLASSES * sizeof(float) };
    assert_networks_same(is->midway, should->midway, what);
    assert_networks_same(is->kept, should->kept, what);
    assert_networks_same(is->network, should->network, what);
    assert_memory_equal(is->losses, should->losses, train_count * sizeof *is->losses);
    assert_memory_equal(is->parts, should->parts, sizeof is->parts);
    assert_memory_equal(is->z2, should->z2, Z2_BYTES);
    assert_int_equal(is->picture_count, should->picture_count);
    for (uint32_t i = 0; i < is->picture_count; i++) {
        if (memcmp(is->pictures + i * is->picture_bytes, should->pictures + i * is->picture_bytes,
                   is->picture_bytes) != 0) {
            fail_msg("%s: picture %u is another one", what, i);
        }
    }
}

typedef struct course {
    cbx_schedule schedule;
    uint32_t hidden;
    cbx_family families[MOST]; /* of the devices; AUTO: no more */
    double weights[MOST];
} course;

static outcome learn_alone(const course *c) {
    const cbx_trainer_settings settings = {c->hidden, BATCH, CBX_RECIPE_NLL, c->schedule};
    cbx_device *device = fixture_device(c->families[0]);
    cbx_trainer *trainer;
    assert_ok(cbx_trainer_create(&trainer, device, dataset, &settings));
    outcome o = lead(trainer, device, c->hidden);
    cbx_trainer_destroy(trainer);
    return o;
}

static outcome learn_together(const course *c) {
    const cbx_trainer_settings settings = {c->hidden, BATCH, CBX_RECIPE_NLL, c->schedule};
    cbx_device *devices[MOST];
    cbx_span owned[MOST];
    cbx_team *team;
    uint32_t count = 0;
    while (count < MOST && c->families[count] != CBX_FAMILY_AUTO) {
        const cbx_device_request request = {.spec = fixture_spec(), .family = c->families[count]};
        assert_ok(cbx_device_open_as(&devices[count], &request));
        count++;
    }
    cbx_team_share_out((c->hidden + CBX_PANEL - 1) / CBX_PANEL, c->weights, count, owned);
    assert_ok(cbx_team_create(&team, devices, owned, count, dataset, &settings, 1));
    outcome o = lead(cbx_team_trainer(team), devices[0], c->hidden);
    cbx_team_destroy(team);
    for (uint32_t i = 0; i < count; i++) {
        cbx_device_close(devices[i]);
    }
    return o;
}

#define CPU CBX_FAMILY_CPU
#define GPU CBX_FAMILY_GPU

static void devices_learn_what_one_does(void **state) {
    static const course courses[] = {
        {CBX_SCHEDULE_SPARSE, 100, {CPU, CPU}, {1, 1}},
        {CBX_SCHEDULE_SPARSE, 417, {CPU, CPU, CPU}, {1, 2, 4}},
        {CBX_SCHEDULE_FUSED, 64, {CPU, GPU}, {1, 1}},
        {CBX_SCHEDULE_FUSED, 331, {GPU, CPU, GPU}, {3, 1, 1}},
        {CBX_SCHEDULE_STEPWISE, 75, {CPU, GPU}, {1, 3}},
        {CBX_SCHEDULE_FUSED, 37, {CPU, CPU, CPU, GPU}, {1, 1, 1, 1}}, /* two have none */
        {CBX_SCHEDULE_FUSED, 1, {GPU, CPU}, {1, 1}},
        {CBX_SCHEDULE_SPARSE, 64, {CPU}, {1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof courses / sizeof *courses; i++) {
        char what[32];
        snprintf(what, sizeof what, "course %zu", i);
        outcome alone = learn_alone(&courses[i]), together = learn_together(&courses[i]);
        compare(&together, &alone, what);
        free_outcome(&alone);
        free_outcome(&together);
    }
}

/* ---- failing ---- */

/* A follower that cannot get its memory, or has no device any more. */
static void a_device_that_fails_is_named(void **state) {
    const cbx_trainer_settings settings = {64, BATCH, CBX_RECIPE_NLL, CBX_SCHEDULE_FUSED};
    const cbx_span owned[] = {{0, 1}, {1, 1}};
    cbx_device_request request = {.spec = fixture_spec(), .family = CBX_FAMILY_CPU};
    cbx_device *devices[2];
    cbx_team *team;
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_ok(cbx_device_open_as(&devices[i], &request));
    }
    devices[1]->info.global_memory_bytes = 1 << 20;
    snprintf(devices[1]->info.name, sizeof devices[1]->info.name, "the small one");
    assert_fails(cbx_team_create(&team, devices, owned, 2, dataset, &settings, 1), CBX_TOO_LARGE,
                 "the small one");
    for (int i = 0; i < 2; i++) {
        cbx_device_close(devices[i]);
    }
}

/* The leader gives up in the middle of batches of which it told the others: they end. */
static void a_leader_that_fails_lets_the_others_go(void **state) {
    const cbx_trainer_settings settings = {64, BATCH, CBX_RECIPE_NLL, CBX_SCHEDULE_FUSED};
    const cbx_span owned[] = {{0, 1}, {1, 1}};
    const cbx_device_request request = {.spec = fixture_spec(), .family = CBX_FAMILY_CPU};
    cbx_device *devices[2];
    cbx_team *team;
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_ok(cbx_device_open_as(&devices[i], &request));
    }
    assert_ok(cbx_team_create(&team, devices, owned, 2, dataset, &settings, 1));
    cbx_trainer *trainer = cbx_team_trainer(team);
    cbx_network *start = synthetic_network(64, 83);
    assert_ok(cbx_trainer_set_weights(trainer, start));
    assert_ok(cbx_trainer_set_order(trainer, order, train_count));
    clReleaseCommandQueue(devices[0]->queue); /* as a device that is lost */
    devices[0]->queue = NULL;
    assert_int_not_equal(CBX_OK, cbx_trainer_steps(trainer, 0, BATCHES, rates, 0));
    cbx_team_destroy(team);
    cbx_network_destroy(start);
    for (int i = 0; i < 2; i++) {
        cbx_device_close(devices[i]);
    }
}

/* What a follower computes of its share, and what it tells the others, is looked at, too. */
static void a_follower_that_computes_wrongly_is_found(void **state) {
    static const struct {
        edit edit;
        const char *place;
    } cases[] = {
        {{"train_cpu.cl", "global const float *u = q + (size_t)start_rows * pitch + i * CBX_PANEL;",
          "global const float *u = q + (size_t)start_rows * pitch + i * CBX_PANEL;"
          "if (start_rows > 2) { q[i * CBX_PANEL + 2 * pitch] += 1.0f; }"},
         "a1 of neuron 32, image 2 of the batch"},
        {{"train_cpu.cl", "STORE_OUT(share + i, tree_sum_far(tree + i, of_share, end - begin));",
          "STORE_OUT(share + i, tree_sum_far(tree + i, of_share, end - begin) + (i == 16 ? 1e-3f : "
          "0));"},
         "the sum of neurons 32 to 63, output 0, image 1 of the batch"},
        {{"tree.cl", "HELPER void tree_add(", "HELPER void tree_add("},
         NULL}, /* nothing is wrong */
    };
    const cbx_trainer_settings settings = {64, BATCH, CBX_RECIPE_NLL, CBX_SCHEDULE_FUSED};
    const cbx_span owned[] = {{0, 1}, {1, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cbx_device_request request = {.spec = fixture_spec(), .family = CBX_FAMILY_CPU};
        cbx_network *start = synthetic_network(64, 84);
        cbx_device *devices[2];
        cbx_team *team;
        for (int k = 0; k < 2; k++) {
            assert_ok(cbx_device_open_as(&devices[k], &request));
        }
        mutate_all(devices[1], &cases[i].edit, 1);
        assert_ok(cbx_team_create(&team, devices, owned, 2, dataset, &settings, 1));
        cbx_trainer *trainer = cbx_team_trainer(team);
        assert_ok(cbx_trainer_set_weights(trainer, start));
        assert_ok(cbx_trainer_set_order(trainer, order, train_count));
        assert_ok(cbx_trainer_steps(trainer, 0, 3, rates, 0));
        assert_ok(cbx_trainer_begin_checks(trainer, 4 * BATCH, BATCH, rates, 4));
        assert_ok(cbx_trainer_steps(trainer, 3 * BATCH, 5, rates, 3));
        assert_ok(cbx_trainer_check(trainer));
        const cbx_status status = cbx_trainer_end_checks(trainer);
        if (cases[i].place) {
            assert_fails(cbx_team_blame(team, status), CBX_BAD_KERNEL, cases[i].place);
            assert_message("batch 5 was computed wrongly on ");
        } else {
            assert_ok(status);
        }
        cbx_team_destroy(team);
        cbx_network_destroy(start);
        for (int k = 0; k < 2; k++) {
            cbx_device_close(devices[k]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_learn_what_one_does),
        cmocka_unit_test(a_device_that_fails_is_named),
        cmocka_unit_test(a_leader_that_fails_lets_the_others_go),
        cmocka_unit_test(a_follower_that_computes_wrongly_is_found),
    };
    return cmocka_run_group_tests_name("team", tests, set_up, tear_down);
}
