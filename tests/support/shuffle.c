/* SPDX-License-Identifier: MIT */
#include "support/shuffle.h"

/* A macro is not replaced in its own replacement: inside, get_group_id() is the language's. */
#define NUMBERED(formula)                                                                          \
    "#define SHUFFLED(n, g) " formula "\n"                                                         \
    "#define get_group_id(d) SHUFFLED(get_num_groups(d), get_group_id(d))\n"                       \
    "#define get_global_id(d) (get_group_id(d) * get_local_size(d) + get_local_id(d))\n"

/* Multiplying by what has no factor in common with n goes through all numbers below n. */
#define SCATTERED(prime, start)                                                                    \
    NUMBERED("((n) % " prime " ? ((g) * " prime " + " start ") % (n) : (g))")

const shuffle_order shuffle_orders[SHUFFLE_ORDERS] = {
    {"as they come", ""},
    {"in reverse", NUMBERED("((n) - 1 - (g))")},
    {"scattered", SCATTERED("7919", "5")},
    {"scattered otherwise", SCATTERED("104729", "11")},
};

void shuffle_groups(cbx_device *device, const shuffle_order *order, const edit *edits,
                    size_t count) {
    mutate_behind(device, order->text, edits, count);
}
