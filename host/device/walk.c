/* SPDX-License-Identifier: MIT */
/* The device that is taken where none is named: the first that works, in a fixed order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "device/walk.h"

static const cbx_device_kind preferred[] = {CBX_KIND_GPU, CBX_KIND_CPU, CBX_KIND_OTHER};

cbx_status cbx_walk_order(const cbx_device_info *devices, size_t count, size_t **out) {
    size_t place = 0;
    cbx_status status = cbx_new(out, count);
    for (size_t p = 0; p < sizeof preferred / sizeof *preferred && !status; p++) {
        for (size_t i = 0; i < count; i++) {
            if (devices[i].kind == preferred[p]) {
                (*out)[place++] = i;
            }
        }
    }
    return status;
}

/* What is wrong with the device, rather than with the run. */
static int gives_way(cbx_status status) {
    return status == CBX_BAD_KERNEL || status == CBX_DEVICE_FAULT || status == CBX_NO_DEVICE;
}

static cbx_status note(cbx_walk *walk, const cbx_device_info *device) {
    char *sentence = strdup(cbx_last_error());
    if (!sentence) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for what is wrong with a device");
    }
    walk->passed_over[walk->count].device = *device;
    walk->passed_over[walk->count].sentence = sentence;
    walk->count++;
    return CBX_OK;
}

/* A single device's own sentence stands; of several, the first line of each. */
static cbx_status fail_all(const cbx_walk *walk, cbx_status status) {
    char all[4096] = "";
    size_t used = 0;
    if (walk->count < 2) {
        return status;
    }
    for (size_t i = 0; i < walk->count && used < sizeof all; i++) {
        const cbx_passed_over *one = &walk->passed_over[i];
        const int n = snprintf(all + used, sizeof all - used, "%s%u:%u %s: %.*s", used ? "; " : "",
                               one->device.platform_index, one->device.device_index,
                               one->device.name, (int)strcspn(one->sentence, "\n"), one->sentence);
        used += n > 0 ? (size_t)n : 0;
    }
    return cbx_fail(status, "none of %zu OpenCL devices can be used: %s", walk->count, all);
}

/* Until so many have passed. */
static cbx_status try_some(cbx_walk *walk, const cbx_device_info *devices, size_t count,
                           cbx_walk_trial *trial, void *user, size_t wanted) {
    size_t *order = NULL, passed = 0;
    cbx_status first = CBX_NO_DEVICE;
    memset(walk, 0, sizeof *walk);
    cbx_status status = cbx_new(&walk->passed_over, count);
    if (!status) {
        status = cbx_walk_order(devices, count, &order);
    }
    for (size_t i = 0; i < count && passed < wanted && !status; i++) {
        const cbx_device_info *device = &devices[order[i]];
        char spec[32];
        snprintf(spec, sizeof spec, "%u:%u", device->platform_index, device->device_index);
        status = trial(user, spec);
        passed += !status;
        if (gives_way(status)) {
            first = walk->count == 0 ? status : first;
            status = note(walk, device);
        }
    }
    free(order);
    return status || passed > 0 ? status : fail_all(walk, first);
}

cbx_status cbx_walk_devices(cbx_walk *walk, const cbx_device_info *devices, size_t count,
                            cbx_walk_trial *trial, void *user) {
    return try_some(walk, devices, count, trial, user, 1);
}

cbx_status cbx_walk_all(cbx_walk *walk, const cbx_device_info *devices, size_t count,
                        cbx_walk_trial *trial, void *user) {
    return try_some(walk, devices, count, trial, user, count);
}

void cbx_walk_clear(cbx_walk *walk) {
    for (size_t i = 0; i < walk->count; i++) {
        free(walk->passed_over[i].sentence);
    }
    free(walk->passed_over);
    memset(walk, 0, sizeof *walk);
}
