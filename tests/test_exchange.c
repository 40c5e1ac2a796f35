/* SPDX-License-Identifier: MIT */
/* Owners of shares of a network's neurons, which exchange Z2 through memory: together they
 * learn, evaluate and draw what one owner of all neurons does. */
#include "support/test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "network/trainer.h"
#include "picture/draw.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/dataset.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { IMAGES = 402, TRAIN = 335, BATCH = 64, LAST = TRAIN / BATCH, MEMBERS = 2 };

static const cbx_rates rates = {0.01f, 0.02f};
static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    if (fixture_setup(state) != 0) {
        return -1;
    }
    dataset = synthetic_dataset(IMAGES, 10, 3);
    order = synthetic_order(TRAIN, 4);
    return 0;
}

static int tear_down(void **state) {
    cbx_dataset_destroy(dataset);
    free(order);
    return fixture_teardown(state);
}

/* What becomes of an epoch: of all members together. */
typedef struct outcome {
    cbx_network *network;
    cbx_evaluation evaluation[MEMBERS];
    uint8_t *luma; /* after the last batch but one */
    size_t pixels;
} outcome;

static void free_outcome(outcome *o) {
    cbx_network_destroy(o->network);
    free(o->luma);
}

/* The members are threads that take turns: one works, until it waits for the others. */
typedef struct team {
    const cbx_network *start;
    cbx_device *device;
    cbx_grid grid;
    cl_mem luma;
    outcome *out;
    pthread_mutex_t turn;
    pthread_cond_t changed;
    uint32_t members;
    float *z2[MEMBERS];
    unsigned arrived, rounds;
    int broken;
} team;

typedef struct member {
    team *team;
    cbx_share share;
    cbx_exchange exchange;
    cbx_trainer *trainer;
    cbx_painter painter;
    cbx_status status;
} member;

/* The last to arrive adds up, in the order of the ranks. */
static void add_up(team *t, size_t numbers) {
    for (size_t i = 0; i < numbers; i++) {
        float sum = t->z2[0][i];
        for (uint32_t rank = 1; rank < t->members; rank++) {
            sum += t->z2[rank][i];
        }
        for (uint32_t rank = 0; rank < t->members; rank++) {
            t->z2[rank][i] = sum;
        }
    }
}

static cbx_status sum(void *user, float *z2, size_t rows) {
    member *m = user;
    team *t = m->team;
    const unsigned round = t->rounds;
    t->z2[m->exchange.rank] = z2;
    if (++t->arrived == t->members) {
        add_up(t, rows * CBX_LANES_OUT);
        t->arrived = 0;
        t->rounds++;
        pthread_cond_broadcast(&t->changed);
    }
    while (t->rounds == round && !t->broken) {
        pthread_cond_wait(&t->changed, &t->turn);
    }
    return t->rounds == round ? CBX_DEVICE_FAULT : CBX_OK;
}

static uint32_t room(void *user) {
    (void)user;
    return 1;
}

static cbx_status canvas(void *user, cbx_canvas *out) {
    const member *m = user;
    *out = (cbx_canvas){.luma = m->team->luma};
    return CBX_OK;
}

static cbx_status drawn(void *user, uint32_t pictures, cl_event done) {
    (void)user;
    return pictures != 1 || clReleaseEvent(done) ? CBX_DEVICE_FAULT : CBX_OK;
}

/* An epoch: full batches, a picture of what they left, and a batch of fewer rows. */
static cbx_status train(member *m) {
    team *t = m->team;
    const cbx_easel easel = {&m->painter, room, canvas, drawn, m};
    const uint32_t drawing = (LAST - 1) * BATCH;
    cbx_status status = cbx_trainer_set_weights(m->trainer, t->start);
    cbx_trainer_draw_on(m->trainer, &easel);
    if (!status) {
        status = cbx_trainer_set_order(m->trainer, order, TRAIN);
    }
    if (!status) {
        status = cbx_trainer_steps(m->trainer, 0, LAST - 1, rates, 0);
    }
    if (!status) {
        status = cbx_trainer_step_drawing(m->trainer, drawing, BATCH, rates, LAST - 1);
    }
    if (!status) {
        status = cbx_trainer_step(m->trainer, LAST * BATCH, TRAIN % BATCH, rates, LAST);
    }
    if (!status) {
        status = cbx_trainer_check(m->trainer);
    }
    if (!status) {
        status = cbx_trainer_evaluate(m->trainer, CBX_TRAIN, &t->out->evaluation[m->exchange.rank]);
    }
    return status ? status : cbx_trainer_get_weights(m->trainer, t->out->network);
}

