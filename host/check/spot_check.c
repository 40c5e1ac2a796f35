/* SPDX-License-Identifier: MIT */
#include "check/spot_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "check/spot_compare.h"
#include "network/schedule.h"
#include "network/watch.h"
#include "reference/canon.h"

/* Of P panels an eighth is checked at a time, but no fewer than FEWEST, and no more than MOST, which
 * bounds the memory: all are met after eight checks up to 16,384 neurons. */
enum { PART = 8, FEWEST = 8, MOST = 64, OUTPUTS = CBX_OUTPUTS };

typedef enum state { IDLE, WATCHED, COMPUTING } state;

struct cbx_spot_check {
    const cbx_dataset *dataset; /* borrowed */
    cbx_trainer *trainer;       /* borrowed */
    cbx_watch *watch;
    uint32_t all, panels, next; /* P of the trainer's share, those that are checked at a time, and
                                   the first of them */
    cbx_spot_batch batch;
    state state;
    cbx_canon canon; /* of one panel at a time */
    float *shares;   /* [P][rows][10], of Z2 */
    float *terms;    /* [P] */
    pthread_t thread;
    int threaded;        /* else the verdict is there */
    atomic_int finished; /* of the thread */
    cbx_fault fault;
    uint64_t count;
};

static uint32_t panels_at_once(uint32_t all) {
    const uint32_t part = (all + PART - 1) / PART;
    const uint32_t some = part < FEWEST ? FEWEST : part > MOST ? MOST : part;
    return some < all ? some : all;
}

uint64_t cbx_spot_check_device_bytes(uint32_t hidden, uint32_t batch) {
    return cbx_watch_bytes(hidden, batch, panels_at_once(CBX_PANELS_OF(hidden)));
}

uint64_t cbx_spot_check_bytes(uint32_t hidden, uint32_t batch) {
    const uint64_t shares = (uint64_t)CBX_PANELS_OF(hidden) * batch * OUTPUTS * sizeof(float);
    return cbx_spot_check_device_bytes(hidden, batch) + shares;
}

/* With room for a panel of neurons and a whole batch. */
static cbx_status make_canon(cbx_canon *canon, const cbx_trainer_settings *settings) {
    cbx_network *panel = NULL;
    cbx_status status = cbx_network_create(&panel, CBX_PANEL);
    if (!status) {
        status = cbx_canon_init(canon, settings->recipe, panel, settings->batch);
    }
    cbx_network_destroy(panel);
    return status;
}

cbx_status cbx_spot_check_create(cbx_spot_check **out, cbx_trainer *trainer,
                                 const cbx_dataset *dataset) {
    const cbx_trainer_settings *settings = &trainer->settings;
    cbx_status status = cbx_new(out, 1);
    if (status) {
        return status;
    }
    cbx_spot_check *check = *out;
    check->dataset = dataset;
    check->trainer = trainer;
    check->all = CBX_PANELS_OF(trainer->share.count);
    check->panels = panels_at_once(check->all);
    status = make_canon(&check->canon, settings);
    if (!status) {
        status = cbx_new(&check->shares, (size_t)check->all * settings->batch * OUTPUTS);
    }
    if (!status) {
        status = cbx_new(&check->terms, check->all);
    }
    if (!status) {
        status = cbx_watch_create(&check->watch, trainer, check->panels);
    }
    if (status) {
        cbx_spot_check_destroy(check);
        *out = NULL;
    }
    return status;
}

static void join(cbx_spot_check *check) {
    if (check->threaded) {
        pthread_join(check->thread, NULL);
        check->threaded = 0;
    }
}

void cbx_spot_check_destroy(cbx_spot_check *check) {
    if (!check) {
        return;
    }
    join(check);
    cbx_watch_destroy(check->watch);
    cbx_canon_clear(&check->canon);
    free(check->shares);
    free(check->terms);
    free(check);
}

int cbx_spot_check_is_busy(const cbx_spot_check *check) {
    return check->state != IDLE;
}

uint64_t cbx_spot_check_count(const cbx_spot_check *check) {
    return check->count;
}

void cbx_spot_check_begin(cbx_spot_check *check, const cbx_spot_batch *batch) {
    check->batch = *batch;
    check->state = WATCHED;
    cbx_watch_batch(check->watch, (cbx_watched){batch->number, check->next});
}

/* ---- what should be ---- */

static int are_right(const cbx_spot_check *check, cbx_compared *p) {
    return cbx_are_right(check->trainer->device, p);
}

static cbx_status tell(const cbx_spot_check *check, const cbx_compared *p, const char *where) {
    return cbx_tell_wrong(check->trainer->device, check->batch.number, p, where);
}

/* Of a weight matrix, whose first row are the biases. */
static void name_weight(char *text, size_t size, const char *what, size_t column, const char *of,
                        size_t row) {
    if (row > 0) {
        snprintf(text, size, "%s %zu, %s %zu", what, column, of, row - 1);
    } else {
        snprintf(text, size, "%s %zu, bias", what, column);
    }
}

