/* SPDX-License-Identifier: MIT */
/* The same bits, whatever computes them: after an epoch the weights are those of the reference
 * of the canon, by every way that it is defined for, however work is divided; and so are losses,
 * while training and after it, and answers. Pictures are the same, whoever draws them.
 *
 * A case is a list of choices. The suite draws some hundreds of cases, in which every two choices
 * meet, and of those that take long only what this needs; CBX_TEST_EVERY_CHOICE=1 goes through all that there are, for hours.
 */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "device/device.h"
#include "reference/canon.h"
#include "support/compare.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "support/owners.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { IN_FILE = 300, TRAIN = 250, TESTS = 30, CASES = 480 };

static const cbx_rates rates = {0.01f, 0.02f};

typedef enum choice {
    WAY,
    VECTOR, /* floats in a vector; of the family for GPUs, what is usual */
    EXACT,  /* multiply-adds worked out in double precision */
    UNITS,  /* compute units that the device is taken to have */
    CHUNKS, /* wished for */
    SHARES, /* owners of the network's neurons */
    SCALE,  /* of a picture; 0: none */
    SINGLY, /* batches given one by one */
    LOSSES, /* are kept */
    RECIPE,
    HIDDEN,
    BATCH,
    DATA,
    START,
    CHOICES
} choice;

enum { MOST = 11 };

static const struct {
    const char *name;
    unsigned count;
    uint32_t values[MOST];
} choices[CHOICES] = {
    [WAY] = {"way", 11, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
    [VECTOR] = {"vector", 3, {4, 8, 16}},
    [EXACT] = {"exact", 2, {0, 1}},
    [UNITS] = {"units", 3, {8, 2, 1}},
    [CHUNKS] = {"chunks", 4, {0, 1, 2, 3}},
    [SHARES] = {"owners", 4, {1, 2, 3, 5}},
    [SCALE] = {"scale", 3, {0, 1, 2}},
    [SINGLY] = {"singly", 2, {0, 1}},
    [LOSSES] = {"losses", 2, {1, 0}},
    [RECIPE] = {"recipe", 2, {CBX_RECIPE_LESSON, CBX_RECIPE_NLL}},
    [HIDDEN] = {"hidden", 5, {257, 100, 64, 37, 1}},
    [BATCH] = {"batch", 4, {64, 77, 7, 1}},
    [DATA] = {"data", 2, {0, 1}},
    [START] = {"start", 2, {0, 1}},
};

static const struct {
    const char *name;
    cbx_schedule schedule;
    cbx_family family;
    cbx_division division;
} ways[] = {
    {"fused cpu", CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, {.slices = 0}},
    {"fused gpu, one slice", CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, {.slices = 1}},
    {"fused gpu, sliced", CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, {.slices = CBX_SLABS}},
    {"fused gpu, one slice, D2 apart",
     CBX_SCHEDULE_FUSED,
     CBX_FAMILY_GPU,
     {.slices = 1, .deltas = CBX_DELTAS_APART}},
    {"fused gpu, sliced, D2 apart",
     CBX_SCHEDULE_FUSED,
     CBX_FAMILY_GPU,
     {.slices = CBX_SLABS, .deltas = CBX_DELTAS_APART}},
    {"fused gpu, sliced, wide",
     CBX_SCHEDULE_FUSED,
     CBX_FAMILY_GPU,
     {.slices = CBX_SLABS, .groups = CBX_WIDE_GROUPS}},
    {"fused gpu, one slice, wide, D2 apart",
     CBX_SCHEDULE_FUSED,
     CBX_FAMILY_GPU,
     {.slices = 1, .deltas = CBX_DELTAS_APART, .groups = CBX_WIDE_GROUPS}},
    {"sparse cpu by rows", CBX_SCHEDULE_SPARSE, CBX_FAMILY_CPU, {.ink = CBX_BY_ROWS}},
    {"sparse cpu by pixels", CBX_SCHEDULE_SPARSE, CBX_FAMILY_CPU, {.ink = CBX_BY_PIXELS}},
    {"stepwise cpu", CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, {.slices = 0}},
    {"stepwise gpu", CBX_SCHEDULE_STEPWISE, CBX_FAMILY_GPU, {.slices = 0}},
};

/* The place of each choice among its values. */
typedef struct scene {
    unsigned at[CHOICES];
} scene;

static uint32_t value(const scene *s, choice c) {
    return choices[c].values[s->at[c]];
}

/* Takes back what makes no difference. */
static void simplify(scene *s) {
    const int stepwise = ways[value(s, WAY)].schedule == CBX_SCHEDULE_STEPWISE;
    const int gpu = ways[value(s, WAY)].family == CBX_FAMILY_GPU;
    const int whole = value(s, HIDDEN) <= CBX_PANEL;
    s->at[VECTOR] = gpu || value(s, EXACT) ? 0 : s->at[VECTOR];
    s->at[UNITS] = stepwise ? 0 : s->at[UNITS];
    s->at[CHUNKS] = stepwise || whole || gpu ? 0 : s->at[CHUNKS];
    s->at[SINGLY] = stepwise || gpu ? 0 : s->at[SINGLY];
    s->at[SHARES] = whole ? 0 : s->at[SHARES];
}

static void describe(const scene *s, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "%s", ways[value(s, WAY)].name);
    for (choice c = WAY + 1; c < CHOICES && used < size; c++) {
        used += (size_t)snprintf(out + used, size - used, ", %s %u", choices[c].name, value(s, c));
    }
}

