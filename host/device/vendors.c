/* SPDX-License-Identifier: MIT */
/* Which OpenCL drivers are installed, whether or not they can be loaded. The loader says
 * only how many platforms answered: an empty system and a driver that found no memory look
 * the same to it. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "device/device.h"

static int ends_like_a_driver(const char *name) {
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".icd") == 0;
}

/* The first .icd file of a folder; 0 when there is none. */
static int find_in_folder(const char *folder, char *found, size_t size) {
    const struct dirent *entry;
    int any = 0;
    DIR *entries = opendir(folder);
    if (!entries) {
        /* Too many open files keep the loader from looking, too. */
        snprintf(found, size, "%s", folder);
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
    }
    while (!any && (entry = readdir(entries))) {
        any = ends_like_a_driver(entry->d_name);
        if (any) {
            const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
            snprintf(found, size, "%s%s%s", folder, slash, entry->d_name);
        }
    }
    closedir(entries);
    return any;
}

/* Where loaders look: a folder, or one driver's file. */
static int find_driver(char *found, size_t size) {
    const char *asked = getenv("OCL_ICD_VENDORS"), *named = getenv("OCL_ICD_FILENAMES");
    const char *place = asked && *asked ? asked : "/etc/OpenCL/vendors";
    struct stat about;
    if (named && *named) {
        snprintf(found, size, "%s", named);
        return 1;
    }
    if (stat(place, &about) == 0 && S_ISDIR(about.st_mode)) {
        return find_in_folder(place, found, size);
    }
    snprintf(found, size, "%s", place);
    return ends_like_a_driver(place) && stat(place, &about) == 0;
}

cbx_status cbx_fail_without_platform(void) {
    char driver[PATH_MAX] = "";
    if (find_driver(driver, sizeof driver)) {
        return cbx_fail(CBX_NO_DEVICE,
                        "an OpenCL driver is installed (%s), but it could not be loaded; are "
                        "memory or open files limited (ulimit -v, ulimit -n), or is a part of it "
                        "missing?",
                        driver);
    }
    return cbx_fail(CBX_NO_DEVICE,
                    "no OpenCL platform is installed; install a driver, on Debian or Ubuntu "
                    "pocl-opencl-icd (any CPU), mesa-opencl-icd, intel-opencl-icd or the "
                    "NVIDIA driver's nvidia-opencl-icd");
}