static void *work(void *user) {
    member *m = user;
    pthread_mutex_lock(&m->team->turn);
    m->status = train(m);
    m->team->broken |= m->status != CBX_OK;
    pthread_cond_broadcast(&m->team->changed);
    pthread_mutex_unlock(&m->team->turn);
    return NULL;
}

/* A network in two shares. */
typedef struct split {
    cbx_schedule schedule;
    cbx_family family;
    uint32_t hidden, second; /* the first neuron of the second share */
    uint32_t chunks[MEMBERS], slices;
    int exact; /* one owner with all these chunks adds in the same order */
} split;

static void open_member(member *m, const split *s, cbx_recipe recipe, cbx_division division) {
    team *t = m->team;
    const cbx_trainer_settings settings = {
        .hidden = s->hidden, .batch = BATCH, .recipe = recipe, .schedule = s->schedule};
    m->exchange.ranks = t->members;
    m->exchange.sum = sum;
    m->exchange.user = m;
    division.exchange = &m->exchange;
    division.slices = s->slices;
    assert_ok(cbx_trainer_create_with(&m->trainer, t->device, dataset, &settings, &division));
    assert_ok(cbx_painter_init(&m->painter, t->device, &t->grid, CBX_TONE_PEAK));
    m->painter.layout.first = division.share.first;
    m->painter.layout.count = division.share.count;
}

static void read_luma(team *t) {
    t->out->pixels = (size_t)t->grid.width * t->grid.height;
    TEST_NEW(t->out->luma, t->out->pixels);
    assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(t->device->queue, t->luma, CL_TRUE, 0,
                                                     t->out->pixels, t->out->luma, 0, NULL, NULL));
}

/* An epoch of the split network with `members` owners. */
static outcome learn(const split *s, cbx_recipe recipe, const cbx_network *start,
                     uint32_t members) {
    outcome out = {.network = NULL};
    team t = {.start = start,
              .device = fixture_device(s->family),
              .out = &out,
              .turn = PTHREAD_MUTEX_INITIALIZER,
              .changed = PTHREAD_COND_INITIALIZER,
              .members = members};
    member all[MEMBERS] = {{.team = &t, .exchange.rank = 0}, {.team = &t, .exchange.rank = 1}};
    pthread_t threads[MEMBERS];
    assert_ok(cbx_network_create(&out.network, s->hidden));
    assert_ok(cbx_grid_lay_out(&t.grid, s->hidden, 1));
    const size_t pixels = (size_t)t.grid.width * t.grid.height;
    assert_ok(cbx_buffer_create(t.device, CL_MEM_READ_WRITE, pixels, "the picture", &t.luma));
    for (uint32_t i = 0; i < members; i++) {
        const cbx_share share = {i * s->second,
                                 i || members == 1 ? s->hidden - i * s->second : s->second};
        const uint32_t chunks = members == 1 ? s->chunks[0] + s->chunks[1] : s->chunks[i];
        open_member(&all[i], s, recipe, (cbx_division){.share = share, .chunks = chunks});
    }
    assert_ok(cbx_painter_fill(&all[0].painter, t.luma, pixels, 16));
    for (uint32_t i = 0; i < members; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, work, &all[i]));
    }
    for (uint32_t i = 0; i < members; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
    }
    read_luma(&t);
    for (uint32_t i = 0; i < members; i++) {
        assert_int_equal(CBX_OK, all[i].status);
        cbx_painter_clear(&all[i].painter);
        cbx_trainer_destroy(all[i].trainer);
    }
    clReleaseMemObject(t.luma);
    return out;
}

/* Sums that are added in another order are off by some 2⁻²⁴ of themselves; six batches at
 * these rates do not amplify that. */
static void assert_nearly(const float *is, const float *should, size_t count, const char *what) {
    double *expected = NULL;
    TEST_NEW(expected, count);
    for (size_t i = 0; i < count; i++) {
        expected[i] = (double)should[i];
    }
    assert_arrays_close(is, expected, 1, count, 2e-6 * largest_magnitude(expected, count), what);
    free(expected);
}

