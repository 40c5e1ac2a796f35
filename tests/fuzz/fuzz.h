/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. A target is a file fuzz_SUBJECT.c with LLVMFuzzerTestOneInput(), which
 * does one thing with any bytes, requires what must hold afterwards, and frees everything. It is
 * linked with libFuzzer, or with replay.c. */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "clearbox/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the process, and says what did not hold, unless it does. */
#define FUZZ_REQUIRE(what) fuzz_require((what) != 0, #what, __FILE__, __LINE__)
void fuzz_require(int holds, const char *what, const char *file, int line);

/* Forgets the last failure, so that what comes must leave its own. */
void fuzz_begin(void);

/* Requires that a failure left a sentence that people can read, and that success did not touch it. */
void fuzz_require_told(cbx_status status);

/* The bytes as a regular file; the name is good until the next call. The stream stands at its
 * start and stays the module's. */
const char *fuzz_file(const uint8_t *bytes, size_t size);
FILE *fuzz_stream(const uint8_t *bytes, size_t size);

/* A new empty folder, removed with all that is in it when the process ends. */
const char *fuzz_folder(void);

/* Memory of so many bytes, never NULL; for free(). */
void *fuzz_allocate(size_t size);

/* Bytes that a target takes its choices from; 0 where there are no more. */
typedef struct fuzz_bytes {
    const uint8_t *at;
    size_t left;
} fuzz_bytes;

uint8_t fuzz_take(fuzz_bytes *from);
uint32_t fuzz_take_32(fuzz_bytes *from); /* big-endian */

#endif
