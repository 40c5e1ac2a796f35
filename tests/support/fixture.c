/* SPDX-License-Identifier: MIT */
#include "support/fixture.h"

#include "support/test.h"

static cbx_device *devices[CBX_FAMILY_GPU + 1]; /* by family */
static int no_device;

const fixture_way fixture_ways[FIXTURE_WAYS] = {
    {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, "stepwise cpu"},
    {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_GPU, "stepwise gpu"},
    {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, "fused cpu"},
    {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, "fused gpu"},
};

const char *fixture_recipe_name(cbx_recipe recipe) {
    return cbx_recipe_name(recipe);
}

const char *fixture_spec(void) {
    return getenv("CLEARBOX_DEVICE");
}

int fixture_setup(void **state) {
    (void)state;
    cbx_device *device = NULL;
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
        assert_ok(cbx_device_open(&devices[family], fixture_spec(), family));
    }
    return devices[family];
}
