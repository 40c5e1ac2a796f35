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

const int cli_stop_signals[CLI_STOP_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

/* Signals that follow the first so soon are the same request. */
static const double SAME_SECONDS = 1.0;

static atomic_int requested;
static sigset_t signals;   /* that are waited for */
static const char *notice; /* of the first */

static void say(const char *text) {
    (void)!write(STDERR_FILENO, text, strlen(text));
}

static void stop_at_once(void) {
    cbx_temporary_remove_all();
    say("clearbox: stopped at once; what was not finished is gone, old files are as they were\n");
    _exit(CLI_STOPPED);
}

static void *listen(void *unused) {
    (void)unused;
    double first = 0.0;
    int number;
    for (;;) {
        if (sigwait(&signals, &number) != 0) {
            continue;
        }
        if (!requested) {
            first = cbx_clock_seconds();
            requested = 1;
            say(notice);
        } else if (number == SIGINT && cbx_clock_seconds() - first >= SAME_SECONDS) {
            stop_at_once();
        }
    }
    return NULL;
}

void cli_stop_listen(const char *first_notice) {
    struct sigaction old;
    pthread_t thread;
    notice = first_notice;
    sigemptyset(&signals);
    for (int i = 0; i < CLI_STOP_SIGNALS; i++) {
        /* nohup, and shells that start a program in the background, ignore some. */
        if (sigaction(cli_stop_signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaddset(&signals, cli_stop_signals[i]);
        }
    }
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&thread, NULL, listen, NULL) != 0) {
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL); /* then they end the program */
        return;
    }
    pthread_detach(thread);
}

int cli_stop_requested(void) {
    return requested;
}

int cli_should_stop(void *unused) {
    (void)unused;
    return requested;
}
