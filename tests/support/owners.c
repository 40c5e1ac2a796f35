/* SPDX-License-Identifier: MIT */
#include "support/owners.h"

#include <pthread.h>
#include <string.h>

#include "picture/draw.h"
#include "support/test.h"

/* The owners are threads that take turns: one works, until it waits for the other. */
typedef struct team {
    const owners_plan *plan;
    owners_outcome *out;
    cbx_grid grid;
    cl_mem luma;
    pthread_mutex_t turn;
    pthread_cond_t changed;
    uint32_t owners;
    const float *own[OWNERS];
    float *sum[OWNERS];
    unsigned arrived, rounds;
    int broken;
} team;

typedef struct owner {
    team *team;
    cbx_exchange exchange;
    cbx_trainer *trainer;
    cbx_painter painter;
    cbx_easel easel;
    cbx_status status;
} owner;

void owners_share_out(owners_plan *plan, uint32_t owners) {
    const uint32_t panels = (plan->settings.hidden + CBX_PANEL - 1) / CBX_PANEL;
    uint32_t first = 0;
    plan->owners = owners < panels ? owners : panels;
    for (uint32_t i = 0; i < plan->owners; i++) {
        const uint32_t end = (i + 1) * panels / plan->owners;
        plan->owned[i] = (cbx_span){first, end - first};
        first = end;
    }
}

/* The last to arrive adds up what all have, and gives it to everyone. */
static void add_up(team *t, size_t numbers) {
    const uint32_t panels = (t->plan->settings.hidden + CBX_PANEL - 1) / CBX_PANEL;
    uint32_t counts[OWNERS], all = 0, at = 0;
    for (uint32_t i = 0; i < t->owners; i++) {
        cbx_span nodes[CBX_MOST_NODES];
        all += counts[i] = cbx_tree_nodes(panels, t->plan->owned[i], nodes);
    }
    float *nodes;
    TEST_NEW(nodes, all * numbers);
    for (uint32_t i = 0; i < t->owners; at += counts[i++]) {
        memcpy(nodes + at * numbers, t->own[i], counts[i] * numbers * sizeof *nodes);
    }
    cbx_tree_complete(panels, t->plan->owned, nodes, numbers);
    for (uint32_t i = 0; i < t->owners; i++) {
        memcpy(t->sum[i], nodes, numbers * sizeof *nodes);
    }
    free(nodes);
}

static cbx_status add(void *user, const float *own, size_t numbers, float *sum,
                      cbx_meanwhile *meanwhile) {
    owner *m = user;
    team *t = m->team;
    const unsigned round = t->rounds;
    t->own[m->exchange.rank] = own;
    t->sum[m->exchange.rank] = sum;
    if (++t->arrived == t->owners) {
        add_up(t, numbers);
        t->arrived = 0;
        t->rounds++;
        pthread_cond_broadcast(&t->changed);
    }
    const cbx_status status = cbx_meanwhile_do(meanwhile);
    while (t->rounds == round && !t->broken && !status) {
        pthread_cond_wait(&t->changed, &t->turn);
    }
    return status ? status : t->rounds == round ? CBX_DEVICE_FAULT : CBX_OK;
}

static uint32_t room(void *user) {
    (void)user;
    return 1;
}

static cbx_status canvas(void *user, cbx_canvas *out) {
    const owner *m = user;
    *out = (cbx_canvas){.luma = m->team->luma};
    return CBX_OK;
}

static cbx_status drawn(void *user, uint32_t pictures, cl_event done) {
    (void)user;
    return pictures != 1 || clReleaseEvent(done) ? CBX_DEVICE_FAULT : CBX_OK;
}

static uint32_t images_of(const owners_plan *plan) {
    return (uint32_t)cbx_dataset_images(plan->dataset, CBX_TRAIN).count;
}

/* Batches number first … end of the epoch. */
static cbx_status step(owner *m, uint32_t first, uint32_t end) {
    const owners_plan *plan = m->team->plan;
    const uint32_t rows = plan->settings.batch;
    cbx_status status = CBX_OK;
    if (!plan->singly) {
        return cbx_trainer_steps(m->trainer, first * rows, end - first, plan->rates, first);
    }
    for (uint32_t i = first; i < end && !status; i++) {
        status = cbx_trainer_step(m->trainer, i * rows, rows, plan->rates, i);
    }
    return status;
}

