/* Block sizes of the kernels: the usual ones, and those that
 * `clearbox bench --tune` found best and kept. A kept file is a hint: whatever is
 * wrong with it, the usual sizes do. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"
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
               tunables->update_rows <= 14 && CBX_PIXELS % (8 * tunables->update_rows) == 0;
    }
    return (tunables->vector == 4 || tunables->vector == 8 || tunables->vector == 16) &&
           tunables->forward_rows >= 1 && tunables->forward_rows <= 16 &&
           tunables->update_rows >= 1 && tunables->update_rows <= 16;
}

/* FNV-1a over a string and its end. */
static uint64_t hash(uint64_t seed, const char *text) {
    for (;; text++) {
        seed = (seed ^ (unsigned char)*text) * UINT64_C(1099511628211);
        if (!*text) {
            return seed;
        }
    }
}

static uint64_t fingerprint(const cbx_device *device) {
    uint64_t value = UINT64_C(14695981039346656037);
    value = hash(value, device->info.name);
    value = hash(value, device->info.version);
    value = hash(value, device->info.driver);
    value = hash(value, device->family == CBX_FAMILY_GPU ? "gpu" : "cpu");
    for (const cbx_source *source = cbx_sources; source->name; source++) {
        if (cbx_source_belongs(source, 0)) {
            value = hash(value, source->text);
        }
    }
    return value;
}

/* The folder and the file in it; 0 when the user has neither cache nor home. */
static int find_place(const cbx_device *device, char *folder, char *path) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (cache && cache[0] == '/') {
        length = snprintf(folder, PATH_MAX - 64, "%s/clearbox", cache);
    } else if (home && home[0] == '/') {
        length = snprintf(folder, PATH_MAX - 64, "%s/.cache/clearbox", home);
    }
    if (length < 0 || length >= PATH_MAX - 64) {
        return 0;
    }
    snprintf(path, PATH_MAX, "%s/tune-%016" PRIx64 ".json", folder, fingerprint(device));
    return 1;
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
    char folder[PATH_MAX], path[PATH_MAX];
    struct stat found;
    const char *never = getenv("CLEARBOX_NO_TUNE");
    if ((never && *never) || !find_place(device, folder, path) || stat(path, &found) != 0 ||
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

/* Makes the folder and the one above it, as XDG asks for. */
static cbx_status make_folder(char *folder) {
    char *slash = strrchr(folder, '/');
    *slash = '\0';
    int failed = mkdir(folder, 0700) != 0 && errno != EEXIST;
    *slash = '/';
    failed = failed || (mkdir(folder, 0700) != 0 && errno != EEXIST);
    return failed ? cbx_fail(CBX_CANNOT_CREATE, "cannot create the folder %s: %s", folder,
                             strerror(errno))
                  : CBX_OK;
}

cbx_status cbx_tunables_keep(const cbx_device *device, const cbx_tunables *tunables, char *path,
                             size_t size) {
    char folder[PATH_MAX], whole[PATH_MAX];
    if (!find_place(device, folder, whole)) {
        return cbx_fail(CBX_CANNOT_CREATE,
                        "there is no cache folder; set XDG_CACHE_HOME or HOME to a full path");
    }
    cbx_status status = make_folder(folder);
    if (status) {
        return status;
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
