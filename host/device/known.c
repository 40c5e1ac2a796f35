/* SPDX-License-Identifier: MIT */
#include "device/known.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/files.h"
#include "device/cache.h"
#include "device/sources.h"
#include "device/tunables.h"

static void add_text(cbx_digest *digest, const char *text) {
    cbx_digest_add(digest, text, strlen(text) + 1);
}

/* Block sizes that were found since make other programs. */
static void add_tunables(cbx_digest *digest, const cbx_device_info *device) {
    for (int family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        cbx_tunables kept = {{0}};
        (void)cbx_tunables_recall_for(device, (cbx_family)family, &kept);
        cbx_digest_add(digest, kept.values, sizeof kept.values);
    }
}

/* Of everything that the driver's work depends on; 0: no memory. */
static int identify(const cbx_device_info *device, const char *what, char text[CBX_DIGEST_TEXT]) {
    const char *options = getenv("CLEARBOX_BUILD_OPTIONS");
    char place[64];
    cbx_digest *digest;
    if (cbx_digest_begin(&digest)) {
        return 0;
    }
    snprintf(place, sizeof place, "%u:%u %u units", device->platform_index, device->device_index,
             device->compute_units);
    const char *words[] = {device->platform, device->vendor, device->name, device->version,
                           device->driver,   place,          what,         options ? options : ""};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        add_text(digest, words[i]);
    }
    for (const cbx_sources *program = cbx_programs; program->program; program++) {
        for (unsigned i = 0; i < program->count; i++) {
            add_text(digest, program->texts[i]);
        }
    }
    add_tunables(digest, device);
    cbx_digest_end(digest, text);
    return 1;
}

/* A new driver or new kernels replace the note of the old ones. */
static int find_place(const cbx_device_info *device, const char *what, char path[PATH_MAX]) {
    uint64_t hash = cbx_hash_text(CBX_HASH_SEED, device->platform);
    hash = cbx_hash_text(hash, device->name);
    hash = cbx_hash_text(hash, what);
    return cbx_cache_path(path, "known", hash, "txt");
}

int cbx_known_has(const cbx_device_info *device, const char *what) {
    char path[PATH_MAX], is[CBX_DIGEST_TEXT] = "", should[CBX_DIGEST_TEXT];
    struct stat found;
    const int is_there =
        find_place(device, what, path) && stat(path, &found) == 0 && S_ISREG(found.st_mode);
    FILE *file = is_there ? fopen(path, "re") : NULL;
    if (!file) {
        return 0;
    }
    const size_t size = fread(is, 1, sizeof is - 1, file);
    fclose(file);
    return size == sizeof is - 1 && identify(device, what, should) && strcmp(is, should) == 0;
}

void cbx_known_add(const cbx_device_info *device, const char *what) {
    char path[PATH_MAX], text[CBX_DIGEST_TEXT];
    if (find_place(device, what, path) && identify(device, what, text) &&
        cbx_cache_make() == CBX_OK) {
        (void)cbx_write_file(path, 0, text, sizeof text - 1);
    }
}
