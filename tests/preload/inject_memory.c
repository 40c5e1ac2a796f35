/* SPDX-License-Identifier: MIT */
/* Memory: the program's requests, which may fail; and who holds it, of the program and of the
 * libraries that allocate for it. */
#define _GNU_SOURCE
#include "inject.h"

#include <execinfo.h>
#include <stdint.h>
#include <string.h>

/* glibc's own: dlsym() asks for memory before it can find any. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

/* ---- who holds what ---- */

/* A place that a pointer hashes to, or one of the next WINDOW; without locks. What finds no
 * place is not followed. */
enum { PLACES = 1 << 16, WINDOW = 16 };

typedef struct held {
    _Atomic(void *) memory;
    const void *callers[INJECT_CALLERS];
} held;

static held all[PLACES + WINDOW];

static held *first_place(const void *memory) {
    return all + ((uintptr_t)memory >> 4) * 0x9e3779b97f4a7c15u % PLACES;
}

/* Who asked the one that asked, and so on; the first two frames are ours. */
static void note_callers(held *at, const void *caller) {
    void *frames[INJECT_CALLERS + 2];
    const int count = inject_is_program(caller) ? backtrace(frames, INJECT_CALLERS + 2) : 0;
    memset(at->callers, 0, sizeof at->callers);
    at->callers[0] = caller;
    for (int i = 3; i < count; i++) {
        at->callers[i - 2] = frames[i];
    }
}

static void *note(void *memory, const void *caller) {
    held *at = first_place(memory);
    if (!memory || !inject_is_ours(caller)) {
        return memory;
    }
    for (int i = 0; i < WINDOW; i++) {
        void *expected = NULL;
        if (atomic_compare_exchange_strong(&at[i].memory, &expected, memory)) {
            note_callers(&at[i], caller);
            break;
        }
    }
    return memory;
}

static void forget(const void *memory) {
    held *at = first_place(memory);
    for (int i = 0; i < WINDOW && memory; i++) {
        if (at[i].memory == memory) {
            at[i].memory = NULL;
            break;
        }
    }
}

void inject_memory_left(void (*each)(void *user, const void *const *callers), void *user) {
    for (held *at = all; at < all + PLACES + WINDOW; at++) {
        if (at->memory) {
            each(user, at->callers);
        }
    }
}

/* ---- requests ---- */

#define CALLER __builtin_return_address(0)

/* Whether this one of the program's is to fail. */
static int fails(inject_counter **on, const char *name, const void *caller) {
    if (!inject_is_program(caller)) {
        return 0;
    }
    if (!*on) {
        *on = inject_find(name);
    }
    return inject_fails(*on);
}

#define REQUEST(name, parameters, request)                                                         \
    void *name parameters {                                                                        \
        static inject_counter *on;                                                                 \
        if (fails(&on, #name, CALLER)) {                                                           \
            errno = ENOMEM;                                                                        \
            return NULL;                                                                           \
        }                                                                                          \
        return note(request, CALLER);                                                              \
    }

REQUEST(malloc, (size_t size), __libc_malloc(size))
REQUEST(calloc, (size_t count, size_t size), __libc_calloc(count, size))
REQUEST(aligned_alloc, (size_t alignment, size_t size), __libc_memalign(alignment, size))

void *realloc(void *old, size_t size) {
    static inject_counter *on;
    if (fails(&on, "realloc", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    forget(old);
    void *grown = __libc_realloc(old, size);
    note(grown || size == 0 ? grown : old, CALLER);
    return grown;
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    static inject_counter *on;
    if (fails(&on, "posix_memalign", CALLER)) {
        return ENOMEM;
    }
    void *memory = __libc_memalign(alignment, size);
    if (!memory) {
        return ENOMEM;
    }
    *out = note(memory, CALLER);
    return 0;
}

char *strdup(const char *text) {
    static inject_counter *on;
    const size_t size = strlen(text) + 1;
    if (fails(&on, "strdup", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    char *copy = note(__libc_malloc(size), CALLER);
    return copy ? memcpy(copy, text, size) : NULL;
}

void free(void *memory) {
    forget(memory);
    __libc_free(memory);
}