static void compare(const split *s, const outcome *one, const outcome *two, const char *what) {
    const size_t hidden = s->hidden;
    if (s->exact) {
        assert_networks_same(two->network, one->network, what);
    } else {
        assert_nearly(two->network->w1, one->network->w1, CBX_W1_ROWS * hidden, what);
        assert_nearly(two->network->w2, one->network->w2, (1 + hidden) * CBX_CLASSES, what);
    }
    for (size_t i = 0; i < one->pixels; i++) { /* the last bit of a weight may be a grey level */
        assert_in_range(two->luma[i] + 1, one->luma[i] + s->exact, one->luma[i] + 2 - s->exact);
    }
    for (size_t i = 0; i < MEMBERS; i++) { /* which never adds chunk by chunk */
        assert_number_close(two->evaluation[i].loss, one->evaluation[0].loss,
                            1e-6 * one->evaluation[0].loss, what);
        assert_memory_equal(two->evaluation[i].confusion, one->evaluation[0].confusion,
                            sizeof one->evaluation[0].confusion);
    }
}

static void two_owners_learn_what_one_does(void **state) {
    static const split splits[] = {
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 64, 32, {1, 1}, 0, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 96, 64, {2, 1}, 0, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 75, 32, {1, 1}, 0, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 96, 32, {1, 2}, 0, 0},
        {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, 64, 32, {1, 1}, 0, 0},
        {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, 75, 64, {1, 1}, 0, 0},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, 101, 64, {1, 1}, 2, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, 64, 32, {1, 1}, 2, 0},
        {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_GPU, 75, 32, {1, 1}, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < 2 * CBX_COUNT(splits); i++) {
        const split *s = &splits[i / 2];
        const cbx_recipe recipe = (cbx_recipe)(i % 2);
        char what[64];
        snprintf(what, sizeof what, "split %zu, %s", i / 2, cbx_recipe_name(recipe));
        cbx_network *start = synthetic_network(s->hidden, 5 + i);
        outcome one = learn(s, recipe, start, 1), two = learn(s, recipe, start, MEMBERS);
        compare(s, &one, &two, what);
        free_outcome(&one);
        free_outcome(&two);
        cbx_network_destroy(start);
    }
}

/* Whole panels, within the network. */
static void other_shares_are_refused(void **state) {
    static const cbx_share shares[] = {{16, 16}, {0, 16}, {32, 33}, {64, 1}, {32, UINT32_MAX}};
    const cbx_trainer_settings settings = {.hidden = 64, .batch = BATCH};
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(shares); i++) {
        cbx_trainer *trainer;
        const cbx_division division = {.share = shares[i]};
        assert_fails(cbx_trainer_create_with(&trainer, fixture_device(CBX_FAMILY_AUTO), dataset,
                                             &settings, &division),
                     CBX_BAD_ARGUMENT, "whole panels");
    }
}

/* A failure of the exchange ends the batch, for each member. */
static cbx_status fail_to_add(void *user, float *z2, size_t rows) {
    (void)user;
    (void)z2;
    (void)rows;
    return cbx_fail(CBX_DEVICE_FAULT, "the others are gone");
}

static void a_failing_exchange_is_reported(void **state) {
    const cbx_exchange exchange = {0, 2, fail_to_add, NULL};
    const cbx_division division = {.share = {0, 32}, .exchange = &exchange};
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        const cbx_trainer_settings settings = {
            .hidden = 64, .batch = BATCH, .schedule = fixture_ways[w].schedule};
        cbx_network *start = synthetic_network(64, 6);
        cbx_evaluation unused;
        cbx_trainer *trainer;
        assert_ok(cbx_trainer_create_with(&trainer, fixture_device(fixture_ways[w].family), dataset,
                                          &settings, &division));
        assert_ok(cbx_trainer_set_weights(trainer, start));
        assert_ok(cbx_trainer_set_order(trainer, order, TRAIN));
        assert_fails(cbx_trainer_steps(trainer, 0, 2, rates, 0), CBX_DEVICE_FAULT, "are gone");
        assert_fails(cbx_trainer_evaluate(trainer, CBX_TEST, &unused), CBX_DEVICE_FAULT,
                     "are gone");
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_owners_learn_what_one_does),
        cmocka_unit_test(other_shares_are_refused),
        cmocka_unit_test(a_failing_exchange_is_reported),
    };
    return cmocka_run_group_tests_name("exchange", tests, set_up, tear_down);
}
