/* SPDX-License-Identifier: MIT */
#include "team/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "team/fellow.h"
#include "team/pipe.h"

/* Of what is sent: an order of 60,000 images fits. */
enum { PIPE_BYTES = 256 << 10 };

typedef struct member {
    cbx_team *team;
    cbx_device *device;
    cbx_exchange exchange;
    cbx_links links;
    cbx_division division;
    cbx_trainer *trainer; /* of the leader */
    cbx_pipe down, up;    /* from the leader, and to it; the leader's are not used */
    int has_down, has_up;
    pthread_t thread;
    int has_thread;
    uint32_t nodes;   /* of the tree, that it adds up alone */
    const float *own; /* their sums, and where the sum of all goes, while it waits */
    float *sum;
} member;

struct cbx_team {
    const cbx_dataset *dataset;
    const cbx_trainer_settings *settings; /* until all have their trainers */
    uint32_t panels;
    cbx_span *owned; /* (count) */
    uint32_t count;
    member *members; /* (count), the leader first */
    int checks;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t ready; /* members that have their trainer, or failed */
    uint32_t arrived;
    float *nodes; /* (room floats), of all, once all have arrived */
    size_t room;
    atomic_uint rounds;
    atomic_int broken;
    cbx_fault fault; /* the first */
};

/* ---- sharing out ---- */

/* Parts of the tree that borders may lie between, at most. */
enum { TREE_PARTS = 64 };

static uint32_t round_up(uint32_t panels, uint32_t unit) {
    return (panels + unit - 1) / unit * unit;
}

void cbx_team_share_out(uint32_t panels, const double *weights, uint32_t count, cbx_span *owned) {
    const uint32_t most = CBX_MOST_OWNED / CBX_PANEL;
    double all = 0.0, sum = 0.0;
    uint32_t unit = 1, first = 0, parts = TREE_PARTS;
    while (parts < count) { /* each may have one */
        parts *= 2;
    }
    while (panels / unit > parts) {
        unit *= 2;
    }
    for (uint32_t i = 0; i < count; i++) {
        all += weights ? weights[i] : 1.0;
    }
    for (uint32_t i = 0; i < count; i++) {
        sum += weights ? weights[i] : 1.0;
        const double exact = (double)panels * sum / all / unit;
        const uint64_t others = (uint64_t)(count - i - 1) * most; /* that follow can own as many */
        const uint32_t least = panels > others ? round_up(panels - (uint32_t)others, unit) : 0;
        uint32_t end = i + 1 == count ? panels : (uint32_t)(exact + 0.5) * unit;
        end = end < least ? least : end;
        end = end < first ? first : end - first > most ? first + most : end;
        end = end > panels ? panels : end;
        end = end == 0 ? (unit < panels ? unit : panels) : end; /* the leader has some */
        owned[i] = (cbx_span){first, end - first};
        first = end;
    }
}

/* ---- failing ---- */

/* Ends everyone's waiting. */
static void fail(cbx_team *team, const member *who, cbx_status status) {
    char sentence[sizeof team->fault.text];
    pthread_mutex_lock(&team->lock);
    if (!team->broken) {
        snprintf(sentence, sizeof sentence, "%s", cbx_last_error());
        team->broken = 1;
        (void)cbx_fail(status, "%s: %s", who->device->info.name, sentence);
        cbx_fault_take(&team->fault, status);
    }
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->lock);
    for (uint32_t i = 1; i < team->count; i++) {
        cbx_pipe_close(&team->members[i].down);
        cbx_pipe_close(&team->members[i].up);
    }
}

cbx_status cbx_team_blame(cbx_team *team, cbx_status status) {
    pthread_mutex_lock(&team->lock);
    const cbx_fault fault = team->fault;
    pthread_mutex_unlock(&team->lock);
    return status && fault.status ? cbx_fault_raise(&fault) : status;
}

/* ---- exchange ---- */

