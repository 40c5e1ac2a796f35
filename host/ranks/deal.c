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

/* Those of the kind that comes first, or with `all` every one. */
static cbx_status deal_found(const cbx_place *place, int all, char out[CBX_SPEC]) {
    cbx_device_info *devices = NULL;
    size_t count = 0, like = 0, *order = NULL;
    cbx_status status = cbx_device_list(&devices, &count);
    if (!status) {
        status = cbx_walk_order(devices, count, &order);
    }
    while (!status && like < count &&
           (all || devices[order[like]].kind == devices[order[0]].kind)) {
        like++;
    }
    if (!status) {
        const cbx_device_info *one = &devices[order[place->local % like]];
        snprintf(out, CBX_SPEC, "%u:%u", one->platform_index, one->device_index);
    }
    free(order);
    cbx_device_list_free(devices);
    return status;
}

cbx_status cbx_deal_device(const cbx_place *place, const char *spec, char out[CBX_SPEC]) {
    const int all = spec && strcmp(spec, "all") == 0;
    return spec && *spec && !all ? deal_named(place, spec, out) : deal_found(place, all, out);
}
