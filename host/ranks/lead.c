/* SPDX-License-Identifier: MIT */
#include "ranks/lead.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/crew.h"
#include "team/team.h"

static cbx_status tell(const cbx_ranks *ranks, const cbx_rank_message *message) {
    cbx_status status = CBX_OK;
    for (uint32_t rank = 1; rank < ranks->count && !status; rank++) {
        status = ranks->links.send(ranks->links.user, rank, message, sizeof *message);
    }
    return status;
}

/* Of all, in turn; the first failure is named, but for what concerns all alike. */
static cbx_status hear(const cbx_lead *lead, double *speeds) {
    const cbx_ranks *ranks = lead->ranks;
    cbx_fault first = {CBX_OK, ""};
    cbx_status status = CBX_OK;
    for (uint32_t rank = 1; rank < ranks->count && !status; rank++) {
        cbx_rank_answer answer;
        status = ranks->links.receive(ranks->links.user, rank, &answer, sizeof answer);
        if (!status && answer.fault.status) {
            cbx_fault_take(&first, cbx_fail(answer.fault.status, "rank %u on %s: %s", rank,
                                            ranks->places[rank].host, answer.fault.text));
        } else if (!status && speeds) {
            speeds[rank] = answer.speed;
        } else if (!status) {
            lead->devices[rank] = answer.device;
        }
    }
    return status ? status : cbx_fault_raise(&first);
}

cbx_status cbx_lead_start(cbx_lead *lead, const cbx_ranks *ranks, const cbx_rank_message *message) {
    lead->ranks = ranks;
    cbx_status status = cbx_new(&lead->devices, ranks->count);
    return status ? status : tell(ranks, message);
}

cbx_status cbx_lead_started(cbx_lead *lead) {
    return hear(lead, NULL);
}

/* ---- the dataset ---- */

static cbx_status broadcast(const cbx_ranks *ranks, const void *bytes, size_t size) {
    return ranks->broadcast(ranks->user, (void *)bytes, size); /* rank 0's are only read */
}

cbx_status cbx_lead_give(cbx_lead *lead, const cbx_dataset *dataset) {
    const cbx_images training = cbx_dataset_images(dataset, CBX_TRAIN);
    const size_t validation = cbx_dataset_images(dataset, CBX_VALIDATION).count;
    const cbx_images test = cbx_dataset_images(dataset, CBX_TEST);
    /* Validation lies behind training: dataset.h. */
    const size_t images[] = {training.count + validation, test.count};
    const cbx_images files[] = {training, test};
    const cbx_rank_message message = {
        .word = CBX_RANK_DATASET, .training_images = images[0], .test_images = images[1]};
    if (lead->has_dataset) {
        return CBX_OK;
    }
    cbx_status status = tell(lead->ranks, &message);
    for (int i = 0; i < 2 && !status; i++) {
        status = broadcast(lead->ranks, files[i].pixels, images[i] * CBX_IMAGE_PIXELS);
        if (!status) {
            status = broadcast(lead->ranks, files[i].labels, images[i]);
        }
    }
    if (!status) {
        status = hear(lead, NULL);
    }
    lead->has_dataset = !status;
    return status;
}

/* ---- training ---- */

/* All at the same time. */
static cbx_status measure(const cbx_lead *lead, cbx_device *device, const cbx_dataset *dataset,
                          const cbx_trainer_settings *settings, double *speeds) {
    cbx_trainer_settings even = *settings;
    even.hidden = even.hidden / lead->ranks->count > 0 ? even.hidden / lead->ranks->count : 1;
    const cbx_rank_message message = {.word = CBX_RANK_MEASURE, .training = even};
    cbx_status status = tell(lead->ranks, &message);
    if (!status) {
        status = cbx_team_measure(&device, 1, dataset, &even, &speeds[0]);
    }
    const cbx_status others = hear(lead, speeds);
    return status ? status : others;
}

cbx_status cbx_lead_share_out(cbx_lead *lead, cbx_device *device, const cbx_dataset *dataset,
                              const cbx_trainer_settings *settings, int alike, cbx_span *spans) {
    const uint32_t count = lead->ranks->count;
    double *speeds = NULL;
    cbx_status status = CBX_OK;
    if (!alike) {
        status = cbx_new(&speeds, count);
        status = status ? status : measure(lead, device, dataset, settings, speeds);
    }
    if (!status) {
        cbx_team_share_out(CBX_PANELS_OF(settings->hidden), speeds, count, spans);
    }
    free(speeds);
    return status;
}

/* To those with neurons, while there is no trainer that leads them. */
static cbx_status tell_followers(const cbx_bond *bond, cbx_word word) {
    const cbx_links *links = &bond->ranks->links;
    const cbx_command command = {.word = word};
    cbx_status status = CBX_OK;
    for (uint32_t i = 1; i < bond->count && !status; i++) {
        status = links->send(links->user, bond->members[i], &command, sizeof command);
    }
    return status;
}

/* All have one, or nobody: one that fails lets the others go. */
static cbx_status create_trainers(cbx_lead *lead, cbx_device *device, const cbx_dataset *dataset,
                                  const cbx_trainer_settings *settings, cbx_bond *bond,
                                  cbx_trainer **out) {
    cbx_fault first = {CBX_OK, ""};
    cbx_fault_take(&first,
                   cbx_trainer_create_with(out, device, dataset, settings, &bond->division));
    cbx_fault_take(&first, hear(lead, NULL));
    if (!first.status) {
        return tell_followers(bond, CBX_TELL_BEGIN);
    }
    if (!*out) { /* else it tells them when it goes */
        (void)tell_followers(bond, CBX_TELL_END);
    }
    return cbx_fault_raise(&first);
}

cbx_status cbx_lead_train(cbx_lead *lead, cbx_device *device, const cbx_dataset *dataset,
                          const cbx_trainer_settings *settings, const cbx_span *spans, int checks,
                          int messages, cbx_bond *bond, cbx_trainer **out) {
    const cbx_ranks *ranks = lead->ranks;
    const cbx_rank_message message = {.word = CBX_RANK_TRAIN,
                                      .training = *settings,
                                      .has_checks = checks,
                                      .times_messages = messages};
    *out = NULL;
    cbx_status status = cbx_bond_open(bond, ranks, spans, settings->hidden);
    if (status || bond->count == 1) { /* the others have nothing to do */
        return status ? status : cbx_trainer_create(out, device, dataset, settings);
    }
    status = tell(ranks, &message);
    for (uint32_t rank = 1; rank < ranks->count && !status; rank++) {
        status = ranks->links.send(ranks->links.user, rank, spans, ranks->count * sizeof *spans);
    }
    if (!status) {
        status = create_trainers(lead, device, dataset, settings, bond, out);
    }
    if (!status) {
        status = cbx_bond_try(bond, settings->batch, messages);
    }
    if (status) {
        cbx_trainer_destroy(*out);
        *out = NULL;
    }
    return status;
}

static void tell_word(const cbx_ranks *ranks, cbx_rank_word word) {
    const cbx_rank_message message = {.word = word};
    (void)tell(ranks, &message);
}

void cbx_lead_end(cbx_lead *lead) {
    if (lead->ranks) {
        tell_word(lead->ranks, CBX_RANK_CLOSE);
        free(lead->devices);
        *lead = (cbx_lead){.ranks = NULL};
    }
}

void cbx_lead_dismiss(const cbx_ranks *ranks) {
    tell_word(ranks, CBX_RANK_LEAVE);
}