/* The last to arrive adds up what all have, and gives it to everyone. */
static cbx_status add_up(cbx_team *team, size_t numbers) {
    size_t floats = 0;
    for (uint32_t i = 0; i < team->count; i++) {
        floats += team->members[i].nodes * numbers;
    }
    cbx_status status = cbx_make_room(&team->nodes, &team->room, floats);
    float *to = team->nodes;
    for (uint32_t i = 0; i < team->count && !status; i++) {
        const size_t own = team->members[i].nodes * numbers;
        memcpy(to, team->members[i].own, own * sizeof *to);
        to += own;
    }
    if (!status) {
        cbx_tree_complete(team->panels, team->owned, team->nodes, numbers);
    }
    for (uint32_t i = 0; i < team->count && !status; i++) {
        memcpy(team->members[i].sum, team->nodes, numbers * sizeof *to);
    }
    return status;
}

/* Waking a thread takes as long as small batches do. Whoever else wants the core gets it. */
#define AWAKE_SECONDS 50e-6

static void wait_awake(const cbx_team *team, unsigned round) {
    const double start = cbx_clock_seconds();
    while (team->rounds == round && !team->broken && cbx_clock_seconds() - start < AWAKE_SECONDS) {
        sched_yield();
    }
}

static cbx_status add(void *user, const float *own, size_t numbers, float *sum,
                      cbx_meanwhile *meanwhile) {
    member *m = user;
    cbx_team *team = m->team;
    cbx_status status = CBX_OK;
    pthread_mutex_lock(&team->lock);
    const unsigned round = team->rounds;
    m->own = own;
    m->sum = sum;
    /* Once somebody failed the memory of those who have arrived may be gone. */
    if (!team->broken && ++team->arrived == team->count) {
        status = add_up(team, numbers);
        team->arrived = 0;
        team->rounds += !status;
        pthread_cond_broadcast(&team->changed);
    }
    pthread_mutex_unlock(&team->lock);
    if (!status) {
        status = cbx_meanwhile_do(meanwhile);
    }
    if (status) { /* at once: this member's memory goes */
        fail(team, m, status);
        return status;
    }
    wait_awake(team, round);
    pthread_mutex_lock(&team->lock);
    while (team->rounds == round && !team->broken) {
        pthread_cond_wait(&team->changed, &team->lock);
    }
    const int missed = team->rounds == round;
    pthread_mutex_unlock(&team->lock);
    return missed ? cbx_fail(CBX_DEVICE_FAULT, "another device of this run failed") : CBX_OK;
}

static cbx_status send_down(void *user, uint32_t rank, const void *bytes, size_t size) {
    const member *leader = user;
    return cbx_pipe_send(&leader->team->members[rank].down, bytes, size);
}

static cbx_status receive_up(void *user, uint32_t rank, void *bytes, size_t size) {
    const member *leader = user;
    return cbx_pipe_receive(&leader->team->members[rank].up, bytes, size);
}

static cbx_status send_up(void *user, uint32_t rank, const void *bytes, size_t size) {
    member *m = user;
    (void)rank;
    return cbx_pipe_send(&m->up, bytes, size);
}

static cbx_status receive_down(void *user, uint32_t rank, void *bytes, size_t size) {
    member *m = user;
    (void)rank;
    return cbx_pipe_receive(&m->down, bytes, size);
}

/* ---- members ---- */

static cbx_status get_ready(void *user, cbx_status status) {
    const member *m = user;
    if (status) {
        fail(m->team, m, status);
    }
    pthread_mutex_lock(&m->team->lock);
    m->team->ready++;
    pthread_cond_broadcast(&m->team->changed);
    pthread_mutex_unlock(&m->team->lock);
    return status;
}

static void *work(void *user) {
    member *m = user;
    const cbx_fellow fellow = {
        m->device, m->team->dataset, m->team->settings, &m->division, m->team->checks, get_ready,
        m};
    const cbx_status status = cbx_fellow_serve(&fellow);
    if (status) {
        fail(m->team, m, status); /* perhaps once more, which is nothing new */
    }
    return NULL;
}

