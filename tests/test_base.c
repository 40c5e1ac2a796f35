/* SPDX-License-Identifier: MIT */
/* host/base: status, error, memory, clock. */
#include "support/scratch.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/names.h"
#include "clearbox/learn.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CBX_TEST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CBX_TEST_SANITIZED 1
#endif
#ifndef CBX_TEST_SANITIZED
#define CBX_TEST_SANITIZED 0
#endif

/* ---- status, error ---- */

static void every_status_has_its_own_text(void **state) {
    (void)state;
    for (int a = 0; a >= CBX_TOO_LARGE; a--) {
        assert_non_null(cbx_status_text((cbx_status)a));
        assert_string_not_equal(cbx_status_text((cbx_status)a), "unknown status");
        for (int b = 0; b > a; b--) {
            assert_string_not_equal(cbx_status_text((cbx_status)a), cbx_status_text((cbx_status)b));
        }
    }
    assert_string_equal(cbx_status_text((cbx_status)-1000), "unknown status");
}

static void *last_error_of_new_thread(void *out) {
    strcpy(out, cbx_last_error());
    return NULL;
}

static void messages_belong_to_their_thread(void **state) {
    char other[2048] = "untouched";
    pthread_t thread;
    (void)state;
    assert_int_equal(cbx_fail(CBX_BAD_DATA, "number %d of %s", 7, "file"), CBX_BAD_DATA);
    assert_string_equal(cbx_last_error(), "number 7 of file");
    assert_int_equal(pthread_create(&thread, NULL, last_error_of_new_thread, other), 0);
    pthread_join(thread, NULL);
    assert_string_equal(other, "");
    assert_string_equal(cbx_last_error(), "number 7 of file");
}

static char *long_text(size_t length) {
    char *text = malloc(length + 1);
    assert_non_null(text);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[length] = '\0';
    return text;
}

static void long_messages_are_kept_whole(void **state) {
    (void)state;
    const size_t lengths[] = {1022, 1023, 1024, 1025, 100000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *log = long_text(lengths[i]);
        cbx_fail(CBX_BAD_KERNEL, "%s", log);
        assert_string_equal(cbx_last_error(), log);
        free(log);
    }
    cbx_fail(CBX_BAD_KERNEL, "short again");
    assert_string_equal(cbx_last_error(), "short again");
}

static void a_message_may_contain_the_one_before(void **state) {
    (void)state;
    cbx_fail(CBX_BAD_DATA, "inner");
    cbx_fail(CBX_BAD_DATA, "outer: %s", cbx_last_error());
    assert_string_equal(cbx_last_error(), "outer: inner");

    char *log = long_text(5000);
    cbx_fail(CBX_BAD_DATA, "%s", log);
    cbx_fail(CBX_BAD_DATA, "outer: %s", cbx_last_error());
    assert_int_equal(strlen(cbx_last_error()), 5007);
    assert_string_equal(cbx_last_error() + 7, log);
    free(log);
}

static void *fail_at_length(void *unused) {
    char *log = long_text(5000);
    cbx_fail(CBX_BAD_KERNEL, "%s", log);
    free(log);
    return unused;
}

/* LeakSanitizer is the judge. */
static void a_thread_takes_its_long_message_with_it(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, fail_at_length, NULL), 0);
        pthread_join(thread, NULL);
    }
}

/* ---- memory ---- */

static void memory_is_zeroed(void **state) {
    double *numbers = NULL;
    (void)state;
    assert_ok(cbx_new(&numbers, 1000));
    for (int i = 0; i < 1000; i++) {
        assert_true(numbers[i] == 0.0);
    }
    free(numbers);
    assert_ok(cbx_new(&numbers, 0));
    assert_non_null(numbers);
    free(numbers);
}

static void too_much_memory_is_an_error(void **state) {
    double *numbers = (double *)state;
    /* The product would wrap around to 8 bytes. */
    assert_fails(cbx_new(&numbers, SIZE_MAX / 8 + 2), CBX_NO_MEMORY, "8 bytes");
    assert_null(numbers);
    /* Larger than any address space; sanitizers would call it a bug of ours. */
#if !CBX_TEST_SANITIZED
    assert_fails(cbx_allocate(&numbers, SIZE_MAX / 4, 1), CBX_NO_MEMORY, "4611686018427387903");
    assert_null(numbers);
#endif
}