/* ---- what is learnt from, and should come of it ---- */

typedef struct truth {
    cbx_network *network; /* NULL: not known yet */
    cbx_evaluation parts[3];
    float losses[TRAIN];
    uint8_t *luma[MOST]; /* by scale; NULL: nobody has drawn yet */
} truth;

static uint32_t *order;
static cbx_dataset *datasets[2];
static truth truths[2][MOST][MOST][2][2]; /* by recipe, hidden, batch, data, start */

static cbx_network *start_of(const scene *s) {
    const uint32_t hidden = value(s, HIDDEN);
    return value(s, START) > 0 ? synthetic_faint_network(hidden, 7) : synthetic_network(hidden, 7);
}

static void work_out(const scene *s, truth *out) {
    const cbx_dataset *dataset = datasets[value(s, DATA)];
    const uint32_t batch = value(s, BATCH);
    cbx_network *start = start_of(s);
    cbx_canon canon;
    assert_ok(cbx_canon_init(&canon, (cbx_recipe)value(s, RECIPE), start, TRAIN));
    for (uint32_t first = 0; first < TRAIN; first += batch) {
        const uint32_t left = TRAIN - first;
        cbx_canon_step(&canon, dataset, order, first, left < batch ? left : batch, rates);
        cbx_canon_losses(&canon, out->losses + first);
    }
    for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
        out->parts[part] = cbx_canon_evaluate(&canon, dataset, (cbx_part)part);
    }
    memcpy(start->w1, canon.w1, CBX_W1_ROWS * start->hidden * sizeof *canon.w1);
    memcpy(start->w2, canon.w2, (1 + start->hidden) * CBX_CLASSES * sizeof *canon.w2);
    out->network = start;
    cbx_canon_clear(&canon);
}

static truth *truth_of(const scene *s) {
    const unsigned *at = s->at;
    truth *found = &truths[at[RECIPE]][at[HIDDEN]][at[BATCH]][at[DATA]][at[START]];
    if (!found->network) {
        work_out(s, found);
    }
    return found;
}

static void forget_truths(void) {
    truth *all = &truths[0][0][0][0][0];
    for (size_t i = 0; i < sizeof truths / sizeof *all; i++) {
        cbx_network_destroy(all[i].network);
        for (size_t scale = 0; scale < MOST; scale++) {
            free(all[i].luma[scale]);
        }
    }
}

