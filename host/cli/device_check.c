/* SPDX-License-Identifier: MIT */
#include "cli/device_check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/choice.h"
#include "base/clock.h"
#include "base/names.h"
#include "cli/cli.h"
#include "cli/json.h"

extern char **environ;

enum {
    REPORT = 3,              /* the child's end of the pipe; it says in lines of JSON … */
    MOST_BYTES = 16 << 20,   /* … this much at most: a compiler's log may be long */
    LAST_MILLISECONDS = 2000 /* for the driver's own end, once the verdict has come */
};

/* ---- the check itself, in either process ---- */

static void say_doing(FILE *report, const char *what) {
    if (report) {
        cli_json_line(report, json_pack("{s:s}", "doing", what));
    }
}

static cli_verdict check_here(const char *spec, cbx_family family, FILE *report) {
    cli_verdict found = {.family = CBX_FAMILY_AUTO};
    cbx_device *device = NULL;
    say_doing(report, "building the kernels");
    const double begun = cbx_clock_seconds();
    found.status = cbx_device_open(&device, spec, family);
    const double opened = cbx_clock_seconds();
    found.open_seconds = opened - begun;
    if (!found.status) {
        found.family = cbx_device_family(device);
        found.fuses = cbx_device_fuses(device);
        say_doing(report, "testing the kernels");
        found.status = cbx_device_self_test(device);
        found.test_seconds = cbx_clock_seconds() - opened;
    }
    if (found.status) {
        found.reason = strdup(cbx_last_error());
    }
    cbx_device_close(device);
    return found;
}

static cbx_family family_of(const char *name) {
    const int family = name ? cbx_choice_find(cbx_family_names, name) : -1;
    return family < 0 ? CBX_FAMILY_AUTO : (cbx_family)family;
}

int cli_check_as_child(int argc, char **argv) {
    FILE *report = argc == 4 ? fdopen(REPORT, "w") : NULL;
    if (!report) {
        return cli_fail(CLI_USAGE, "%s is not for people", CLI_CHECK_ARGUMENT);
    }
    fcntl(REPORT, F_SETFD, FD_CLOEXEC); /* not for the compilers that drivers start */
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    cli_verdict found = check_here(argv[2], family_of(argv[3]), report);
    const int said = cli_json_line(
        report, json_pack("{s:i, s:s, s:b, s:f, s:f, s:o}", "status", (int)found.status, "family",
                          cbx_family_name(found.family), "fuses", found.fuses, "open_seconds",
                          found.open_seconds, "test_seconds", found.test_seconds, "reason",
                          cbx_json_string(found.reason)));
    free(found.reason);
    /* The pipe stays open until the driver's own end is over: it shows when that is. */
    return said ? CLI_DONE : CLI_CANNOT_WRITE;
}

/* ---- the process that started it ---- */

typedef struct child {
    pid_t process;
    int report; /* the pipe's other end */
    char *text; /* what came so far */
    size_t size, read, taken;
    char doing[64];
} child;

/* The program's own file; by its link where that has no name any more. */
static const char *own_program(char *path, size_t size) {
    struct stat about;
    const ssize_t length = readlink("/proc/self/exe", path, size - 1);
    path[length > 0 ? length : 0] = '\0';
    return length > 0 && stat(path, &about) == 0 ? path : "/proc/self/exe";
}

/* Both ends above the numbers that the child gets, and closed in it. */
static int open_pipe(int ends[2]) {
    int low[2];
    ends[0] = ends[1] = -1;
    if (pipe(low) != 0) {
        return 0;
    }
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, REPORT + 1);
        close(low[i]);
    }
    if (ends[0] >= 0 && ends[1] >= 0) {
        return 1;
    }
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* 0 where no process can be started. What a driver prints goes to standard error. */
static int start_child(child *this, const char *spec, cbx_family family) {
    const char *const arguments[] = {
        "clearbox", "devices", CLI_CHECK_ARGUMENT, spec, cbx_family_name(family), NULL};
    char program[4096];
    posix_spawn_file_actions_t actions;
    int ends[2];
    if (!open_pipe(ends)) {
        return 0;
    }
    int failed = posix_spawn_file_actions_init(&actions);
    if (!failed) {
        failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) ||
                 posix_spawn_file_actions_adddup2(&actions, 2, 1) ||
                 posix_spawn_file_actions_adddup2(&actions, ends[1], REPORT) ||
                 posix_spawn(&this->process, own_program(program, sizeof program), &actions, NULL,
                             (char *const *)arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return 0;
    }
    this->report = ends[0];
    return 1;
}

