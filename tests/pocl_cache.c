/* SPDX-License-Identifier: MIT */
/* Has the device compile what most tests use: every kernel of both families, as the checks launch
 * them. Not a test by itself: pocl_cache.sh starts it. */
#include <stdio.h>
#include <stdlib.h>

#include "avc/check.h"
#include "clearbox/device.h"
#include "clearbox/status.h"

static cbx_status compile(cbx_family family) {
    cbx_device *device;
    cbx_status status = cbx_device_open(&device, getenv("CLEARBOX_DEVICE"), family);
    if (!status) {
        status = cbx_device_self_test(device);
        status = status ? status : cbx_avc_check(device);
        cbx_device_close(device);
    }
    return status;
}

int main(void) {
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        if (compile(family)) {
            fprintf(stderr, "%s\n", cbx_last_error());
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
