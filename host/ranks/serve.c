/* SPDX-License-Identifier: MIT */
#include "ranks/serve.h"

#include <stdlib.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "network/crew.h"
#include "ranks/bond.h"
#include "ranks/deal.h"
#include "team/fellow.h"
#include "team/team.h"

typedef struct servant {
    const cbx_ranks *ranks;
    cbx_rank_opener *opener;
    void *user; /* of it */
    cbx_device *device;
    cbx_dataset *dataset;
    double speed;
    cbx_bond bond; /* while it trains */
    uint32_t rows;
    int times_messages;
    int is_let_go; /* without having trained */
} servant;

static cbx_status receive(const servant *it, void *bytes, size_t size) {
    return it->ranks->links.receive(it->ranks->links.user, 0, bytes, size);
}

/* Of what rank 0 waits for: how `done` ended. */
static cbx_status answer(const servant *it, cbx_status done) {
    cbx_rank_answer answer = {.speed = it->speed};
    cbx_fault_take(&answer.fault, done);
    if (it->device) {
        answer.device = *cbx_device_about(it->device);
    }
    return it->ranks->links.send(it->ranks->links.user, 0, &answer, sizeof answer);
}

static void close_all(servant *it) {
    cbx_dataset_destroy(it->dataset);
    cbx_device_close(it->device);
    it->dataset = NULL;
    it->device = NULL;
}

/* ---- what it is told ---- */

static cbx_status start(servant *it, const cbx_rank_message *message) {
    cbx_learn_settings run;
    char spec[CBX_SPEC];
    close_all(it);
    cbx_learn_defaults(&run);
    run.hidden = message->training.hidden;
    run.batch = message->training.batch;
    run.recipe = message->training.recipe;
    run.schedule = message->training.schedule;
    run.family = message->family;
    run.arithmetic = message->arithmetic;
    run.film = NULL; /* which rank 0 makes */
    run.device = spec;
    cbx_status status = cbx_deal_device(&it->ranks->places[it->ranks->rank], message->device, spec);
    if (!status) {
        status = it->opener(it->user, spec, &run, &it->device);
    }
    return answer(it, status);
}

typedef struct file {
    uint8_t *pixels, *labels;
    size_t count;
} file;

/* Broadcast, whatever becomes of the memory for it: then the run ends for all. */
static cbx_status take_file(const servant *it, uint64_t images, file *out) {
    out->count = (size_t)images;
    cbx_status status = cbx_allocate(&out->pixels, out->count, CBX_IMAGE_PIXELS);
    if (!status) {
        status = cbx_new(&out->labels, out->count);
    }
    if (!status) {
        status = it->ranks->broadcast(it->ranks->user, out->pixels, out->count * CBX_IMAGE_PIXELS);
    }
    return status ? status : it->ranks->broadcast(it->ranks->user, out->labels, out->count);
}

static cbx_status take_dataset(servant *it, const cbx_rank_message *message) {
    file training = {.count = 0}, test = {.count = 0};
    cbx_status status = take_file(it, message->training_images, &training);
    if (!status) {
        status = take_file(it, message->test_images, &test);
    }
    if (!status) {
        const cbx_images files[] = {{training.count, training.pixels, training.labels},
                                    {test.count, test.pixels, test.labels}};
        cbx_dataset_destroy(it->dataset);
        it->dataset = NULL;
        status = answer(it, cbx_dataset_from_memory(&it->dataset, &files[0], &files[1]));
    }
    free(training.pixels);
    free(training.labels);
    free(test.pixels);
    free(test.labels);
    return status;
}

static cbx_status measure(servant *it, const cbx_rank_message *message) {
    return answer(it,
                  cbx_team_measure(&it->device, 1, it->dataset, &message->training, &it->speed));
}

/* Unless all have their trainers all are let go. */
static cbx_status get_ready(void *user, cbx_status made) {
    servant *it = user;
    cbx_command next = {.word = CBX_TELL_END};
    cbx_status status = answer(it, made);
    if (!status) {
        status = receive(it, &next, sizeof next);
    }
    if (!status && next.word == CBX_TELL_BEGIN) {
        return cbx_bond_try(&it->bond, it->rows, it->times_messages);
    }
    it->is_let_go = !status;
    return status ? status : cbx_fail(CBX_DEVICE_FAULT, "another rank has no trainer");
}

static cbx_status serve(servant *it, const cbx_rank_message *message, const cbx_span *spans) {
    if (spans[it->ranks->rank].count == 0) {
        return answer(it, CBX_OK);
    }
    it->is_let_go = 0;
    it->rows = message->training.batch;
    it->times_messages = message->times_messages;
    cbx_status status = cbx_bond_open(&it->bond, it->ranks, spans, message->training.hidden);
    if (!status) {
        const cbx_fellow fellow = {
            it->device, it->dataset, &message->training, &it->bond.division, message->has_checks,
            get_ready,  it};
        status = cbx_fellow_serve(&fellow);
    }
    cbx_bond_clear(&it->bond);
    return it->is_let_go ? CBX_OK : status;
}

static cbx_status train(servant *it, const cbx_rank_message *message) {
    cbx_span *spans = NULL;
    cbx_status status = cbx_new(&spans, it->ranks->count);
    if (!status) {
        status = receive(it, spans, it->ranks->count * sizeof *spans);
    }
    if (!status) {
        status = serve(it, message, spans);
    }
    free(spans);
    return status;
}

static cbx_status close_it(servant *it, const cbx_rank_message *message) {
    (void)message;
    close_all(it);
    return CBX_OK;
}

static cbx_status (*const deeds[CBX_RANK_WORDS])(servant *, const cbx_rank_message *) = {
    [CBX_RANK_START] = start, [CBX_RANK_DATASET] = take_dataset, [CBX_RANK_MEASURE] = measure,
    [CBX_RANK_TRAIN] = train, [CBX_RANK_CLOSE] = close_it,
};

cbx_status cbx_ranks_serve(const cbx_ranks *ranks, cbx_rank_opener *opener, void *user) {
    servant it = {.ranks = ranks, .opener = opener, .user = user};
    cbx_status status = CBX_OK;
    for (;;) {
        cbx_rank_message message;
        status = receive(&it, &message, sizeof message);
        if (!status && message.word == CBX_RANK_LEAVE) {
            break;
        }
        if (!status) {
            status = (unsigned)message.word < CBX_RANK_WORDS && deeds[message.word]
                         ? deeds[message.word](&it, &message)
                         : cbx_fail(CBX_DEVICE_FAULT, "rank 0 says what nobody knows");
        }
        if (status) {
            status = ranks->fail(ranks->user, status);
            break;
        }
    }
    close_all(&it);
    return status;
}
