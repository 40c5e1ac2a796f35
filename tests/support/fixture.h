/* SPDX-License-Identifier: MIT */
/* The devices of a test program, opened once.
 *
 * A device test needs a device: without one the group's setup fails, and with it
 * the program. Only where CBX_ALLOW_NO_DEVICE is set in the environment are the
 * tests skipped; likewise with CBX_ALLOW_SMALL_DEVICE those of kernels for which a device is too
 * small. CLEARBOX_DEVICE chooses the device, as it does for the program.
 */
#ifndef TEST_SUPPORT_FIXTURE_H
#define TEST_SUPPORT_FIXTURE_H

#include "clearbox/device.h"
#include "clearbox/trainer.h"

/* Group setup and teardown for cmocka_run_group_tests(). */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The device with the kernels of a family, opened at the first call; skips the
 * running test where there is none and that is allowed. */
cbx_device *fixture_device(cbx_family family);

/* The spec to give to the library, from CLEARBOX_DEVICE; may be NULL. */
const char *fixture_spec(void);

/* Every way to train, from fixture_setup() on. */
typedef struct fixture_way {
    cbx_schedule schedule;
    cbx_family family;
    char name[32]; /* "fused cpu" … */
} fixture_way;

extern fixture_way fixture_ways[];
extern size_t fixture_way_count;

#endif