static size_t used_lanes(const cbx_spot_check *check, size_t panel) {
    const size_t left = check->trainer->share.count - panel * CBX_PANEL;
    return left < CBX_PANEL ? left : CBX_PANEL;
}

/* A neuron of the share, as the network counts. */
static size_t neuron_of(const cbx_spot_check *check, size_t neuron) {
    return check->trainer->share.first + neuron;
}

/* W2 of a panel of the device (1 + 32, 16) becomes the canon's (1 + 32, 10), with the biases or
 * without. */
static void take_w2(cbx_canon *canon, const float *w2, size_t panel, int biases) {
    for (size_t row = 0; row <= CBX_PANEL; row++) {
        const float *from = w2 + (row > 0 ? panel * CBX_PANEL + row : 0) * CBX_LANES_OUT;
        for (size_t o = 0; o < OUTPUTS; o++) {
            canon->w2[row * OUTPUTS + o] = row > 0 || biases ? from[o] : 0.0f;
        }
    }
}

static const float *a1_of(const cbx_spot_check *check, const cbx_around *around, size_t panel) {
    return around->a1 + panel * cbx_watch_stride(check->watch) * CBX_PANEL;
}

static void take_a1(cbx_spot_check *check, const cbx_around *around, size_t panel) {
    memcpy(check->canon.a1, a1_of(check, around, panel),
           check->canon.rows * CBX_PANEL * sizeof(float));
}

/* Those of panels first … first + count, of output i % 10 of row i / 10. */
static float add_shares(const cbx_spot_check *check, size_t first, size_t count, size_t i) {
    for (size_t panel = 0; panel < count; panel++) {
        check->terms[panel] = check->shares[(first + panel) * check->canon.rows * OUTPUTS + i];
    }
    return cbx_canon_tree(check->terms, count);
}

/* A node of the trainer's own, as it went to the other owners. */
static cbx_status check_node(const cbx_spot_check *check, cbx_node node, const float *sent) {
    const size_t numbers = check->canon.rows * OUTPUTS;
    for (size_t i = 0; i < numbers; i++) {
        const float should = add_shares(check, node.first, node.panels, i);
        cbx_compared sums = {&sent[i], &should, 1, 1, 1, 1, 0, 0};
        if (!are_right(check, &sums)) {
            char where[96];
            snprintf(where, sizeof where,
                     "the sum of neurons %zu to %zu, output %zu, image %zu of "
                     "the batch",
                     neuron_of(check, node.first * CBX_PANEL),
                     neuron_of(check, (node.first + node.panels) * CBX_PANEL) - 1, i % OUTPUTS,
                     i / OUTPUTS);
            return tell(check, &sums, where);
        }
    }
    return CBX_OK;
}

/* All that went to the other owners. */
static cbx_status check_sent(const cbx_spot_check *check, const cbx_around *around) {
    const size_t numbers = check->canon.rows * OUTPUTS;
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < check->trainer->node_count && !status; i++) {
        status = check_node(check, check->trainer->nodes[i], around->sent + i * numbers);
    }
    return status;
}

/* Z2, A2 and D2 of all neurons, from the device's A1. */
static cbx_status compute_outputs(cbx_spot_check *check, const cbx_around *around) {
    cbx_canon *canon = &check->canon;
    const size_t count = canon->rows * OUTPUTS;
    for (size_t panel = 0; panel < check->all; panel++) {
        take_w2(canon, around->w2, panel, 0);
        take_a1(check, around, panel);
        cbx_canon_output_forward(canon);
        memcpy(check->shares + panel * count, canon->z2, count * sizeof *canon->z2);
    }
    const cbx_status status = around->sum ? check_sent(check, around) : CBX_OK;
    for (size_t i = 0; i < count; i++) { /* of all owners, or of the only one */
        const float sum = around->sum ? around->sum[i] : add_shares(check, 0, check->all, i);
        canon->z2[i] = around->w2[i % OUTPUTS] + sum;
        canon->a2[i] = cbx_canon_sigmoid(canon->z2[i]);
    }
    cbx_canon_output_errors(canon);
    return status;
}

static void take_w1(cbx_spot_check *check, const cbx_around *around, size_t place) {
    memcpy(check->canon.w1, around->w1 + place * CBX_PANEL_SIZE,
           CBX_PANEL_SIZE * sizeof *check->canon.w1);
}

