/* SPDX-License-Identifier: MIT */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "support/scratch.h"

void fuzz_require(int holds, const char *what, const char *file, int line) {
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold: %s\nlast failure: %s\n", file, line, what,
                cbx_last_error());
        abort();
    }
}

/* ---- failures ---- */

static const char none[] = "no failure yet";

void fuzz_begin(void) {
    (void)cbx_fail(CBX_BAD_ARGUMENT, "%s", none);
}

void fuzz_require_told(cbx_status status) {
    const char *sentence = cbx_last_error();
    if (status == CBX_OK) {
        FUZZ_REQUIRE(strcmp(sentence, none) == 0);
        return;
    }
    FUZZ_REQUIRE(strcmp(sentence, none) != 0);
    FUZZ_REQUIRE(strlen(sentence) > 8 && strlen(sentence) < 1000);
}

/* ---- files ---- */

FILE *fuzz_stream(const uint8_t *bytes, size_t size) {
    static FILE *file; /* one for all: making one takes longer than most targets */
    if (!file) {
        file = tmpfile();
        FUZZ_REQUIRE(file != NULL);
    }
    FUZZ_REQUIRE(ftruncate(fileno(file), 0) == 0);
    FUZZ_REQUIRE(pwrite(fileno(file), bytes, size, 0) == (ssize_t)size);
    FUZZ_REQUIRE(lseek(fileno(file), 0, SEEK_SET) == 0);
    return file;
}

const char *fuzz_file(const uint8_t *bytes, size_t size) {
    static char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(fuzz_stream(bytes, size)));
    return path;
}

static char folder[SCRATCH_PATH];

static void remove_folder(void) {
    (void)scratch_remove(folder);
}

const char *fuzz_folder(void) {
    FUZZ_REQUIRE(!folder[0]);
    FUZZ_REQUIRE(scratch_make(folder) == 0);
    FUZZ_REQUIRE(atexit(remove_folder) == 0);
    return folder;
}

/* ---- bytes ---- */

void *fuzz_allocate(size_t size) {
    void *memory = malloc(size > 0 ? size : 1);
    FUZZ_REQUIRE(memory != NULL);
    return memory;
}

uint8_t fuzz_take(fuzz_bytes *from) {
    if (from->left == 0) {
        return 0;
    }
    from->left--;
    return *from->at++;
}

uint32_t fuzz_take_32(fuzz_bytes *from) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value << 8 | fuzz_take(from);
    }
    return value;
}