/* ---- devices ---- */

static cbx_device *devices[CBX_FAMILY_GPU + 1][2][MOST]; /* by family, exact, vector */

static cbx_device *device_of(const scene *s) {
    static const cbx_tunables sizes[] = {{{4, 8, 8}}, {{8, 5, 6}}, {{16, 13, 14}}};
    const cbx_family family = ways[value(s, WAY)].family;
    const cbx_device_request request = {.spec = fixture_spec(),
                                        .family = family,
                                        .tunables =
                                            family == CBX_FAMILY_CPU ? &sizes[s->at[VECTOR]] : NULL,
                                        .exact_fma = (int)value(s, EXACT)};
    cbx_device **device = &devices[family][value(s, EXACT)][s->at[VECTOR]];
    if (!*device) {
        (void)fixture_device(family); /* skips where there is none */
        assert_ok(cbx_device_open_as(device, &request));
    }
    return *device;
}

static void close_devices(void) {
    cbx_device **all = &devices[0][0][0];
    for (size_t i = 0; i < sizeof devices / sizeof *all; i++) {
        cbx_device_close(all[i]);
    }
}

/* ---- cases ---- */

static void compare_parts(uint32_t owners, const owners_outcome *is, const truth *should,
                          const char *what) {
    for (uint32_t i = 0; i < 3 * owners; i++) {
        const cbx_evaluation *a = &is->parts[i / 3][i % 3], *b = &should->parts[i % 3];
        if (memcmp(a, b, sizeof *a) != 0) {
            fail_msg("%s: part %u: loss %a, should be %a; %llu are right, should be %llu", what,
                     i % 3, a->loss, b->loss, (unsigned long long)a->correct,
                     (unsigned long long)b->correct);
        }
    }
}

static void compare_losses(const owners_outcome *is, const truth *should, const char *what) {
    for (size_t i = 0; i < OWNERS; i++) {
        if (is->losses[i]) {
            assert_same_bits(is->losses[i], should->losses, 1, TRAIN, what);
        }
    }
}

/* The first picture is the one that all others should be. */
static void compare_pictures(const scene *s, owners_outcome *is, truth *should, const char *what) {
    uint8_t **first = &should->luma[value(s, SCALE)];
    if (!*first) {
        *first = is->luma;
        is->luma = NULL;
    } else if (is->luma && memcmp(is->luma, *first, is->pixels) != 0) {
        fail_msg("%s: another picture", what);
    }
}

static void check(const scene *s) {
    char what[256];
    truth *should = truth_of(s);
    cbx_network *start = start_of(s);
    cbx_device *device = device_of(s);
    const uint32_t units = device->info.compute_units, hidden = value(s, HIDDEN);
    cbx_division division = ways[value(s, WAY)].division;
    division.chunks = value(s, CHUNKS);
    owners_plan plan = {.device = device,
                        .settings = {.hidden = hidden,
                                     .batch = value(s, BATCH),
                                     .recipe = (cbx_recipe)value(s, RECIPE),
                                     .schedule = ways[value(s, WAY)].schedule},
                        .dataset = datasets[value(s, DATA)],
                        .order = order,
                        .start = start,
                        .rates = rates,
                        .singly = (int)value(s, SINGLY),
                        .keeps_losses = (int)value(s, LOSSES),
                        .scale = value(s, SCALE)};
    for (int i = 0; i < OWNERS; i++) {
        plan.division[i] = division;
    }
    owners_share_out(&plan, value(s, SHARES));
    describe(s, what, sizeof what);
    device->info.compute_units = value(s, UNITS);
    owners_outcome is = owners_learn(&plan);
    device->info.compute_units = units;
    assert_networks_same(is.network, should->network, what);
    compare_parts(plan.owners, &is, should, what);
    compare_losses(&is, should, what);
    compare_pictures(s, &is, should, what);
    owners_free(&is);
    cbx_network_destroy(start);
}

