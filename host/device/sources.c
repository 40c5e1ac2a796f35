/* SPDX-License-Identifier: MIT */
#include "device/sources.h"

#include <string.h>

#include "device/cache.h"

const cbx_sources *cbx_sources_of(const char *program) {
    const cbx_sources *row = cbx_programs;
    while (row->program && strcmp(row->program, program) != 0) {
        row++;
    }
    return row->program ? row : NULL;
}

uint64_t cbx_sources_hash(uint64_t seed, const cbx_sources *sources) {
    for (unsigned i = 0; i < sources->count; i++) {
        seed = cbx_hash_text(seed, sources->texts[i]);
    }
    return seed;
}
