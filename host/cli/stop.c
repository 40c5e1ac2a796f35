#define _XOPEN_SOURCE 700 /* realpath() */

#include "cli/stop.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

enum { MOST_OUTPUTS = 4 };

/* A handler can reach nothing but what has static storage. */
static volatile sig_atomic_t requests;
static char unfinished[MOST_OUTPUTS][PATH_MAX + 64];
static volatile sig_atomic_t outputs;

static void handle(int number) {
    (void)number;
    requests = requests + 1;
    if (requests > 1) {
        for (int i = 0; i < outputs; i++) {
            unlink(unfinished[i]);
        }
        _exit(CLI_INTERRUPTED);
    }
}

void cli_stop_listen(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {0}, old;
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaddset(&action.sa_mask, signals[i]);
    }
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        /* nohup, and shells that start a program in the background, ignore some. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaction(signals[i], &action, NULL);
        }
    }
}

int cli_stop_requested(void) {
    return requests > 0;
}

void cli_stop_forget(const char *path) {
    struct stat target;
    if (!path || outputs == MOST_OUTPUTS) {
        return;
    }
    char *resolved = NULL;
    if (stat(path, &target) == 0) {
        if (!S_ISREG(target.st_mode)) {
            return;
        }
        resolved = realpath(path, NULL);
    }
    const char *whole = resolved ? resolved : path;
    const char *slash = strrchr(whole, '/');
    const char *name = slash ? slash + 1 : whole;
    /* The name that base/files.c gives to what is being written. */
    int length = snprintf(unfinished[outputs], sizeof unfinished[0], "%.*s.%.200s.part-%ld",
                          (int)(name - whole), whole, name, (long)getpid());
    if (length > 0 && (size_t)length < sizeof unfinished[0]) {
        outputs = outputs + 1;
    }
    free(resolved);
}
