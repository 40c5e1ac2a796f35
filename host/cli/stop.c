/* SPDX-License-Identifier: MIT */
#include "cli/stop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/temporary.h"
#include "cli/cli.h"

/* Signals that follow the first so soon are the same request. */
static const double SAME_SECONDS = 1.0;

static atomic_int requested;

static void say(const char *text) {
    (void)!write(STDERR_FILENO, text, strlen(text));
}

static void stop_at_once(void) {
    cbx_temporary_remove_all();
    say("clearbox: stopped at once; what was not finished is gone, old files are as they were\n");
    _exit(CLI_STOPPED);
}

typedef struct listener {
    sigset_t signals;
    const char *notice;
} listener;

static void *listen(void *argument) {
    const listener *on = argument;
    double first = 0.0;
    int number;
    for (;;) {
        if (sigwait(&on->signals, &number) != 0) {
            continue;
        }
        if (!requested) {
            first = cbx_clock_seconds();
            requested = 1;
            say(on->notice);
        } else if (number == SIGINT && cbx_clock_seconds() - first >= SAME_SECONDS) {
            stop_at_once();
        }
    }
    return NULL;
}

void cli_stop_listen(const char *notice) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    static listener on;
    struct sigaction old;
    pthread_t thread;
    on.notice = notice;
    sigemptyset(&on.signals);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        /* nohup, and shells that start a program in the background, ignore some. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaddset(&on.signals, signals[i]);
        }
    }
    pthread_sigmask(SIG_BLOCK, &on.signals, NULL);
    if (pthread_create(&thread, NULL, listen, &on) != 0) {
        pthread_sigmask(SIG_UNBLOCK, &on.signals, NULL); /* then they end the program */
        return;
    }
    pthread_detach(thread);
}

int cli_stop_requested(void) {
    return requested;
}
