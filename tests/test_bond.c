/* SPDX-License-Identifier: MIT */
/* Ranks that add up their sums by pairs, and directly: what all get is the canon's tree, to the bit, for any number of them,
 * any shares, and some without any. */
#include "support/test.h"

#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "ranks/bond.h"
#include "support/synthetic.h"

enum { MOST_RANKS = 67, NUMBERS = 6 };

typedef struct letter {
    float *floats; /* NULL: nobody sent it yet */
    size_t count;
} letter;

/* Ranks are threads; no check of this file's is in one of them. */
typedef struct world {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    letter letters[MOST_RANKS][MOST_RANKS]; /* from, to */
    int broken;
} world;

typedef struct rank {
    world *world;
    cbx_ranks ranks;
    const cbx_span *spans;
    uint32_t panels;
    const float *sums;     /* [panels][NUMBERS] */
    float sum[2][NUMBERS]; /* by pairs, directly */
    uint32_t swaps, worked;
    cbx_status status;
    pthread_t thread;
} rank;

static void post(rank *own, const cbx_swap *it) {
    world *w = own->world;
    letter *out = &w->letters[own->ranks.rank][it->rank];
    while (out->floats && !w->broken) {
        pthread_cond_wait(&w->changed, &w->lock);
    }
    if (!w->broken) {
        TEST_NEW(out->floats, it->sends);
        memcpy(out->floats, it->from, it->sends * sizeof *it->from);
        out->count = it->sends;
        pthread_cond_broadcast(&w->changed);
    }
}

static int fetch(rank *own, const cbx_swap *it) {
    world *w = own->world;
    letter *in = &w->letters[it->rank][own->ranks.rank];
    while (!in->floats && !w->broken) {
        pthread_cond_wait(&w->changed, &w->lock);
    }
    if (w->broken || in->count != it->receives) {
        return 0;
    }
    memcpy(it->to, in->floats, it->receives * sizeof *it->to);
    free(in->floats);
    *in = (letter){NULL, 0};
    pthread_cond_broadcast(&w->changed);
    return 1;
}

static cbx_status swap(void *user, const cbx_swap *swaps, uint32_t count,
                       cbx_meanwhile *meanwhile) {
    rank *own = user;
    int good = 1;
    pthread_mutex_lock(&own->world->lock);
    own->swaps++;
    for (uint32_t i = 0; i < count; i++) {
        if (swaps[i].sends > 0) {
            post(own, &swaps[i]);
        }
    }
    good = cbx_meanwhile_do(meanwhile) == CBX_OK;
    for (uint32_t i = 0; i < count && good; i++) {
        good = swaps[i].receives == 0 || fetch(own, &swaps[i]);
    }
    pthread_mutex_unlock(&own->world->lock);
    return good ? CBX_OK : cbx_fail(CBX_DEVICE_FAULT, "the ranks expect different messages");
}

static cbx_status count_work(void *user) {
    (*(uint32_t *)user)++;
    return CBX_OK;
}

/* Its nodes, and then the exchange. */
static cbx_status add(rank *own) {
    cbx_bond bond;
    cbx_span nodes[CBX_MOST_NODES];
    float *sums, *panels;
    const uint32_t count = cbx_tree_nodes(own->panels, own->spans[own->ranks.rank], nodes);
    TEST_NEW(sums, count * NUMBERS);
    TEST_NEW(panels, own->panels * NUMBERS);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(panels, own->sums + nodes[i].first * NUMBERS,
               nodes[i].count * NUMBERS * sizeof *panels);
        memcpy(sums + i * NUMBERS, cbx_tree_add(panels, nodes[i].count, NUMBERS, NUMBERS),
               NUMBERS * sizeof *sums);
    }
    cbx_status status = cbx_bond_open(&bond, &own->ranks, own->spans, own->panels * CBX_PANEL);
    for (int again = 0; again < 4 && !status; again++) {
        const int direct = again >= 2 && bond.count <= CBX_MOST_SWAPS;
        bond.way = direct ? CBX_DIRECTLY : CBX_BY_PAIRS;
        memset(own->sum[again / 2], 0, sizeof own->sum[again / 2]);
        cbx_meanwhile meanwhile = {count_work, &own->worked, 0.0};
        status =
            bond.exchange.add(bond.exchange.user, sums, NUMBERS, own->sum[again / 2], &meanwhile);
    }
    cbx_bond_clear(&bond);
    free(sums);
    free(panels);
    return status;
}

