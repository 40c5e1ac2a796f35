/* SPDX-License-Identifier: MIT */
/* Ranks that add up their sums by pairs: what all get is the canon's tree, to the bit, for any number of them,
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
    const float *sums; /* [panels][NUMBERS] */
    float sum[NUMBERS];
    uint32_t swaps;
    cbx_status status;
    pthread_t thread;
} rank;

static cbx_status swap(void *user, uint32_t other, const float *from, size_t sends, float *to,
                       size_t receives) {
    rank *own = user;
    world *w = own->world;
    letter *out = &w->letters[own->ranks.rank][other], *in = &w->letters[other][own->ranks.rank];
    pthread_mutex_lock(&w->lock);
    own->swaps++;
    while (sends > 0 && out->floats && !w->broken) {
        pthread_cond_wait(&w->changed, &w->lock);
    }
    if (sends > 0 && !w->broken) {
        TEST_NEW(out->floats, sends);
        memcpy(out->floats, from, sends * sizeof *from);
        out->count = sends;
        pthread_cond_broadcast(&w->changed);
    }
    while (receives > 0 && !in->floats && !w->broken) {
        pthread_cond_wait(&w->changed, &w->lock);
    }
    const int good = !w->broken && (receives == 0 || in->count == receives);
    if (good && receives > 0) {
        memcpy(to, in->floats, receives * sizeof *to);
        free(in->floats);
        *in = (letter){NULL, 0};
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return good ? CBX_OK : cbx_fail(CBX_DEVICE_FAULT, "the ranks expect different messages");
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
    for (int again = 0; again < 2 && !status; again++) {
        status = bond.exchange.add(bond.exchange.user, sums, NUMBERS, own->sum);
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
            assert_memory_equal(all[i].sum, should, sizeof all[i].sum);
            assert_true(all[i].swaps <= 2 * (levels_of(members) + 2));
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
