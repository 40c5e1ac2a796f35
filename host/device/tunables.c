/* SPDX-License-Identifier: MIT */
/* Block sizes of the kernels: the usual ones, and those that
 * `clearbox bench --tune` found best and kept. A kept file is a hint: whatever is
 * wrong with it, the usual sizes do. */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"
#include "clearbox/dataset.h"
#include "device/cache.h"
#include "device/device.h"
#include "device/residency.h"
#include "layout.h"

enum { MOST_BYTES = 4096 };

/* Register blocks for 32 registers of 16 bytes (NEON), 16 of 32 bytes (AVX), 32 of 64 bytes
 * (AVX-512). */
static const cbx_tunable cpu[] = {
    [CBX_CPU_VECTOR] = {"vector", "CBX_VECTOR", 4, 16, 16, {4, 8, 16}, {0}},
    [CBX_CPU_FORWARD_ROWS] =
        {"forward_rows", "CBX_FORWARD_ROWS", 1, 16, 0, {8, 5, 13}, {4, 5, 6, 8, 10, 12, 13, 14}},
    {"update_rows", "CBX_UPDATE_ROWS", 1, 16, 0, {8, 6, 14}, {2, 4, 6, 7, 8, 14}},
    {0},
};

/* A depth of 8 takes less than 16 KiB of local memory, one of 16 half of the barriers: see deepen(). */
static const cbx_tunable gpu[] = {
    [CBX_GPU_FORWARD_DEPTH] = {"forward_depth", "CBX_GPU_DEPTH", 8, 16, 16, {8, 8, 8}, {8, 16}},
    {"update_rows", "CBX_GPU_ROWS", 4, 8, 8, {8, 8, 8}, {4, 8}},
    {0},
};

_Static_assert(sizeof cpu <= (CBX_MOST_TUNABLES + 1) * sizeof *cpu, "too many tunables");
_Static_assert(sizeof gpu <= (CBX_MOST_TUNABLES + 1) * sizeof *gpu, "too many tunables");

const cbx_tunable *cbx_tunables_of(cbx_family family) {
    return family == CBX_FAMILY_GPU ? gpu : cpu;
}

/* The most pixels at a time of those that leave as many groups resident as the fewest do. A
 * processor works on one group at a time, and has no use for it. */
static unsigned deepen(const cbx_device *device, const cbx_tunable *depth) {
    unsigned best = depth->least, most = 0;
    for (unsigned d = depth->least; d <= depth->most && device->info.kind != CBX_KIND_CPU; d *= 2) {
        const uint64_t bytes = CBX_GPU_LOCAL_BYTES((uint64_t)d);
        const unsigned room = cbx_device_room(device, CBX_GROUP, CBX_GPU_REGISTERS, bytes);
        if (bytes <= device->info.local_memory_bytes && room >= most) {
            best = d;
            most = room;
        }
    }
    return best;
}

cbx_tunables cbx_tunables_usual(const cbx_device *device) {
    const cbx_tunable *rows = cbx_tunables_of(device->family);
    cbx_tunables usual = {{0}};
    for (size_t i = 0; rows[i].key; i++) {
        usual.values[i] = rows[i].usual[cbx_device_vector(device) / 8];
    }
    if (device->family == CBX_FAMILY_GPU) {
        usual.values[CBX_GPU_FORWARD_DEPTH] = deepen(device, &rows[CBX_GPU_FORWARD_DEPTH]);
    }
    return usual;
}

int cbx_tunables_valid(const cbx_tunables *tunables, cbx_family family) {
    const cbx_tunable *row = cbx_tunables_of(family);
    for (const unsigned *value = tunables->values; row->key; row++, value++) {
        if (*value == 0 || *value < row->least || *value > row->most ||
            row->divides % *value != 0) {
            return 0;
        }
    }
    return 1;
}

void cbx_tunables_describe(const cbx_tunables *tunables, cbx_family family, char *out,
                           size_t size) {
    const cbx_tunable *rows = cbx_tunables_of(family);
    size_t used = 0;
    for (size_t i = 0; rows[i].key; i++, used = strlen(out)) {
        snprintf(out + used, size - used, "%s%s %u", i ? ", " : "", rows[i].key,
                 tunables->values[i]);
    }
    for (char *c = out; (c = strchr(c, '_'));) {
        *c = ' ';
    }
}

/* The file; 0 when there is no place for it. */
static int find_place(const cbx_device_info *device, cbx_family family, char path[PATH_MAX]) {
    uint64_t hash = cbx_hash_text(CBX_HASH_SEED, device->name);
    hash = cbx_hash_text(hash, device->version);
    hash = cbx_hash_text(hash, device->driver);
    hash = cbx_hash_text(hash, cbx_family_name(family));
    hash = cbx_sources_hash(hash, cbx_sources_of("train"));
    return cbx_cache_path(path, "tune", hash, "json");
}

static unsigned number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    const json_int_t number = json_integer_value(value);
    return json_is_integer(value) && number > 0 && number < 1000 ? (unsigned)number : 0;
}

static int is_text(const json_t *object, const char *key, const char *expected) {
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, expected) == 0;
}

int cbx_tunables_recall_for(const cbx_device_info *device, cbx_family family, cbx_tunables *out) {
    char path[PATH_MAX];
    struct stat found;
    const char *never = getenv("CLEARBOX_NO_TUNE");
    if ((never && *never) || !find_place(device, family, path) || stat(path, &found) != 0 ||
        !S_ISREG(found.st_mode) || found.st_size > MOST_BYTES) {
        return 0;
    }
    json_t *kept = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const cbx_tunable *rows = cbx_tunables_of(family);
    cbx_tunables tunables = {{0}};
    for (size_t i = 0; rows[i].key; i++) {
        tunables.values[i] = number_of(kept, rows[i].key);
    }
    const int usable = kept && is_text(kept, "device", device->name) &&
                       is_text(kept, "driver", device->driver) &&
                       cbx_tunables_valid(&tunables, family);
    json_decref(kept);
    if (usable) {
        *out = tunables;
    }
    return usable;
}

int cbx_tunables_recall(const cbx_device *device, cbx_tunables *out) {
    return cbx_tunables_recall_for(&device->info, device->family, out);
}

cbx_status cbx_tunables_keep(const cbx_device *device, const cbx_tunables *tunables, char *path,
                             size_t size) {
    char whole[PATH_MAX];
    cbx_status status = cbx_cache_make();
    if (status) {
        return status;
    }
    if (!find_place(&device->info, device->family, whole)) {
        return cbx_fail(CBX_CANNOT_CREATE, "the name of the cache folder is too long");
    }
    json_t *kept =
        json_pack("{s:s, s:s}", "device", device->info.name, "driver", device->info.driver);
    int lost = !kept;
    const cbx_tunable *rows = cbx_tunables_of(device->family);
    for (size_t i = 0; rows[i].key; i++) {
        lost |= json_object_set_new(kept, rows[i].key, json_integer(tunables->values[i]));
    }
    char *text = lost ? NULL : json_dumps(kept, JSON_INDENT(2));
    json_decref(kept);
    if (!text) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a small JSON file");
    }
    status = cbx_write_file(whole, 0, text, strlen(text));
    free(text);
    snprintf(path, size, "%s", whole);
    return status;
}