/* Reads what there is, waiting until `deadline`; 0 at the end of it or of the time. */
static int read_more(child *this, double deadline) {
    struct pollfd wait = {.fd = this->report, .events = POLLIN};
    const double left = deadline - cbx_clock_seconds();
    if (this->size - this->read < 4096) {
        const size_t size = 2 * this->size + 8192;
        char *text = size > MOST_BYTES ? NULL : realloc(this->text, size);
        if (!text) {
            return 0;
        }
        this->text = text;
        this->size = size;
    }
    ssize_t n = left > 0 ? poll(&wait, 1, (int)(left * 1000) + 1) : 0;
    if (n > 0) {
        n = read(this->report, this->text + this->read, this->size - this->read - 1);
    }
    if (n < 0) {
        return errno == EINTR;
    }
    this->read += (size_t)n;
    this->text[this->read] = '\0';
    return n > 0;
}

/* Takes the whole lines that came, as far as the verdict; 1 when it was there. */
static int take_lines(child *this, cli_verdict *found) {
    const char *begin = this->text + this->taken, *end = strchr(begin, '\n'), *doing, *family;
    json_t *reason;
    int status, done = 0;
    for (; end && !done; end = strchr(begin, '\n')) {
        json_t *line = json_loadb(begin, (size_t)(end - begin), 0, NULL);
        if (json_unpack(line, "{s:s}", "doing", &doing) == 0) {
            snprintf(this->doing, sizeof this->doing, "%s", doing);
        } else if (json_unpack(line, "{s:i, s:s, s:b, s:F, s:F, s:o}", "status", &status, "family",
                               &family, "fuses", &found->fuses, "open_seconds",
                               &found->open_seconds, "test_seconds", &found->test_seconds, "reason",
                               &reason) == 0) {
            found->status = (cbx_status)status;
            found->family = family_of(family);
            found->reason = json_is_string(reason) ? strdup(json_string_value(reason)) : NULL;
            done = 1;
        }
        json_decref(line);
        begin = end + 1;
    }
    this->taken = (size_t)(begin - this->text);
    return done;
}

static char *describe_end(const child *this, int late, unsigned timeout_seconds, int status) {
    char sentence[256];
    if (late) {
        snprintf(sentence, sizeof sentence, "no answer after %u s while %s", timeout_seconds,
                 this->doing);
    } else if (WIFSIGNALED(status)) {
        snprintf(sentence, sizeof sentence, "the driver ended the process (signal %d, %s) while %s",
                 WTERMSIG(status), strsignal(WTERMSIG(status)), this->doing);
    } else {
        snprintf(sentence, sizeof sentence, "the driver ended the process (exit code %d) while %s",
                 WEXITSTATUS(status), this->doing);
    }
    return strdup(sentence);
}

cli_verdict cli_check_device(const char *spec, cbx_family family, unsigned timeout_seconds) {
    cli_verdict found = {.status = CBX_DEVICE_FAULT, .family = family};
    child this = {.doing = "starting"};
    int status = 0, done = 0;
    if (!start_child(&this, spec, family)) {
        return check_here(spec, family, NULL);
    }
    double deadline = cbx_clock_seconds() + timeout_seconds;
    while (read_more(&this, deadline)) {
        if (done) {
            this.read = 0; /* the end is all that is waited for */
        } else if (take_lines(&this, &found)) {
            done = 1;
            deadline = cbx_clock_seconds() + 1e-3 * LAST_MILLISECONDS;
        }
    }
    const int late = cbx_clock_seconds() >= deadline;
    if (late) {
        kill(this.process, SIGKILL);
    }
    close(this.report);
    while (waitpid(this.process, &status, 0) < 0 && errno == EINTR) {
    }
    found.family = found.family == CBX_FAMILY_AUTO ? family : found.family;
    if (!done) {
        found.reason = describe_end(&this, late, timeout_seconds, status);
    }
    free(this.text);
    return found;
}
