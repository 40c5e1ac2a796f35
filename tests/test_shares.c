/* SPDX-License-Identifier: MIT */
/* host/team: how the neurons of a network are shared out. */
#include "support/test.h"

#include "clearbox/network.h"
#include "layout.h"
#include "team/team.h"

enum { MOST = 4 };

static void shares_are_whole_and_follow_the_weights(void **state) {
    (void)state;
    for (uint32_t panels = 1; panels < 700; panels += panels < 70 ? 1 : 13) {
        static const double weights[][MOST] = {
            {1, 1, 1, 1}, {1, 2, 3, 4}, {0.001, 1, 1, 1}, {100, 1, 1, 1}, {1, 1e-9, 1e-9, 1}};
        for (size_t w = 0; w < sizeof weights / sizeof *weights; w++) {
            for (uint32_t count = 1; count <= MOST; count++) {
                cbx_span owned[MOST];
                uint32_t next = 0;
                double all = 0.0;
                for (uint32_t i = 0; i < count; i++) {
                    all += weights[w][i];
                }
                cbx_team_share_out(panels, weights[w], count, owned);
                assert_true(owned[0].count > 0);
                for (uint32_t i = 0; i < count; i++) {
                    const double should = panels * weights[w][i] / all;
                    const double off = owned[i].count - should, most = 2.0 + panels / 16.0;
                    assert_int_equal(owned[i].first, next);
                    assert_true(off <= most && off >= -most);
                    next += owned[i].count;
                }
                assert_int_equal(next, panels);
            }
        }
    }
}

/* However slow others are; and each of many has some. */
static void shares_are_what_devices_can_own(void **state) {
    enum { MANY = 300 };
    static const double slow[] = {0.01, 1, 1, 1};
    static const uint32_t networks[] = {16250, 16384, 16385, 24000, 32768}; /* panels */
    const uint32_t most = CBX_MOST_OWNED / CBX_PANEL;
    cbx_span owned[MANY];
    (void)state;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        for (uint32_t count = (networks[i] + most - 1) / most; count <= MOST; count++) {
            uint32_t next = 0;
            cbx_team_share_out(networks[i], slow, count, owned);
            for (uint32_t k = 0; k < count; k++) {
                assert_int_equal(owned[k].first, next);
                assert_true(owned[k].count <= most);
                next += owned[k].count;
            }
            assert_int_equal(next, networks[i]);
        }
    }
    for (uint32_t count = 1; count <= MANY; count += 13) {
        cbx_team_share_out(2048, NULL, count, owned);
        for (uint32_t k = 0; k < count; k++) {
            assert_true(owned[k].count > 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_whole_and_follow_the_weights),
        cmocka_unit_test(shares_are_what_devices_can_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