static void *work(void *user) {
    rank *own = user;
    if (own->spans[own->ranks.rank].count > 0) {
        own->status = add(own);
    }
    if (own->status) {
        pthread_mutex_lock(&own->world->lock);
        own->world->broken = 1;
        pthread_cond_broadcast(&own->world->changed);
        pthread_mutex_unlock(&own->world->lock);
    }
    return NULL;
}

static uint32_t levels_of(uint32_t members) {
    uint32_t levels = 0;
    while (members >> levels > 1) {
        levels++;
    }
    return levels;
}

/* All ranks get what one gets that adds up all panels. */
static void check(const cbx_span *spans, uint32_t count, uint32_t panels, uint64_t seed) {
    static rank all[MOST_RANKS];
    static world w;
    uint32_t members = 0;
    float *sums, *tree;
    TEST_NEW(sums, panels * NUMBERS);
    TEST_NEW(tree, panels * NUMBERS);
    for (size_t i = 0; i < (size_t)panels * NUMBERS; i++) {
        sums[i] = (float)synthetic_normal(&seed);
    }
    memcpy(tree, sums, panels * NUMBERS * sizeof *sums);
    const float *should = cbx_tree_add(tree, panels, NUMBERS, NUMBERS);
    memset(&w, 0, sizeof w);
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.changed, NULL);
    for (uint32_t i = 0; i < count; i++) {
        members += spans[i].count > 0;
        all[i] = (rank){.world = &w,
                        .ranks = {.rank = i, .count = count, .swap = swap, .user = &all[i]},
                        .spans = spans,
                        .panels = panels,
                        .sums = sums};
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(0, pthread_create(&all[i].thread, NULL, work, &all[i]));
    }
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(all[i].thread, NULL);
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(CBX_OK, all[i].status);
        if (spans[i].count > 0) {
            assert_memory_equal(all[i].sum[0], should, sizeof all[i].sum[0]);
            assert_memory_equal(all[i].sum[1], should, sizeof all[i].sum[1]);
            assert_true(members == 1 || all[i].worked == 4); /* once in each exchange */
            assert_true(all[i].swaps <=
                        2 * (levels_of(members) + 2) * (members > CBX_MOST_SWAPS ? 2 : 1) + 2);
        }
    }
    pthread_mutex_destroy(&w.lock);
    pthread_cond_destroy(&w.changed);
    free(sums);
    free(tree);
}

static void even_shares(void **state) {
    static const uint32_t panels[] = {67, 128, 1000, 31250};
    (void)state;
    for (size_t p = 0; p < CBX_COUNT(panels); p++) {
        for (uint32_t count = 1; count <= MOST_RANKS; count += count < 17 ? 1 : 25) {
            cbx_span spans[MOST_RANKS];
            for (uint32_t i = 0; i < count; i++) {
                const uint32_t first = (uint32_t)((uint64_t)panels[p] * i / count);
                spans[i] =
                    (cbx_span){first, (uint32_t)((uint64_t)panels[p] * (i + 1) / count) - first};
            }
            check(spans, count, panels[p], count);
        }
    }
}

static void shares_of_any_size_and_none(void **state) {
    static const uint32_t sizes[][9] = {{1, 0, 1},
                                        {3, 0, 0, 5, 1},
                                        {1, 7, 1, 1, 1},
                                        {5, 3, 5, 0, 9, 1},
                                        {64, 1, 1},
                                        {1, 64, 0, 63},
                                        {2, 2, 3, 1, 1, 1, 1, 0, 4}};
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(sizes); i++) {
        cbx_span spans[9];
        uint32_t first = 0;
        for (int k = 0; k < 9; first += sizes[i][k++]) {
            spans[k] = (cbx_span){first, sizes[i][k]};
        }
        check(spans, 9, first, i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(even_shares),
                                       cmocka_unit_test(shares_of_any_size_and_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
