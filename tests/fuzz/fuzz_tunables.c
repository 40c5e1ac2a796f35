/* SPDX-License-Identifier: MIT */
/* Any bytes as the file of block sizes that tuning kept; the first one chooses the family. What is
 * accepted is valid, and kept again it is what is recalled. */
#include "fuzz/fuzz.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "device/tunables.h"

static cbx_device device;

/* Where the family's file is, in a folder of our own. */
static const char *find_place(cbx_family family) {
    static char paths[3][PATH_MAX];
    device.family = family;
    if (!device.info.name[0]) {
        snprintf(device.info.name, sizeof device.info.name, "a device");
        snprintf(device.info.driver, sizeof device.info.driver, "1.0");
        device.info.vector_floats = 8;
        FUZZ_REQUIRE(setenv("XDG_CACHE_HOME", fuzz_folder(), 1) == 0);
        FUZZ_REQUIRE(unsetenv("CLEARBOX_NO_TUNE") == 0);
    }
    if (!paths[family][0]) {
        const cbx_tunables usual = cbx_tunables_usual(&device);
        FUZZ_REQUIRE(cbx_tunables_keep(&device, &usual, paths[family], PATH_MAX) == CBX_OK);
    }
    return paths[family];
}

static void require_the_same_again(const cbx_tunables *tunables) {
    char path[PATH_MAX], text[200];
    cbx_tunables again;
    FUZZ_REQUIRE(cbx_tunables_valid(tunables, device.family));
    cbx_tunables_describe(tunables, device.family, text, sizeof text);
    FUZZ_REQUIRE(text[0] && !strchr(text, '_'));
    FUZZ_REQUIRE(cbx_tunables_keep(&device, tunables, path, sizeof path) == CBX_OK);
    FUZZ_REQUIRE(cbx_tunables_recall(&device, &again));
    FUZZ_REQUIRE(memcmp(&again, tunables, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    cbx_tunables tunables = {{0}};
    if (size == 0) {
        return 0;
    }
    const char *path = find_place(bytes[0] & 1 ? CBX_FAMILY_GPU : CBX_FAMILY_CPU);
    FILE *file = fopen(path, "wb");
    FUZZ_REQUIRE(file && fwrite(bytes + 1, 1, size - 1, file) == size - 1 && fclose(file) == 0);
    if (cbx_tunables_recall(&device, &tunables)) {
        require_the_same_again(&tunables);
    } else {
        FUZZ_REQUIRE(tunables.values[0] == 0);
    }
    return 0;
}
