/* SPDX-License-Identifier: MIT */
/* The weights' hashes along a run: where they are taken, and that taking them changes nothing. */
#include "support/test.h"

#include <string.h>

#include "learn/hashes.h"
#include "learn/trace.h"
#include "network/weights.h"
#include "support/fixture.h"
#include "support/learning.h"

/* 60 images to train, in 9 batches of at most 7; the device, the data and the tracer. */
typedef struct tracing {
    learning l;
    cbx_learn_settings settings;
    cbx_dataset *dataset;
    cbx_tracer *tracer;
} tracing;

static void open_tracing(tracing *t, fixture_way way, const cbx_learn_control *control) {
    fixture_device(way.family);
    learning_open(&t->l, 72, 20);
    t->settings = learning_settings(&t->l);
    t->settings.hidden = 37;
    t->settings.epochs = 2;
    t->settings.family = way.family;
    t->settings.schedule = way.schedule;
    assert_ok(cbx_dataset_load(&t->dataset, t->settings.data));
    assert_ok(cbx_tracer_open(&t->tracer, &t->settings, t->dataset, control));
}

static void close_tracing(tracing *t) {
    cbx_tracer_close(t->tracer);
    cbx_dataset_destroy(t->dataset);
    learning_close(&t->l);
}

/* That of the weights that the run begins with. */
static void assert_start(const tracing *t, const cbx_mark *mark) {
    char sha256[CBX_DIGEST_TEXT];
    cbx_network *network = NULL;
    assert_ok(cbx_network_create(&network, t->settings.hidden));
    cbx_network_randomise(network, t->settings.seed);
    cbx_network_weights weights = {.network = network};
    const cbx_pieces pieces = {cbx_network_weights_next, &weights};
    assert_ok(cbx_hash_weights(network->hidden, &pieces, sha256));
    cbx_network_destroy(network);
    assert_string_equal(mark->sha256, sha256);
}

/* The second epoch begins between two of them. */
static void marks_lie_at_the_powers_of_two_and_the_end(void **state) {
    static const uint64_t batches[] = {0, 1, 2, 4, 8, 16, 18};
    tracing t;
    cbx_trace trace;
    (void)state;
    open_tracing(&t, fixture_ways[0], NULL);
    assert_ok(cbx_tracer_run(t.tracer, &t.settings, UINT64_MAX, &trace));
    assert_int_equal(trace.count, 7);
    for (size_t i = 0; i < trace.count; i++) {
        assert_int_equal(trace.marks[i].batches, batches[i]);
        assert_true(i == 0 || strcmp(trace.marks[i].sha256, trace.marks[i - 1].sha256) != 0);
    }
    assert_start(&t, &trace.marks[0]);
    close_tracing(&t);
}

static void a_trace_ends_like_the_run(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        tracing t;
        cbx_trace trace;
        cbx_learn_result result;
        open_tracing(&t, fixture_ways[w], NULL);
        for (int recipe = CBX_RECIPE_LESSON; recipe <= CBX_RECIPE_NLL; recipe++) {
            t.settings.recipe = (cbx_recipe)recipe;
            assert_ok(cbx_learn(&t.settings, NULL, 0, NULL, &result));
            assert_ok(cbx_tracer_run(t.tracer, &t.settings, UINT64_MAX, &trace));
            assert_string_equal(trace.marks[trace.count - 1].sha256, result.weights_sha256);
        }
        close_tracing(&t);
    }
}

/* Also between marks, and with rates that fall: they are those of the whole run. */
static void a_run_that_is_left_early_is_a_part_of_the_whole(void **state) {
    tracing t;
    cbx_trace whole, part, longer;
    (void)state;
    open_tracing(&t, fixture_ways[0], NULL);
    t.settings.recipe = CBX_RECIPE_NLL;
    assert_ok(cbx_tracer_run(t.tracer, &t.settings, 18, &whole));
    assert_ok(cbx_tracer_run(t.tracer, &t.settings, 8, &part));
    assert_int_equal(part.count, 5);
    for (size_t i = 0; i < part.count; i++) {
        assert_string_equal(part.marks[i].sha256, whole.marks[i].sha256);
    }
    assert_ok(cbx_tracer_run(t.tracer, &t.settings, 11, &part));
    assert_int_equal(part.count, 6);
    assert_int_equal(part.marks[5].batches, 11);
    t.settings.epochs = 20; /* 180 batches: the rates' first block ends within */
    assert_ok(cbx_tracer_run(t.tracer, &t.settings, 18, &longer));
    assert_string_equal(longer.marks[6].sha256, whole.marks[6].sha256);
    assert_ok(cbx_tracer_run(t.tracer, &t.settings, 70, &longer));
    t.settings.epochs = 10;
    assert_ok(cbx_tracer_run(t.tracer, &t.settings, 70, &whole));
    assert_string_equal(longer.marks[7].sha256, whole.marks[7].sha256); /* after 64 batches */
    assert_string_not_equal(longer.marks[8].sha256, whole.marks[8].sha256);
    close_tracing(&t);
}

static int stop_in_time(void *user) {
    int *left = user;
    return *left > 0 && --*left == 0;
}

static void a_stopped_run_keeps_its_marks(void **state) {
    int left = 0; /* never */
    const cbx_learn_control control = {.should_stop = stop_in_time, .user = &left};
    tracing t;
    cbx_trace whole, part;
    (void)state;
    open_tracing(&t, fixture_ways[0], &control);
    assert_ok(cbx_tracer_run(t.tracer, &t.settings, UINT64_MAX, &whole));
    for (int when = 1; when <= 12; when++) {
        left = when;
        assert_fails(cbx_tracer_run(t.tracer, &t.settings, UINT64_MAX, &part), CBX_INTERRUPTED, "");
        assert_true(part.count < whole.count);
        for (size_t i = 0; i < part.count; i++) {
            assert_string_equal(part.marks[i].sha256, whole.marks[i].sha256);
        }
    }
    close_tracing(&t);
}

static void what_makes_no_sense_is_refused(void **state) {
    tracing t;
    cbx_trace trace;
    cbx_tracer *tracer = NULL;
    (void)state;
    open_tracing(&t, fixture_ways[0], NULL);
    t.settings.hidden = 0;
    assert_fails(cbx_tracer_run(t.tracer, &t.settings, 1, &trace), CBX_BAD_ARGUMENT, "");
    assert_fails(cbx_tracer_open(&tracer, &t.settings, t.dataset, NULL), CBX_BAD_ARGUMENT, "");
    t.settings.hidden = 37;
    t.settings.device = "no such device";
    assert_fails(cbx_tracer_open(&tracer, &t.settings, t.dataset, NULL), CBX_NO_DEVICE, "");
    assert_null(tracer);
    cbx_tracer_close(NULL);
    close_tracing(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_lie_at_the_powers_of_two_and_the_end),
        cmocka_unit_test(a_trace_ends_like_the_run),
        cmocka_unit_test(a_run_that_is_left_early_is_a_part_of_the_whole),
        cmocka_unit_test(a_stopped_run_keeps_its_marks),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests_name("trace", tests, fixture_setup, fixture_teardown);
}
