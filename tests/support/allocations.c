/* SPDX-License-Identifier: MIT */
#include "support/allocations.h"

#include <stdint.h>

#include "base/memory.h"

size_t allocations_largest;

/* These names are the linker's: it sends calls of cbx_allocate() to the second. */
cbx_status __real_cbx_allocate(void *pointer, size_t count, size_t size);
cbx_status __wrap_cbx_allocate(void *pointer, size_t count, size_t size);

cbx_status __wrap_cbx_allocate(void *pointer, size_t count, size_t size) {
    size_t bytes = size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
    if (bytes > allocations_largest) {
        allocations_largest = bytes;
    }
    return __real_cbx_allocate(pointer, count, size);
}