/* Whether two choices meet. */
static uint8_t met[CHOICES][MOST][CHOICES][MOST];

/* Kernels for GPUs do the work of a whole block of rows for each batch: where that is one image,
 * a case takes as long as some thirty others. */
static int is_long(const scene *s) {
    return ways[value(s, WAY)].family == CBX_FAMILY_GPU && value(s, BATCH) == 1;
}

/* Whether two choices meet that had not met. */
static int note(const scene *s) {
    int anew = 0;
    for (choice a = 0; a < CHOICES; a++) {
        for (choice b = 0; b < CHOICES; b++) {
            uint8_t *here = &met[a][s->at[a]][b][s->at[b]];
            anew |= !*here;
            *here = 1;
        }
    }
    return anew;
}

static void assert_met(choice a, unsigned at, choice b, unsigned bt) {
    scene s = {{0}}, simple;
    s.at[a] = at;
    s.at[b] = bt;
    simple = s;
    simplify(&simple);
    if (memcmp(&s, &simple, sizeof s) == 0 && a != b && !met[a][at][b][bt]) {
        fail_msg("no case has %s %u and %s %u", choices[a].name, choices[a].values[at],
                 choices[b].name, choices[b].values[bt]);
    }
}

static void assert_all_met(void) {
    for (choice a = 0; a < CHOICES; a++) {
        for (choice b = 0; b < a; b++) {
            for (unsigned i = 0; i < choices[a].count * choices[b].count; i++) {
                assert_met(a, i / choices[b].count, b, i % choices[b].count);
            }
        }
    }
}

static void some_choices(void) {
    uint64_t state = 5;
    for (size_t i = 0; i < CASES; i++) {
        scene s;
        for (choice c = 0; c < CHOICES; c++) {
            s.at[c] = (unsigned)(synthetic_bits(&state) % choices[c].count);
        }
        simplify(&s);
        if (note(&s) || !is_long(&s)) {
            check(&s);
        }
    }
    assert_all_met();
}

static void every_choice(void) {
    uint64_t total = 1, done = 0;
    for (choice c = 0; c < CHOICES; c++) {
        total *= choices[c].count;
    }
    for (uint64_t number = 0; number < total; number++) {
        uint64_t left = number;
        scene s, simple;
        for (choice c = 0; c < CHOICES; c++) {
            s.at[c] = (unsigned)(left % choices[c].count);
            left /= choices[c].count;
        }
        simple = s;
        simplify(&simple);
        if (memcmp(&s, &simple, sizeof s) == 0) {
            check(&s);
            if (++done % 1000 == 0) {
                print_message("%llu cases, %.1f %%\n", (unsigned long long)done,
                              100.0 * (double)number / (double)total);
            }
        }
    }
}

static void everything_has_the_bits_of_the_canon(void **state) {
    (void)state;
    if (getenv("CBX_TEST_EVERY_CHOICE")) {
        every_choice();
    } else {
        some_choices();
    }
}

static int set_up(void **state) {
    order = synthetic_order(TRAIN, 3);
    datasets[0] = ink_dataset(order, IN_FILE, TESTS, 1);
    datasets[1] = bright_dataset(IN_FILE, TESTS, 2);
    return fixture_setup(state);
}

static int tear_down(void **state) {
    close_devices();
    forget_truths();
    cbx_dataset_destroy(datasets[0]);
    cbx_dataset_destroy(datasets[1]);
    free(order);
    return fixture_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_has_the_bits_of_the_canon),
    };
    /* As many threads as there may be units: some of them have to wait for a core. */
    if (setenv("POCL_MAX_PTHREAD_COUNT", "8", 0) != 0) {
        return EXIT_FAILURE;
    }
    return cmocka_run_group_tests_name("equality", tests, set_up, tear_down);
}
