/* SPDX-License-Identifier: MIT */
#include "support/refused.h"

#include <stdio.h>
#include <string.h>

#include "device/device.h"
#include "support/fixture.h"
#include "support/mutant.h"
#include "support/split.h"
#include "support/test.h"

/* A specimen, with groups of that kind in any case. */
static cbx_specimen_sizes specimen_with(int index, int wide) {
    cbx_specimen_sizes sizes = cbx_specimens[index];
    sizes.division[0].groups = sizes.division[1].groups =
        wide ? CBX_WIDE_GROUPS : CBX_NARROW_GROUPS;
    return sizes;
}

/* One part of the self-test, with both recipes and all specimens: the others would only take
 * time to compile kernels that are not broken. */
static cbx_status run_part(cbx_device *device, refused_part *check, cbx_schedule schedule) {
    cbx_status status = CBX_OK;
    for (int i = 0; i < 2 * CBX_SPECIMENS && !status; i++) {
        const cbx_specimen_sizes sizes = specimen_with(i / 2, device->wide != NULL);
        cbx_specimen specimen;
        assert_ok(cbx_specimen_init(&specimen, device, &sizes));
        status = check(&specimen, schedule, (cbx_recipe)(i % 2));
        cbx_specimen_clear(&specimen);
    }
    return status;
}

int refused_names(const mutation *m, cbx_status status) {
    char name[64];
    snprintf(name, sizeof name, "the kernel %s computes wrongly on ", m->kernel);
    if (status != CBX_BAD_KERNEL || strncmp(cbx_last_error(), name, strlen(name)) != 0) {
        print_error("%s with \"%s\": status %d, \"%s\"\n", m->file, m->to, status,
                    status ? cbx_last_error() : "");
        return 0;
    }
    return 1;
}

void assert_refused_by(refused_edit *break_it, const mutation *mutations, size_t count,
                       cbx_family family, cbx_schedule schedule, refused_part *check) {
    size_t missed = 0;
    (void)fixture_device(family); /* skips where there is none */
    for (size_t i = 0; i < count; i++) {
        cbx_device *device;
        assert_ok(cbx_device_open(&device, fixture_spec(), family));
        break_it(device, mutations[i].file, mutations[i].from, mutations[i].to);
        missed += !refused_names(&mutations[i], run_part(device, check, schedule));
        cbx_device_close(device);
    }
    assert_int_equal(0, missed);
}

void assert_refused_split(const mutation *mutations, size_t count, refused_part *check) {
    size_t missed = 0;
    for (size_t i = 0; i < count; i++) {
        cbx_device *device = split_open();
        mutate(device, mutations[i].file, mutations[i].from, mutations[i].to);
        missed += !refused_names(&mutations[i], run_part(device, check, CBX_SCHEDULE_FUSED));
        cbx_device_close(device);
    }
    assert_int_equal(0, missed);
}

void assert_refused(const mutation *mutations, size_t count, cbx_family family,
                    cbx_schedule schedule, refused_part *check) {
    assert_refused_by(mutate, mutations, count, family, schedule, check);
}