static cbx_status train(owner *m) {
    const owners_plan *plan = m->team->plan;
    const uint32_t rows = plan->settings.batch, images = images_of(plan), full = images / rows;
    m->easel = (cbx_easel){&m->painter, room, canvas, drawn, m};
    cbx_trainer_draw_on(m->trainer, plan->scale > 0 ? &m->easel : NULL);
    if (plan->keeps_losses) {
        cbx_trainer_keep_losses(m->trainer);
    }
    cbx_status status = cbx_trainer_set_weights(m->trainer, plan->start);
    if (!status) {
        status = cbx_trainer_set_order(m->trainer, plan->order, images);
    }
    if (!status) {
        status = step(m, 0, full - 1);
    }
    if (!status) {
        status =
            cbx_trainer_step_drawing(m->trainer, (full - 1) * rows, rows, plan->rates, full - 1);
    }
    if (!status && images % rows > 0) {
        status = cbx_trainer_step(m->trainer, full * rows, images % rows, plan->rates, full);
    }
    if (!status) {
        status = cbx_trainer_check(m->trainer);
    }
    return status || !plan->keeps_losses
               ? status
               : cbx_trainer_losses(m->trainer, 0, images, m->team->out->losses[m->exchange.rank]);
}

static void *work(void *user) {
    owner *m = user;
    owners_outcome *out = m->team->out;
    pthread_mutex_lock(&m->team->turn);
    m->status = train(m);
    for (int part = CBX_TRAIN; part <= CBX_TEST && !m->status; part++) {
        m->status =
            cbx_trainer_evaluate(m->trainer, (cbx_part)part, &out->parts[m->exchange.rank][part]);
    }
    if (!m->status) {
        m->status = cbx_trainer_get_weights(m->trainer, out->network);
    }
    if (m->status) { /* the sentence is this thread's */
        print_error("owner %u: %s\n", m->exchange.rank, cbx_last_error());
        m->team->broken = 1;
    }
    pthread_cond_broadcast(&m->team->changed);
    pthread_mutex_unlock(&m->team->turn);
    return NULL;
}

static void open_owner(owner *m, team *t, uint32_t rank) {
    const owners_plan *plan = t->plan;
    cbx_device *device = rank % 2 > 0 && plan->others ? plan->others : plan->device;
    cbx_division division = plan->division[rank];
    *m = (owner){.team = t, .exchange = {rank, t->owners, plan->owned, add, m}};
    if (t->owners > 1) {
        division.share = cbx_share_of(plan->owned[rank], plan->settings.hidden);
        division.exchange = &m->exchange;
    }
    assert_ok(
        cbx_trainer_create_with(&m->trainer, device, plan->dataset, &plan->settings, &division));
    if (plan->scale > 0) {
        assert_ok(cbx_painter_init(&m->painter, device, &t->grid, CBX_TONE_PEAK));
        m->painter.layout.first = division.share.first;
        m->painter.layout.count = t->owners > 1 ? division.share.count : plan->settings.hidden;
    }
}

static void close_owner(owner *m) {
    if (m->team->plan->scale > 0) {
        cbx_painter_clear(&m->painter);
    }
    cbx_trainer_destroy(m->trainer);
}

/* A plane for both, filled by the first one's painter. */
static void open_picture(team *t) {
    const owners_plan *plan = t->plan;
    assert_ok(cbx_grid_lay_out(&t->grid, plan->settings.hidden, plan->scale));
    t->out->pixels = (size_t)t->grid.width * t->grid.height;
    assert_ok(cbx_buffer_create(plan->device, CL_MEM_READ_WRITE, t->out->pixels, "the picture",
                                &t->luma));
}

static void close_picture(team *t) {
    TEST_NEW(t->out->luma, t->out->pixels);
    assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(t->plan->device->queue, t->luma, CL_TRUE, 0,
                                                     t->out->pixels, t->out->luma, 0, NULL, NULL));
    cbx_buffer_release(t->luma);
}

owners_outcome owners_learn(const owners_plan *plan) {
    owners_outcome out = {.network = NULL};
    team t = {.plan = plan,
              .out = &out,
              .turn = PTHREAD_MUTEX_INITIALIZER,
              .changed = PTHREAD_COND_INITIALIZER,
              .owners = plan->owners > 1 ? plan->owners : 1};
    owner all[OWNERS];
    pthread_t threads[OWNERS];
    assert_ok(cbx_network_create(&out.network, plan->settings.hidden));
    if (plan->scale > 0) {
        open_picture(&t);
    }
    for (uint32_t i = 0; i < t.owners; i++) {
        open_owner(&all[i], &t, i);
        if (plan->keeps_losses) {
            TEST_NEW(out.losses[i], images_of(plan));
        }
    }
    if (plan->scale > 0) {
        assert_ok(cbx_painter_fill(&all[0].painter, t.luma, out.pixels, 16));
    }
    for (uint32_t i = 0; i < t.owners; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, work, &all[i]));
    }
    for (uint32_t i = 0; i < t.owners; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_int_equal(CBX_OK, all[i].status);
    }
    if (plan->scale > 0) {
        close_picture(&t);
    }
    for (uint32_t i = 0; i < t.owners; i++) {
        close_owner(&all[i]);
    }
    return out;
}

void owners_free(owners_outcome *outcome) {
    cbx_network_destroy(outcome->network);
    free(outcome->luma);
    for (size_t i = 0; i < OWNERS; i++) {
        free(outcome->losses[i]);
    }
}
