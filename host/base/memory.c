/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

cbx_status cbx_allocate(void *pointer, size_t count, size_t size) {
    void *memory = NULL;
    memcpy(pointer, &memory, sizeof memory);
    if (size != 0 && count > SIZE_MAX / size) {
        return cbx_fail(CBX_NO_MEMORY,
                        "not enough memory for %zu × %zu bytes: more than this "
                        "machine can address",
                        count, size);
    }
    size_t bytes = count * size;
    memory = calloc(bytes > 0 ? bytes : 1, 1);
    if (!memory) {
        return cbx_fail(CBX_NO_MEMORY, "not enough memory: %zu bytes asked for", bytes);
    }
    /* A void ** would not be allowed to alias a pointer of another type. */
    memcpy(pointer, &memory, sizeof memory);
    return CBX_OK; /* cppcheck-suppress memleak */
}

cbx_status cbx_make_room(float **room, size_t *has, size_t floats) {
    if (*has >= floats) {
        return CBX_OK;
    }
    free(*room);
    *has = 0;
    const cbx_status status = cbx_new(room, floats);
    *has = status ? 0 : floats;
    return status;
}

cbx_status cbx_copy_text(char **out, const char *text) {
    const cbx_status status = cbx_new(out, strlen(text) + 1);
    if (!status) {
        memcpy(*out, text, strlen(text));
    }
    return status;
}
