/* SPDX-License-Identifier: MIT */
/* When an OpenCL driver ends the program. Drivers hold whole compilers, which abort() on
 * a full disk or a broken file of their cache, or call exit(). */
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/temporary.h"
#include "cli/cli.h"
#include "cli/stop.h"

static atomic_int guarded;
static char advice[PATH_MAX + 256]; /* made beforehand: a handler can format nothing */

/* PoCL's cache, which a power cut or a full disk may have left broken. */
void cli_driver_advice(char *text, size_t size) {
    const char *named = cli_environment("POCL_CACHE_DIR");
    const char *cache = cli_environment("XDG_CACHE_HOME"), *home = cli_environment("HOME");
    char pocl[PATH_MAX] = "";
    if (named) {
        snprintf(pocl, sizeof pocl, "%s", named);
    } else if (cache) {
        snprintf(pocl, sizeof pocl, "%s/pocl", cache);
    } else if (home) {
        snprintf(pocl, sizeof pocl, "%s/.cache/pocl", home);
    }
    const int found = pocl[0] && access(pocl, F_OK) == 0;
    snprintf(text, size,
             "see that there is memory, and room on the disk of its cache, delete the cache%s%s, "
             "and try again",
             found ? " " : "", found ? pocl : "");
}

static void make_advice(void) {
    char text[PATH_MAX + 128];
    cli_driver_advice(text, sizeof text);
    snprintf(advice, sizeof advice, "clearbox: the OpenCL driver ended the program; %s\n", text);
}

static void say_advice(void) {
    (void)!write(STDERR_FILENO, advice, strlen(advice));
}

static void clean_up(void) {
    if (guarded) {
        guarded = 0;
        cbx_temporary_remove_all_in_handler();
        say_advice();
    }
}

/* The signal ends the program after all, with a core file where they are wanted. */
static void on_crash(int number) {
    clean_up();
    signal(number, SIG_DFL);
    raise(number);
}

/* Stands before the C library's for every library of this process. A handler alone is
 * not enough: LLVM, inside many drivers, replaces it, and abort() of the C library does
 * not call the one that LLVM puts back. */
void abort(void) {
    sigset_t aborts;
    clean_up();
    sigemptyset(&aborts);
    sigaddset(&aborts, SIGABRT);
    pthread_sigmask(SIG_UNBLOCK, &aborts, NULL);
    raise(SIGABRT); /* whoever has a handler */
    signal(SIGABRT, SIG_DFL);
    raise(SIGABRT);
    _exit(CLI_SOFTWARE);
}

#ifdef __GLIBC__
_Noreturn void __assert_fail(const char *assertion, const char *file, unsigned line,
                             const char *function);

/* What assert() calls in a library; the C library's own goes on to an abort() of its own. */
void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function) {
    fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line, function ? function : "?",
            assertion);
    abort();
}
#endif

/* The program's own exits come after cli_guard_end(). */
static void on_exit_in_driver(void) {
    if (guarded) {
        cbx_temporary_remove_all_in_handler();
        say_advice();
        _exit(CLI_SOFTWARE);
    }
}

void cli_guard_begin(void) {
    static const int crashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
    static int registered;
    struct sigaction action = {0};
    make_advice();
    if (!registered) {
        registered = atexit(on_exit_in_driver) == 0;
    }
    action.sa_handler = on_crash;
    action.sa_flags = (int)SA_RESETHAND | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        struct sigaction old;
        /* A sanitizer's own handlers tell more. */
        if (sigaction(crashes[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            sigaction(crashes[i], &action, NULL);
        }
    }
    guarded = 1;
}

void cli_guard_end(void) {
    guarded = 0;
}
