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
#include "layout.h"

enum { MOST_BYTES = 4096 };

cbx_tunables cbx_tunables_usual(const cbx_device *device) {
    /* Register blocks for 32 registers of 64 bytes (AVX-512), 16 of 32 bytes (AVX), 32
     * of 16 bytes (NEON). */
    const unsigned width = cbx_device_vector(device);
    /* GPUs have up to 255 registers a work-item; 7 rows take some 150. The vector and the
     * rows of the forward pass are fixed there. */
    const cbx_tunables gpu = {.vector = 4, .forward_rows = 8, .update_rows = CBX_USUAL_GPU_ROWS};
    if (device->family == CBX_FAMILY_GPU) {
        return gpu;
    }
    const cbx_tunables usual = {
        .vector = width,
        .forward_rows = width == 16  ? 13
                        : width == 8 ? 5
                                     : 8,
        .update_rows = width == 16  ? 14
                       : width == 8 ? 6
                                    : 8,
    };
    return usual;
}

int cbx_tunables_valid(const cbx_tunables *tunables, cbx_family family) {
    if (family == CBX_FAMILY_GPU) {
        return tunables->vector == 4 && tunables->forward_rows == 8 && tunables->update_rows >= 1 &&
               tunables->update_rows <= 14 &&
               CBX_IMAGE_PIXELS % CBX_GPU_BLOCK(tunables->update_rows) == 0;
    }
    return (tunables->vector == 4 || tunables->vector == 8 || tunables->vector == 16) &&
           tunables->forward_rows >= 1 && tunables->forward_rows <= 16 &&
           tunables->update_rows >= 1 && tunables->update_rows <= 16;
}

/* The file; 0 when there is no place for it. */
static int find_place(const cbx_device *device, char path[PATH_MAX]) {
    uint64_t hash = cbx_hash_text(CBX_HASH_SEED, device->info.name);
    hash = cbx_hash_text(hash, device->info.version);
    hash = cbx_hash_text(hash, device->info.driver);
    hash = cbx_hash_text(hash, cbx_family_name(device->family));
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

int cbx_tunables_recall(const cbx_device *device, cbx_tunables *out) {
    char path[PATH_MAX];
    struct stat found;
    const char *never = getenv("CLEARBOX_NO_TUNE");
    if ((never && *never) || !find_place(device, path) || stat(path, &found) != 0 ||
        !S_ISREG(found.st_mode) || found.st_size > MOST_BYTES) {
        return 0;
    }
    json_t *kept = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const cbx_tunables tunables = {
        .vector = number_of(kept, "vector"),
        .forward_rows = number_of(kept, "forward_rows"),
        .update_rows = number_of(kept, "update_rows"),
    };
    const int usable = kept && is_text(kept, "device", device->info.name) &&
                       is_text(kept, "driver", device->info.driver) &&
                       cbx_tunables_valid(&tunables, device->family);
    json_decref(kept);
    if (usable) {
        *out = tunables;
    }
    return usable;
}

cbx_status cbx_tunables_keep(const cbx_device *device, const cbx_tunables *tunables, char *path,
                             size_t size) {
    char whole[PATH_MAX];
    cbx_status status = cbx_cache_make();
    if (status) {
        return status;
    }
    if (!find_place(device, whole)) {
        return cbx_fail(CBX_CANNOT_CREATE, "the name of the cache folder is too long");
    }
    json_t *kept =
        json_pack("{s:s, s:s, s:i, s:i, s:i}", "device", device->info.name, "driver",
                  device->info.driver, "vector", (int)tunables->vector, "forward_rows",
                  (int)tunables->forward_rows, "update_rows", (int)tunables->update_rows);
    char *text = kept ? json_dumps(kept, JSON_INDENT(2)) : NULL;
    json_decref(kept);
    if (!text) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a small JSON file");
    }
    status = cbx_write_file(whole, 0, text, strlen(text));
    free(text);
    snprintf(path, size, "%s", whole);
    return status;
}
