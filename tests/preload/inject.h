/* SPDX-License-Identifier: MIT */
/* What the files of the layer share: see inject.c for what it does. */
#ifndef CBX_TESTS_INJECT_H
#define CBX_TESTS_INJECT_H

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct inject_counter {
    const char *name;
    atomic_ulong calls;
} inject_counter;

/* The counter of a function. Called at most a few times for each. */
inject_counter *inject_find(const char *name);

/* The library's own function behind ours; ends the process where there is none. */
void *inject_next(const char *name);

/* Whether a call comes from the program itself; from libavformat; or from the program or a
 * library that allocates for it, and not from a driver. */
int inject_is_program(const void *caller);
int inject_is_muxer(const void *caller);
int inject_is_ours(const void *caller);

/* Counts a call: whether it is to fail. */
int inject_fails(inject_counter *on);

/* Whether the program has ended, and nothing is to fail any more. */
int inject_is_over(void);

/* After a call that was let through: kills the process where that was asked for. */
void inject_done(inject_counter *on);

/* One of `kind` is there now, or is gone (-1). */
void inject_hold(const char *kind, int change);

/* Adds a line to the file of CBX_INJECT_LOG, if there is one. */
void inject_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "OBJECT+OFFSET" of an address in code. */
void inject_place(const void *address, char *text, size_t size);

/* inject_memory.c: calls `each` for all memory that is still held, with who asked for it, who called
 * that one and so on; NULL: not known. */
enum { INJECT_CALLERS = 5 };
void inject_memory_left(void (*each)(void *user, const void *const *callers), void *user);

/* TYPE NAME(PARAMETERS): on failure runs INSTEAD, which returns; after success RESULT is what it
 * returned, for AFTER. */
#define INJECT(type, name, parameters, arguments, after, ...)                                      \
    type name parameters {                                                                         \
        static type(*real) parameters;                                                             \
        static inject_counter *on;                                                                 \
        if (!on) {                                                                                 \
            real = (type(*) parameters)inject_next(#name);                                         \
            on = inject_find(#name);                                                               \
        }                                                                                          \
        if (!inject_is_program(__builtin_return_address(0))) {                                     \
            return real arguments;                                                                 \
        }                                                                                          \
        if (inject_fails(on)) {                                                                    \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
        type result = real arguments;                                                              \
        after;                                                                                     \
        inject_done(on);                                                                           \
        return result;                                                                             \
    }

/* Nothing happens after it. */
#define INJECT_PLAIN(type, name, parameters, arguments, ...)                                       \
    INJECT(type, name, parameters, arguments, (void)0, __VA_ARGS__)

/* Gives memory or an object, or NULL. */
#define INJECT_POINTER(type, name, parameters, arguments)                                          \
    INJECT_PLAIN(type, name, parameters, arguments, errno = ENOMEM; return NULL)

#endif
