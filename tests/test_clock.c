/* SPDX-License-Identifier: MIT */
/* host/learn/clock: which batch each frame of a film shows. */
#include "support/test.h"

#include <math.h>

#include "learn/clock.h"

static cbx_learn_settings film_of(cbx_film_clock clock, double seconds, double hold) {
    cbx_learn_settings settings;
    cbx_learn_defaults(&settings);
    settings.fps = 60;
    settings.clock = clock;
    settings.seconds = seconds;
    settings.hold = hold;
    return settings;
}

static cbx_timing timing_of(cbx_film_clock clock, double seconds, double hold, uint64_t batches) {
    const cbx_learn_settings settings = film_of(clock, seconds, hold);
    assert_ok(cbx_timing_check(&settings));
    return cbx_timing_of(&settings, batches);
}

static void without_a_length_there_is_a_frame_every_so_many_batches(void **state) {
    (void)state;
    for (uint64_t batches = 1; batches < 40; batches++) {
        for (uint32_t every = 1; every < 45; every++) {
            cbx_learn_settings settings = film_of(CBX_CLOCK_BATCHES, 0.0, 0.5);
            settings.frame_every = every;
            const cbx_timing timing = cbx_timing_of(&settings, batches);
            assert_int_equal(timing.moving, (batches + every - 1) / every);
            assert_int_equal(timing.held, 30);
            for (uint64_t i = 0; i < timing.moving + timing.held; i++) {
                const uint64_t due = (i + 1) * every;
                assert_int_equal(cbx_timing_batch(&timing, i), due < batches ? due : batches);
            }
        }
    }
}

static void a_length_is_kept_and_holds_the_last_frame_within_it(void **state) {
    static const struct {
        double seconds, hold;
        uint64_t moving, held;
    } cases[] = {{12.0, 2.0, 600, 120},
                 {12.0, 0.0, 720, 0},
                 {0.001, 5.0, 1, 0},
                 {1.0, 5.0, 1, 59},
                 {0.5, 0.25, 15, 15}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int clock = CBX_CLOCK_BATCHES; clock <= CBX_CLOCK_LOG; clock++) {
            const cbx_timing timing =
                timing_of((cbx_film_clock)clock, cases[i].seconds, cases[i].hold, 3910);
            assert_int_equal(timing.moving, cases[i].moving);
            assert_int_equal(timing.held, cases[i].held);
            assert_int_equal(cbx_timing_batch(&timing, timing.moving - 1), 3910);
            assert_int_equal(cbx_timing_batch(&timing, timing.moving + timing.held), 3910);
        }
    }
    assert_int_equal(timing_of(CBX_CLOCK_LOG, 0.0, 0.0, 3910).moving, 720); /* 12 s */
}

/* Numbers of batches from 1 to a million, each some per cent more than the one before. */
#define EACH_LENGTH(batches)                                                                       \
    for (uint64_t batches = 1; batches <= 1000000;                                                 \
         batches = batches < 20 ? batches + 1 : batches + batches / 20)

static void both_clocks_go_forward_from_the_first_batch_to_the_last(void **state) {
    (void)state;
    EACH_LENGTH(batches) {
        for (int clock = CBX_CLOCK_BATCHES; clock <= CBX_CLOCK_LOG; clock++) {
            const cbx_timing timing = timing_of((cbx_film_clock)clock, 12.0, 2.0, batches);
            uint64_t before = 0;
            for (uint64_t i = 0; i < timing.moving; i++) {
                const uint64_t batch = cbx_timing_batch(&timing, i);
                assert_true(batch >= before && batch >= 1 && batch <= batches);
                if (batches >= timing.moving) {
                    assert_true(batch > before); /* none is shown twice */
                } else {
                    assert_true(batch <= before + 1); /* none is left out */
                }
                before = batch;
            }
            assert_int_equal(before, batches);
            if (clock == CBX_CLOCK_LOG || batches <= timing.moving) {
                assert_int_equal(cbx_timing_batch(&timing, 0), 1);
            }
        }
    }
}

/* The formula by the C library, within its own rounding. */
static void the_logarithmic_clock_is_its_formula(void **state) {
    (void)state;
    EACH_LENGTH(batches) {
        const cbx_timing timing = timing_of(CBX_CLOCK_LOG, 12.0, 2.0, batches);
        const double n = (double)timing.moving, k = timing.k;
        if (batches <= timing.moving) {
            assert_true(k <= 0.0);
            continue;
        }
        assert_true(fabs(n / k * expm1(k) - (double)batches) < 1e-9 * (double)batches);
        for (uint64_t i = 0; i < timing.moving; i++) {
            const double exact = n / k * expm1(k * (double)(i + 1) / n);
            assert_true(fabs((double)cbx_timing_batch(&timing, i) - exact) <= 0.5 + 1e-6);
        }
    }
}

static void it_begins_with_a_batch_a_frame(void **state) {
    const cbx_timing timing = timing_of(CBX_CLOCK_LOG, 12.0, 2.0, 3910);
    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(cbx_timing_batch(&timing, i), i + 1);
    }
    const uint64_t last_step = cbx_timing_batch(&timing, 599) - cbx_timing_batch(&timing, 598);
    assert_true(last_step > 15 && last_step < 30);
}

static void nonsense_is_refused(void **state) {
    cbx_learn_settings settings = film_of((cbx_film_clock)7, 0.0, 0.0);
    (void)state;
    assert_fails(cbx_timing_check(&settings), CBX_BAD_ARGUMENT, "no clock 7");
    const double bad[] = {-1.0, 1e6, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        settings = film_of(CBX_CLOCK_LOG, bad[i], 0.0);
        assert_fails(cbx_timing_check(&settings), CBX_BAD_ARGUMENT, "86400 seconds");
        settings = film_of(CBX_CLOCK_LOG, 0.0, bad[i]);
        assert_fails(cbx_timing_check(&settings), CBX_BAD_ARGUMENT, "86400 seconds");
    }
    settings = film_of(CBX_CLOCK_LOG, 0.0, 0.0);
    settings.frame_every = 2;
    assert_fails(cbx_timing_check(&settings), CBX_BAD_ARGUMENT, "every 2 batches");
    settings.clock = CBX_CLOCK_BATCHES;
    assert_ok(cbx_timing_check(&settings));
    settings.seconds = 3.0;
    assert_fails(cbx_timing_check(&settings), CBX_BAD_ARGUMENT, "a film of 3 seconds");
}

static void the_public_call_says_the_same(void **state) {
    const cbx_learn_settings settings = film_of(CBX_CLOCK_LOG, 12.0, 2.0);
    const cbx_learn_plan plan = {.batches = 3910, .frames = 720};
    const cbx_timing timing = cbx_timing_of(&settings, plan.batches);
    (void)state;
    for (uint64_t i = 0; i < plan.frames; i++) {
        assert_int_equal(cbx_learn_frame_batch(&settings, &plan, i), cbx_timing_batch(&timing, i));
    }
    assert_string_equal(cbx_film_clock_name(CBX_CLOCK_LOG), "log");
    assert_null(cbx_film_clock_name((cbx_film_clock)2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_length_there_is_a_frame_every_so_many_batches),
        cmocka_unit_test(a_length_is_kept_and_holds_the_last_frame_within_it),
        cmocka_unit_test(both_clocks_go_forward_from_the_first_batch_to_the_last),
        cmocka_unit_test(the_logarithmic_clock_is_its_formula),
        cmocka_unit_test(it_begins_with_a_batch_a_frame),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(the_public_call_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