static void set_up(cbx_team *team, uint32_t rank, cbx_device *device) {
    member *m = &team->members[rank];
    m->team = team;
    m->device = device;
    if (team->count == 1) { /* a trainer of all neurons, as any other */
        return;
    }
    cbx_span nodes[CBX_MOST_NODES];
    m->nodes = cbx_tree_nodes(team->panels, team->owned[rank], nodes);
    m->exchange = (cbx_exchange){rank, team->count, team->owned, add, m};
    m->links =
        rank == 0 ? (cbx_links){send_down, receive_up, m} : (cbx_links){send_up, receive_down, m};
    m->division = (cbx_division){.share = cbx_share_of(team->owned[rank], team->settings->hidden),
                                 .exchange = &m->exchange,
                                 .links = &m->links};
}

static cbx_status start(member *m) {
    const int error = cbx_thread_start(&m->thread, work, m);
    m->has_thread = !error;
    return error
               ? cbx_fail(CBX_NO_MEMORY, "cannot start a thread for a device: %s", strerror(error))
               : CBX_OK;
}

static cbx_status start_all(cbx_team *team) {
    cbx_status status = CBX_OK;
    uint32_t started = 0;
    for (uint32_t i = 1; i < team->count && !status; i++) {
        member *m = &team->members[i];
        status = cbx_pipe_open(&m->down, PIPE_BYTES);
        m->has_down = 1;
        if (!status) {
            status = cbx_pipe_open(&m->up, PIPE_BYTES);
            m->has_up = 1;
        }
    }
    for (uint32_t i = 1; i < team->count && !status; i++) {
        status = start(&team->members[i]);
        started += !status;
    }
    if (!status) {
        member *leader = &team->members[0];
        status = cbx_trainer_create_with(&leader->trainer, leader->device, team->dataset,
                                         team->settings, &leader->division);
    }
    pthread_mutex_lock(&team->lock); /* so that no follower is at work when this fails */
    while (team->ready < started) {
        pthread_cond_wait(&team->changed, &team->lock);
    }
    pthread_mutex_unlock(&team->lock);
    return status;
}

cbx_status cbx_team_create(cbx_team **out, cbx_device *const *devices, const cbx_span *owned,
                           uint32_t count, const cbx_dataset *dataset,
                           const cbx_trainer_settings *settings, int checks) {
    cbx_team *team = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&team, 1);
    if (status) {
        return status;
    }
    team->dataset = dataset;
    team->settings = settings;
    team->panels = CBX_PANELS_OF(settings->hidden);
    team->checks = checks;
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->changed, NULL);
    status = cbx_new(&team->owned, count);
    if (!status) {
        status = cbx_new(&team->members, count);
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        if (owned[i].count > 0) {
            team->owned[team->count++] = owned[i];
        }
    }
    for (uint32_t i = 0, rank = 0; i < count && !status; i++) {
        if (owned[i].count > 0) {
            set_up(team, rank++, devices[i]);
        }
    }
    if (!status) {
        status = start_all(team);
    }
    cbx_fault fault = team->fault; /* of the first follower that failed, if one did */
    cbx_fault_take(&fault, status);
    if (fault.status) {
        cbx_team_destroy(team); /* which may fail at something */
        return cbx_fault_raise(&fault);
    }
    *out = team;
    return CBX_OK;
}

cbx_trainer *cbx_team_trainer(const cbx_team *team) {
    return team->members[0].trainer;
}

void cbx_team_destroy(cbx_team *team) {
    if (!team) {
        return;
    }
    pthread_mutex_lock(&team->lock);
    team->broken = 1; /* whoever still waits for sums waits for a leader that failed */
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->lock);
    for (uint32_t i = 0; i < team->count && team->members; i++) {
        member *m = &team->members[i];
        if (i == 0) {
            cbx_trainer_destroy(m->trainer); /* which lets the others go */
        }
        if (m->has_down) {
            cbx_pipe_close(&m->down);
        }
        if (m->has_up) {
            cbx_pipe_close(&m->up);
        }
        if (m->has_thread) {
            pthread_join(m->thread, NULL);
        }
        if (m->has_down) {
            cbx_pipe_clear(&m->down);
        }
        if (m->has_up) {
            cbx_pipe_clear(&m->up);
        }
    }
    pthread_cond_destroy(&team->changed);
    pthread_mutex_destroy(&team->lock);
    free(team->nodes);
    free(team->members);
    free(team->owned);
    free(team);
}
