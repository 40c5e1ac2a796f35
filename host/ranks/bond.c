/* SPDX-License-Identifier: MIT */
#include "ranks/bond.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "layout.h"

static cbx_status send(void *user, uint32_t member, const void *bytes, size_t size) {
    const cbx_bond *bond = user;
    const cbx_links *links = &bond->ranks->links;
    return links->send(links->user, bond->members[member], bytes, size);
}

static cbx_status receive(void *user, uint32_t member, void *bytes, size_t size) {
    const cbx_bond *bond = user;
    const cbx_links *links = &bond->ranks->links;
    return links->receive(links->user, bond->members[member], bytes, size);
}

typedef cbx_status exchange(cbx_bond *bond, const float *own, size_t numbers, float *sum,
                            cbx_meanwhile *meanwhile);

static exchange *const ways[CBX_BOND_WAYS] = {
    [CBX_BY_PAIRS] = cbx_pairs_add, [CBX_DIRECTLY] = cbx_direct_add};

static cbx_status add(void *user, const float *own, size_t numbers, float *sum,
                      cbx_meanwhile *meanwhile) {
    cbx_bond *bond = user;
    const double start = cbx_clock_seconds();
    const cbx_status status = ways[bond->way](bond, own, numbers, sum, meanwhile);
    bond->seconds += cbx_clock_seconds() - start;
    if (meanwhile) {
        bond->seconds -= meanwhile->seconds;
        bond->worked_seconds += meanwhile->seconds;
        bond->worked++;
    }
    return status;
}

/* ---- tried ---- */

enum { ROUNDS = 50 };

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double took[ROUNDS]) {
    qsort(took, ROUNDS, sizeof *took, compare);
    return took[ROUNDS / 2];
}

static cbx_status try_way(cbx_bond *bond, size_t numbers, const float *own, float *sum,
                          double *out) {
    double took[ROUNDS];
    cbx_status status = CBX_OK;
    for (int i = 0; i < ROUNDS && !status; i++) {
        const double before = bond->seconds;
        status = add(bond, own, numbers, sum, NULL);
        took[i] = bond->seconds - before;
    }
    *out = status ? 0.0 : median(took);
    return status;
}

/* One or MESSAGES of them to the neighbour, the first member with the second, and so on. */
static cbx_status time_messages(cbx_bond *bond, size_t numbers, const float *own, float *room,
                                uint32_t count, double *out) {
    const uint32_t other = bond->own ^ 1u;
    double took[ROUNDS] = {0.0};
    cbx_swap swaps[CBX_MOST_SWAPS];
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < count && other < bond->count; i++) {
        swaps[i] = (cbx_swap){bond->members[other], own, numbers, room + i * numbers, numbers};
    }
    for (int i = 0; i < ROUNDS && !status && other < bond->count; i++) {
        const double start = cbx_clock_seconds();
        status = bond->ranks->swap(bond->ranks->user, swaps, count, NULL);
        took[i] = cbx_clock_seconds() - start;
    }
    *out = status || other >= bond->count ? 0.0 : median(took);
    return status;
}

static cbx_status try_messages(cbx_bond *bond, size_t numbers, const float *own, float *room,
                               uint32_t count) {
    double one = 0.0, all = 0.0;
    cbx_status status = time_messages(bond, numbers, own, room, 1, &one);
    if (!status) {
        status = time_messages(bond, numbers, own, room, count, &all);
    }
    bond->message_seconds = all > one ? (all - one) / (count - 1) : 0.0;
    return status;
}

/* The first member says which way it is. */
static cbx_status agree(cbx_bond *bond, const double took[CBX_BOND_WAYS]) {
    cbx_status status = CBX_OK;
    if (bond->own == 0) {
        bond->way = took[CBX_DIRECTLY] < took[CBX_BY_PAIRS] ? CBX_DIRECTLY : CBX_BY_PAIRS;
    }
    for (uint32_t member = 1; member < bond->count && bond->own == 0 && !status; member++) {
        status = send(bond, member, &bond->way, sizeof bond->way);
    }
    if (bond->own > 0) {
        status = receive(bond, 0, &bond->way, sizeof bond->way);
    }
    if (!status && (unsigned)bond->way >= CBX_BOND_WAYS) {
        return cbx_fail(CBX_DEVICE_FAULT, "rank 0 exchanges in a way that nobody knows");
    }
    bond->typical_seconds = took[bond->way];
    return status;
}

cbx_status cbx_bond_try(cbx_bond *bond, uint32_t rows, int messages) {
    enum { MESSAGES = 8 };
    const size_t numbers = (size_t)rows * CBX_CLASSES;
    const int both = bond->count > 2 && bond->count <= CBX_MOST_SWAPS;
    double took[CBX_BOND_WAYS] = {0.0};
    float *own = NULL, *room = NULL;
    cbx_status status = cbx_new(&own, bond->nodes * numbers);
    if (!status) {
        status = cbx_new(&room, MESSAGES * numbers);
    }
    for (int way = 0; way < (both ? CBX_BOND_WAYS : CBX_BY_PAIRS + 1) && !status; way++) {
        bond->way = (cbx_bond_way)way;
        status = try_way(bond, numbers, own, room, &took[way]);
    }
    if (!status && messages) {
        status = try_messages(bond, numbers, own, room, MESSAGES);
    }
    if (!status && both) {
        status = agree(bond, took);
    } else {
        bond->typical_seconds = took[CBX_BY_PAIRS];
    }
    bond->seconds = 0.0;
    free(own);
    free(room);
    return status;
}

cbx_status cbx_bond_open(cbx_bond *out, const cbx_ranks *ranks, const cbx_span *spans,
                         uint32_t hidden) {
    uint32_t own = 0;
    *out = (cbx_bond){.ranks = ranks, .panels = CBX_PANELS_OF(hidden)};
    cbx_status status = cbx_new(&out->members, ranks->count);
    if (!status) {
        status = cbx_new(&out->owned, ranks->count);
    }
    if (status) {
        return status;
    }
    for (uint32_t rank = 0; rank < ranks->count; rank++) {
        if (spans[rank].count > 0) {
            own = rank == ranks->rank ? out->count : own;
            out->members[out->count] = rank;
            out->owned[out->count++] = spans[rank];
        }
    }
    out->own = own;
    cbx_pairs_plan(out);
    out->exchange = (cbx_exchange){own, out->count, out->owned, add, out};
    out->links = (cbx_links){send, receive, out};
    out->division = (cbx_division){.share = cbx_share_of(spans[ranks->rank], hidden),
                                   .exchange = &out->exchange,
                                   .links = &out->links};
    return CBX_OK;
}

void cbx_bond_clear(cbx_bond *bond) {
    free(bond->members);
    free(bond->owned);
    free(bond->list);
    free(bond->other);
    *bond = (cbx_bond){.ranks = NULL};
}
