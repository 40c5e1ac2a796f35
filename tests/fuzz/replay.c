/* SPDX-License-Identifier: MIT */
/* Feeds files, and the files of folders, to a fuzz target one after the other: what libFuzzer does
 * with files, but built with any compiler. At least one file must be there. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned replayed;
static char replaying[4096]; /* for a debugger, and for the sentence when the target ends it all */

static void say_where(void) {
    if (replaying[0]) {
        fprintf(stderr, "while replaying %s\n", replaying);
    }
}

static void replay_file(const char *path, size_t size) {
    uint8_t *bytes = fuzz_allocate(size);
    FILE *file = fopen(path, "rb");
    FUZZ_REQUIRE(file && fread(bytes, 1, size, file) == size);
    fclose(file);
    snprintf(replaying, sizeof replaying, "%s", path);
    (void)LLVMFuzzerTestOneInput(bytes, size);
    replaying[0] = '\0';
    replayed++;
    free(bytes);
}

static void replay(const char *path) {
    struct stat about;
    FUZZ_REQUIRE(stat(path, &about) == 0);
    if (!S_ISDIR(about.st_mode)) {
        replay_file(path, (size_t)about.st_size);
        return;
    }
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, alphasort);
    FUZZ_REQUIRE(count >= 0);
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            replay(inner);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv) {
    atexit(say_where);
    for (int i = 1; i < argc; i++) {
        replay(argv[i]);
    }
    printf("%u inputs replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
