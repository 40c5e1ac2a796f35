/* SPDX-License-Identifier: MIT */
#include "support/fixture.h"

#include <stdio.h>

#include "network/schedule.h"
#include "support/test.h"

static cbx_device *devices[CBX_FAMILY_GPU + 1]; /* by family */
static int no_device;

enum { MOST_WAYS = 16 };
fixture_way fixture_ways[MOST_WAYS];
size_t fixture_way_count;

/* The library's own table, so that a new schedule is tested as the others are. */
static void list_ways(void) {
    fixture_way_count = 0;
    for (const cbx_way *way = cbx_ways; way->ops; way++) {
        assert_true(fixture_way_count < MOST_WAYS);
        fixture_way *to = &fixture_ways[fixture_way_count++];
        *to = (fixture_way){.schedule = way->schedule, .family = way->family};
        snprintf(to->name, sizeof to->name, "%s %s", cbx_schedule_name(way->schedule),
                 cbx_family_name(way->family));
    }
    assert_true(fixture_way_count > 0);
}

const char *fixture_spec(void) {
    return getenv("CLEARBOX_DEVICE");
}

int fixture_setup(void **state) {
    (void)state;
    cbx_device *device = NULL;
    list_ways();
    cbx_status status = cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO);
    if (status == CBX_NO_DEVICE && getenv("CBX_ALLOW_NO_DEVICE") != NULL) {
        no_device = 1;
        return 0;
    }
    if (status != CBX_OK) {
        print_error("no device to test on: %s\n", cbx_last_error());
        return -1;
    }
    devices[CBX_FAMILY_AUTO] = device;
    return 0;
}

int fixture_teardown(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        cbx_device_close(devices[i]);
        devices[i] = NULL;
    }
    return 0;
}

cbx_device *fixture_device(cbx_family family) {
    if (no_device) {
        skip();
    }
    if (devices[family] == NULL) {
        cbx_status status = cbx_device_open(&devices[family], fixture_spec(), family);
        if (status == CBX_NO_DEVICE && getenv("CBX_ALLOW_SMALL_DEVICE") != NULL) {
            print_message("%s\n", cbx_last_error());
            skip();
        }
        assert_ok(status);
    }
    return devices[family];
}
