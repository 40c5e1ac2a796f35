/* SPDX-License-Identifier: MIT */
#include "ranks/deal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "clearbox/device.h"
#include "device/walk.h"

/* Item `wanted` of the list, or with a count of its items where that is beyond them, none. */
static uint32_t take(const char *list, uint32_t wanted, char out[CBX_SPEC]) {
    uint32_t items = 0;
    out[0] = '\0';
    while (*list) {
        const size_t blanks = strspn(list, ", "), length = strcspn(list + blanks, ",");
        if (length > 0 && items++ == wanted) {
            snprintf(out, CBX_SPEC, "%.*s", (int)length, list + blanks);
        }
        list += blanks + length;
    }
    return items;
}

static cbx_status deal_named(const cbx_place *place, const char *list, char out[CBX_SPEC]) {
    const uint32_t items = take(list, UINT32_MAX, out);
    if (items == 0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "\"%s\" names no device", list);
    }
    take(list, place->local % items, out);
    return CBX_OK;
}

/* Of which devices a rank takes one: NULL and "" mean those of the first one's kind, "all" all of them. */
static int is_meant(const cbx_device_info *device, const char *spec, const cbx_device_info *first) {
    return !spec || !*spec            ? device->kind == first->kind
           : strcmp(spec, "gpu") == 0 ? device->kind == CBX_KIND_GPU
           : strcmp(spec, "cpu") == 0 ? device->kind == CBX_KIND_CPU
                                      : 1;
}

static cbx_status deal_found(const cbx_place *place, const char *spec, char out[CBX_SPEC]) {
    cbx_device_info *devices = NULL;
    size_t count = 0, meant = 0, *order = NULL;
    cbx_status status = cbx_device_list(&devices, &count);
    if (!status) {
        status = cbx_walk_order(devices, count, &order);
    }
    for (size_t i = 0; i < count && !status; i++) {
        if (is_meant(&devices[order[i]], spec, &devices[order[0]])) {
            order[meant++] = order[i];
        }
    }
    if (!status && meant > 0) {
        const cbx_device_info *one = &devices[order[place->local % meant]];
        snprintf(out, CBX_SPEC, "%u:%u", one->platform_index, one->device_index);
    } else if (!status) { /* whoever opens it says what is wrong with that */
        snprintf(out, CBX_SPEC, "%s", spec);
    }
    free(order);
    cbx_device_list_free(devices);
    return status;
}

cbx_status cbx_deal_device(const cbx_place *place, const char *spec, char out[CBX_SPEC]) {
    static const char *const kinds[] = {"", "all", "gpu", "cpu"};
    int is_kind = !spec;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && spec; i++) {
        is_kind |= strcmp(spec, kinds[i]) == 0;
    }
    return (is_kind ? deal_found : deal_named)(place, spec, out);
}