/* ---- clock ---- */

static void clocks_move_forward(void **state) {
    (void)state;
    double wall = cbx_clock_seconds(), process = cbx_clock_process_seconds();
    double thread = cbx_clock_thread_seconds();
    for (volatile int i = 0; i < 1000000; i++) {
        /* takes time */
    }
    double wall_used = cbx_clock_seconds() - wall;
    double thread_used = cbx_clock_thread_seconds() - thread;
    double process_used = cbx_clock_process_seconds() - process;
    assert_true(wall_used > 0 && process_used > 0 && thread_used > 0);
    assert_true(thread_used <= process_used + 1e-3);
    assert_true(wall_used < 60 && process_used < 60);
}

/* ---- choices ---- */

static void every_choice_has_its_name(void **state) {
    (void)state;
    assert_string_equal(cbx_recipe_name(CBX_RECIPE_NLL), "nll");
    assert_string_equal(cbx_schedule_name(CBX_SCHEDULE_AUTO), "auto");
    assert_string_equal(cbx_schedule_name(CBX_SCHEDULE_SPARSE), "sparse");
    assert_string_equal(cbx_schedule_name(CBX_SCHEDULE_STEPWISE), "stepwise");
    assert_string_equal(cbx_arithmetic_name(CBX_ARITHMETIC_PLAIN), "plain");
    assert_string_equal(cbx_tone_name(CBX_TONE_SIGNED), "signed");
    assert_string_equal(cbx_codec_name(CBX_CODEC_MPEG4), "mpeg4");
    assert_string_equal(cbx_family_name(CBX_FAMILY_GPU), "gpu");
    assert_null(cbx_recipe_name((cbx_recipe)2));
    assert_null(cbx_schedule_name((cbx_schedule)4));
    assert_string_equal(cbx_arithmetic_name(CBX_ARITHMETIC_SPLIT_BF16), "split-bf16");
    assert_null(cbx_arithmetic_name((cbx_arithmetic)3));
    assert_null(cbx_tone_name((cbx_tone)-1));
    assert_string_equal(cbx_codec_name(CBX_CODEC_APNG), "apng");
    assert_null(cbx_codec_name((cbx_codec)(CBX_CODEC_APNG + 1)));
    assert_string_equal(cbx_container_name(CBX_CONTAINER_MPEGTS), "mpegts");
    assert_null(cbx_container_name((cbx_container)(CBX_CONTAINER_MPEGTS + 1)));
    assert_string_equal(cbx_style_name(CBX_STYLE_SHOW), "show");
    assert_null(cbx_style_name((cbx_style)2));
    assert_string_equal(cbx_colours_name(CBX_COLOURS_SIGNED), "signed");
    assert_null(cbx_colours_name((cbx_colours)2));
    assert_string_equal(cbx_film_clock_name(CBX_CLOCK_LOG), "log");
    assert_null(cbx_film_clock_name((cbx_film_clock)2));
    assert_null(cbx_family_name((cbx_family)99));
    assert_int_equal(cbx_choice_find(cbx_tone_names, "range"), CBX_TONE_RANGE);
    assert_int_equal(cbx_choice_find(cbx_tone_names, "rang"), -1);
}

static void choices_are_joined_for_people(void **state) {
    static const char *const one[] = {"a", NULL};
    char text[32];
    (void)state;
    cbx_choice_join(text, sizeof text, one, "or");
    assert_string_equal(text, "a");
    cbx_choice_join(text, sizeof text, cbx_recipe_names, "and");
    assert_string_equal(text, "lesson and nll");
    cbx_choice_join(text, sizeof text, cbx_tone_names, "or");
    assert_string_equal(text, "peak, range or signed");
    cbx_choice_join(text, 8, cbx_tone_names, "or");
    assert_string_equal(text, "peak, r");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_text),
        cmocka_unit_test(messages_belong_to_their_thread),
        cmocka_unit_test(long_messages_are_kept_whole),
        cmocka_unit_test(a_message_may_contain_the_one_before),
        cmocka_unit_test(a_thread_takes_its_long_message_with_it),
        cmocka_unit_test(memory_is_zeroed),
        cmocka_unit_test(too_much_memory_is_an_error),
        cmocka_unit_test(clocks_move_forward),
        cmocka_unit_test(every_choice_has_its_name),
        cmocka_unit_test(choices_are_joined_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
