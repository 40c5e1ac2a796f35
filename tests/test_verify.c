/* SPDX-License-Identifier: MIT */
/* The list of `clearbox verify` is whole, and what is said about a run that differs is true. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "cli/verify_compare.h"

/* ---- the list ---- */

static int is_hex(const char *text, size_t digits) {
    return strspn(text, "0123456789abcdef") == digits;
}

/* How many a trace of it has, the end left out. */
static size_t marks_of(const cli_named_run *run) {
    size_t count = 1;
    for (uint64_t at = 1; at < cli_named_run_batches(run); at *= 2) {
        count++;
    }
    return count;
}

static void every_row_has_all_of_its_hashes(void **state) {
    (void)state;
    assert_true(is_hex(cli_named_data_sha256, 64) && !cli_named_data_sha256[64]);
    for (const cli_named_run *run = cli_named_runs; run->name; run++) {
        const size_t marks = marks_of(run);
        assert_true(is_hex(run->sha256, 64) && !run->sha256[64]);
        assert_int_equal(strlen(run->marks), marks * CLI_MARK - 1);
        for (size_t i = 0; i < marks; i++) {
            assert_true(is_hex(run->marks + i * CLI_MARK, CLI_MARK - 1));
        }
    }
}

/* RECIPE-HIDDEN, and then what is unusual. */
static void names_are_short_for_settings(void **state) {
    size_t count = 0, quick = 0;
    (void)state;
    for (const cli_named_run *run = cli_named_runs; run->name; run++, count++) {
        char name[64];
        int length =
            snprintf(name, sizeof name, "%s-%u", cbx_recipe_name(run->recipe), run->hidden);
        if (run->batch != 64) {
            length +=
                snprintf(name + length, sizeof name - (size_t)length, "-batch-%u", run->batch);
        }
        if (run->epochs != 1) {
            snprintf(name + length, sizeof name - (size_t)length, "-epochs-%u", run->epochs);
        }
        assert_string_equal(run->name, name);
        for (const cli_named_run *other = cli_named_runs; other < run; other++) {
            assert_string_not_equal(run->name, other->name);
        }
        quick += run->quick != 0;
    }
    assert_in_range(count, 1, CLI_MOST_NAMED_RUNS);
    assert_true(quick > 0 && quick < count);
}

static void batches_are_those_of_mnist(void **state) {
    cli_named_run run = {.batch = 64, .epochs = 5};
    (void)state;
    assert_int_equal(cli_named_run_batches(&run), 3910);
    run.batches = 1000;
    assert_int_equal(cli_named_run_batches(&run), 1000);
    run.batches = 4000;
    assert_int_equal(cli_named_run_batches(&run), 3910);
}

/* ---- comparing ---- */

/* Marks after 0, 1, 2, 4 and 5 batches, each with one letter for all digits. */
static const cli_named_run listed = {
    .name = "listed",
    .batch = 64,
    .epochs = 1,
    .batches = 5,
    .marks = "000000000000 111111111111 222222222222 444444444444",
    .sha256 = "5555555555555555555555555555555555555555555555555555555555555555"};

/* The same with the marks from number `wrong` on replaced. */
static cbx_trace trace_of(size_t wrong) {
    static const uint64_t batches[] = {0, 1, 2, 4, 5};
    cbx_trace trace = {.count = 5};
    for (size_t i = 0; i < trace.count; i++) {
        trace.marks[i].batches = batches[i];
        memset(trace.marks[i].sha256, i < wrong ? '0' + (int)batches[i] : 'f', 64);
    }
    return trace;
}

static void assert_found(size_t wrong, const char *expected) {
    const cbx_trace trace = trace_of(wrong);
    const cli_comparison found = cli_compare(&listed, &trace);
    char text[CLI_COMPARISON];
    assert_string_equal(cli_comparison_text(text, &found, 0), expected);
    assert_int_equal(found.equal, wrong == 5);
}

static void the_first_batches_that_differ_are_named(void **state) {
    (void)state;
    assert_found(5, "equal");
    assert_found(4, "differs since batch 5");
    assert_found(3, "differs since batch 3-4");
    assert_found(2, "differs since batch 2");
    assert_found(1, "differs since batch 1");
    assert_found(0, "differs before the first batch");
}

/* A row that is new has no marks yet, but is not taken for equal. */
static void marks_that_are_not_listed_tell_nothing(void **state) {
    cli_named_run fresh = listed;
    cbx_trace trace = trace_of(5);
    char text[CLI_COMPARISON];
    (void)state;
    fresh.marks = "";
    assert_true(cli_compare(&fresh, &trace).equal);
    fresh.sha256 = "";
    const cli_comparison found = cli_compare(&fresh, &trace);
    assert_false(found.equal);
    assert_string_equal(cli_comparison_text(text, &found, 1), "differs since batch 5");
}

/* The last digit of all counts. */
static void the_end_is_compared_whole(void **state) {
    cbx_trace trace = trace_of(5);
    (void)state;
    trace.marks[4].sha256[63] = '4';
    assert_false(cli_compare(&listed, &trace).equal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_all_of_its_hashes),
        cmocka_unit_test(names_are_short_for_settings),
        cmocka_unit_test(batches_are_those_of_mnist),
        cmocka_unit_test(the_first_batches_that_differ_are_named),
        cmocka_unit_test(marks_that_are_not_listed_tell_nothing),
        cmocka_unit_test(the_end_is_compared_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
