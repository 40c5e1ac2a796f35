/* SPDX-License-Identifier: MIT */
/* Those who look on a run: all are told, and one that fails costs only itself. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/files.h"
#include "support/fixture.h"
#include "support/learning.h"

enum { MOST_CALLS = 64 };

/* What several observers heard, in order: "As" is A's started(). */
typedef struct diary {
    char calls[2 * MOST_CALLS + 1];
    char lost[64]; /* the path of the last output or observer that was lost */
    char why[128];
} diary;

typedef struct witness {
    diary *diary;
    char name;
    char fails_at; /* the call that fails, 0: none */
    int speaks;    /* with a sentence of the library's */
} witness;

static cbx_status note(witness *this, char call) {
    diary *in = this->diary;
    const char entry[] = {this->name, call, '\0'};
    assert_true(strlen(in->calls) + 2 < sizeof in->calls);
    strcat(in->calls, entry);
    if (call != this->fails_at) {
        return CBX_OK;
    }
    cbx_network *none;
    return this->speaks ? cbx_network_load(&none, "nowhere") : CBX_CANNOT_WRITE;
}

static cbx_status on_started(void *user, const cbx_learn_plan *plan) {
    assert_non_null(plan->device);
    return note(user, 's');
}

static cbx_status on_evaluating(void *user, uint32_t epoch) {
    assert_int_equal(epoch, 1);
    return note(user, 'v');
}

static cbx_status on_finished_epoch(void *user, const cbx_epoch_report *report) {
    assert_int_equal(report->epoch, 1);
    return note(user, 'e');
}

static cbx_status on_lost(void *user, cbx_learn_output output, const char *path, cbx_status why) {
    witness *this = user;
    assert_int_not_equal(why, CBX_OK);
    snprintf(this->diary->lost, sizeof this->diary->lost, "%d %s", output - CBX_LEARN_OUTPUTS,
             path ? path : "nothing");
    snprintf(this->diary->why, sizeof this->diary->why, "%s", cbx_last_error());
    return note(user, 'l');
}

static cbx_status on_ended(void *user, const cbx_learn_result *result) {
    assert_true(result->times.total > 0.0);
    return note(user, 'E');
}

static cbx_learn_observer observer_of(witness *one, const char *path) {
    return (cbx_learn_observer){.started = on_started,
                                .evaluating = on_evaluating,
                                .finished_epoch = on_finished_epoch,
                                .lost = on_lost,
                                .ended = on_ended,
                                .path = path,
                                .user = one};
}

/* A run of one epoch, watched by A, which writes "a", by B and by C. */
static cbx_status run_watched(witness *a, witness *b, witness *c, diary *in,
                              const cbx_learn_control *control, cbx_learn_result *result) {
    learning l;
    memset(in, 0, sizeof *in);
    a->diary = b->diary = c->diary = in;
    a->name = 'A';
    b->name = 'B';
    c->name = 'C';
    const cbx_learn_observer observers[] = {observer_of(a, "a"), observer_of(b, NULL),
                                            observer_of(c, "c")};
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&l, 72, 20);
    cbx_learn_settings settings = learning_settings(&l);
    settings.save = l.save;
    cbx_status status = cbx_learn(&settings, observers, 3, control, result);
    assert_int_equal(files_count(l.folder), result->kept[CBX_LEARN_WEIGHTS]);
    learning_close(&l);
    return status;
}

/* In the order of the list, and at the end the last one first. */
static void all_are_told(void **state) {
    witness a = {0}, b = {0}, c = {0};
    diary in;
    cbx_learn_result result;
    (void)state;
    assert_ok(run_watched(&a, &b, &c, &in, NULL, &result));
    assert_string_equal(in.calls, "AsBsCsAvBvCvAeBeCeCEBEAE");
    assert_true(result.kept[CBX_LEARN_WEIGHTS]);
}

static void one_that_fails_is_left_alone(void **state) {
    witness a = {.fails_at = 's', .speaks = 1}, b = {0}, c = {0};
    diary in;
    cbx_learn_result result;
    (void)state;
    assert_fails(run_watched(&a, &b, &c, &in, NULL, &result), CBX_MISSING_INPUT,
                 "cannot open the weights nowhere");
    assert_string_equal(in.calls, "AsBlClBsCsBvCvBeCeCEBE");
    assert_string_equal(in.lost, "0 a");
    assert_non_null(strstr(in.why, "cannot open the weights nowhere"));
    assert_int_equal(result.epochs, 1);
    assert_false(result.interrupted);
    assert_true(result.kept[CBX_LEARN_WEIGHTS]);
}

/* The first failure counts; an older sentence is not taken for it. */
static void several_may_fail(void **state) {
    witness a = {.fails_at = 'l'}, b = {.fails_at = 'e'}, c = {.fails_at = 'E', .speaks = 1};
    diary in;
    cbx_learn_result result;
    (void)state;
    (void)run_watched(&a, &c, &b, &in, NULL, &result); /* leaves a sentence */
    assert_fails(run_watched(&a, &b, &c, &in, NULL, &result), CBX_CANNOT_WRITE,
                 "an observer of the run failed");
    assert_string_equal(in.calls, "AsBsCsAvBvCvAeBeAlClClCeCE");
    assert_true(result.kept[CBX_LEARN_WEIGHTS]);
}

static int stop(void *user) {
    (void)user;
    return 1;
}

/* They are told of the end also where there was no beginning, and a failure is worth more
 * than the stop. */
static void the_end_is_always_told(void **state) {
    witness a = {0}, b = {0}, c = {0};
    const cbx_learn_control control = {.should_stop = stop, .user = NULL};
    cbx_learn_settings settings;
    diary in;
    cbx_learn_result result;
    (void)state;
    assert_fails(run_watched(&a, &b, &c, &in, &control, &result), CBX_INTERRUPTED,
                 "before the first batch");
    assert_string_equal(in.calls, "CEBEAE");
    c.fails_at = 'E';
    assert_fails(run_watched(&a, &b, &c, &in, &control, &result), CBX_CANNOT_WRITE, "an observer");
    assert_string_equal(in.calls, "CEAlBlBEAE");
    assert_string_equal(in.lost, "0 c");
    assert_int_equal(result.interrupted, 1);

    const cbx_learn_observer observer = observer_of(&a, NULL);
    memset(&in, 0, sizeof in);
    cbx_learn_defaults(&settings);
    assert_fails(cbx_learn(&settings, &observer, 1, NULL, NULL), CBX_BAD_ARGUMENT, "data folder");
    assert_string_equal(in.calls, "AE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_told),
        cmocka_unit_test(one_that_fails_is_left_alone),
        cmocka_unit_test(several_may_fail),
        cmocka_unit_test(the_end_is_always_told),
    };
    return cmocka_run_group_tests_name("learn observers", tests, fixture_setup, fixture_teardown);
}