/* A1 of the selected panel at `place`, of W1. */
static cbx_status check_activations(cbx_spot_check *check, const cbx_around *around, size_t place) {
    cbx_canon *canon = &check->canon;
    const size_t panel = (check->next + place) % check->all;
    char where[96];
    take_w1(check, around, place);
    cbx_canon_hidden_forward(canon);
    cbx_compared a1 = {.is = a1_of(check, around, panel),
                       .should = canon->a1,
                       .is_pitch = CBX_PANEL,
                       .pitch = CBX_PANEL,
                       .rows = canon->rows,
                       .columns = used_lanes(check, panel)};
    if (are_right(check, &a1)) {
        return CBX_OK;
    }
    snprintf(where, sizeof where, "a1 of neuron %zu, image %zu of the batch",
             neuron_of(check, panel * CBX_PANEL + a1.column), a1.row);
    return tell(check, &a1, where);
}

/* W1 of a selected panel, which has been computed. */
static cbx_status check_hidden(const cbx_spot_check *check, const cbx_around *around, size_t panel,
                               size_t place) {
    char where[96];
    cbx_compared w1 = {.is = around->w1_new + place * CBX_PANEL_SIZE,
                       .should = check->canon.w1,
                       .is_pitch = CBX_PANEL,
                       .pitch = CBX_PANEL,
                       .rows = CBX_ROWS,
                       .columns = used_lanes(check, panel)};
    if (are_right(check, &w1)) {
        return CBX_OK;
    }
    name_weight(where, sizeof where, "w1 of neuron",
                neuron_of(check, panel * CBX_PANEL + w1.column), "pixel", w1.row);
    return tell(check, &w1, where);
}

/* W2 of any panel; with the first the biases. */
static cbx_status check_output(cbx_spot_check *check, const cbx_around *around, size_t panel) {
    cbx_canon *canon = &check->canon;
    const size_t from = panel > 0; /* row of the canon's */
    char where[96];
    cbx_canon_update_output(canon, check->batch.rates.output);
    cbx_compared w2 = {.is = around->w2_new + (panel * CBX_PANEL + from) * CBX_LANES_OUT,
                       .should = canon->w2 + from * OUTPUTS,
                       .is_pitch = CBX_LANES_OUT,
                       .pitch = OUTPUTS,
                       .rows = 1 - from + used_lanes(check, panel),
                       .columns = OUTPUTS};
    if (are_right(check, &w2)) {
        return CBX_OK;
    }
    const size_t row = panel * CBX_PANEL + from + w2.row;
    name_weight(where, sizeof where, "w2 of output", w2.column, "neuron",
                row > 0 ? neuron_of(check, row) : 0);
    return tell(check, &w2, where);
}

/* Both of a panel. W1 comes of the W2 from before the batch, and is told after it. */
static cbx_status check_weights(cbx_spot_check *check, const cbx_around *around, size_t panel) {
    const size_t place = (panel + check->all - check->next) % check->all;
    const int selected = place < check->panels;
    take_w2(&check->canon, around->w2, panel, 1);
    take_a1(check, around, panel);
    if (selected) {
        take_w1(check, around, place);
        cbx_canon_update_hidden(&check->canon, check->batch.rates.hidden);
    }
    cbx_status status = check_output(check, around, panel);
    return status || !selected ? status : check_hidden(check, around, panel, place);
}

/* In the order in which one comes of the other: the cause is told. */
static cbx_status compute(cbx_spot_check *check) {
    const cbx_spot_batch *batch = &check->batch;
    const cbx_around around = cbx_watch_around(check->watch);
    cbx_status status = CBX_OK;
    cbx_canon_fetch(&check->canon, check->dataset, CBX_TRAIN, batch->order, batch->first,
                    batch->rows);
    for (size_t place = 0; place < check->panels && !status; place++) {
        status = check_activations(check, &around, place);
    }
    if (!status) {
        status = compute_outputs(check, &around);
    }
    for (size_t panel = 0; panel < check->all && !status; panel++) {
        status = check_weights(check, &around, panel);
    }
    return status;
}

static void *run(void *argument) {
    cbx_spot_check *check = argument;
    cbx_fault_take(&check->fault, compute(check));
    check->finished = 1;
    return NULL;
}

/* ---- going on ---- */

static void start(cbx_spot_check *check) {
    check->state = COMPUTING;
    check->finished = 0;
    check->fault = (cbx_fault){.status = CBX_OK};
    check->threaded = pthread_create(&check->thread, NULL, run, check) == 0;
    if (!check->threaded) {
        run(check);
    }
}

static cbx_status conclude(cbx_spot_check *check) {
    join(check);
    check->state = IDLE;
    check->next = (check->next + check->panels) % check->all;
    check->count += !check->fault.status;
    return check->fault.status ? cbx_fault_raise(&check->fault) : CBX_OK;
}

cbx_status cbx_spot_check_look(cbx_spot_check *check, int wait) {
    cbx_status status = CBX_OK;
    int there = 0;
    if (check->state == WATCHED) {
        status = cbx_watch_look(check->watch, wait, &there);
        if (there && !status) {
            start(check);
        } else if (wait) {
            check->state = IDLE;
        }
    }
    if (check->state == COMPUTING && (wait || check->finished)) {
        status = conclude(check);
    }
    return status;
}
