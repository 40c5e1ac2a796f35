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
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "avc/check.h"
#include "base/clock.h"
#include "base/names.h"
#include "check/check_drawing.h"
#include "cli/cli.h"
#include "cli/device_told.h"
#include "cli/json.h"
#include "cli/stop.h"
#include "learn/start.h"

extern char **environ;

/* Between two questions whether to stop. */
#define PAUSE_SECONDS 0.1

enum {
    REPORT = 3,                /* the child's end of the pipe; it says in lines of JSON … */
    MOST_BYTES = 16 << 20,     /* … this much at most: a compiler's log may be long */
    LAST_MILLISECONDS = 2000,  /* for the driver's own end, once the verdict has come … */
    KILLED_MILLISECONDS = 5000 /* … and for that which SIGKILL brings */
};

/* ---- the check itself, in either process ---- */

static void say_doing(FILE *report, const char *what) {
    if (report) {
        cli_json_line(report, json_pack("{s:s}", "doing", what));
    }
}

static int never(void *unused) {
    (void)unused;
    return 0;
}

/* The encoder made of kernels may fail: then another one encodes. */
static cbx_status start_run(cbx_device **device, const cli_check *check, FILE *report) {
    cbx_status status = cbx_start_device(device, check->spec, check->run, never, NULL);
    if (!status && check->encodes) {
        say_doing(report, "checking the encoder's kernels");
        (void)cbx_avc_check(*device);
    }
    if (!status && check->draws) {
        say_doing(report, "checking the kernels that draw");
        status = cbx_check_drawing(*device);
    }
    return status;
}

static cbx_status open_and_test(cbx_device **device, const cli_check *check, FILE *report,
                                cli_verdict *found) {
    const double begun = cbx_clock_seconds();
    cbx_status status = cbx_device_open(device, check->spec, check->family);
    const double opened = cbx_clock_seconds();
    found->open_seconds = opened - begun;
    if (!status) {
        found->family = cbx_device_family(*device);
        found->fuses = cbx_device_fuses(*device);
        say_doing(report, "testing the kernels");
        status = cbx_device_self_test(*device);
        found->test_seconds = cbx_clock_seconds() - opened;
    }
    return status;
}

static cli_verdict check_here(const cli_check *check, FILE *report) {
    cli_verdict found = {.family = CBX_FAMILY_AUTO};
    cbx_device *device = NULL;
    say_doing(report, check->run ? "building and testing the kernels" : "building the kernels");
    found.status = check->run ? start_run(&device, check, report)
                              : open_and_test(&device, check, report, &found);
    if (found.status) {
        found.reason = strdup(cbx_last_error());
    }
    cbx_device_close(device);
    return found;
}

/* ---- the process that was started ---- */

int cli_check_as_child(int argc, char **argv) {
    FILE *report = argc == 4 || argc == CLI_TOLD_ARGUMENTS ? fdopen(REPORT, "w") : NULL;
    cbx_learn_settings run;
    if (!report) {
        return cli_fail(CLI_USAGE, "%s is not for people", CLI_CHECK_ARGUMENT);
    }
    fcntl(REPORT, F_SETFD, FD_CLOEXEC); /* not for the compilers that drivers start */
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    const cli_check check = cli_hear(argc - 2, argv + 2, &run);
    cli_verdict found = check_here(&check, report);
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

/* What is held back from it, whatever this thread holds back: requests to stop, where this process hears
 * them and ends it. A terminal's come to both, and of them it would seem to crash. 0 or an errno. */
static int choose_signals(posix_spawnattr_t *how, const cli_check *check) {
    sigset_t held;
    sigemptyset(&held);
    for (int i = 0; i < CLI_STOP_SIGNALS && check->should_stop; i++) {
        sigaddset(&held, cli_stop_signals[i]);
    }
    const int failed = posix_spawnattr_setsigmask(how, &held);
    return failed ? failed : posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGMASK);
}

/* 0 or an errno. */
static int spawn_with(child *this, const cli_told *arguments, int report, posix_spawnattr_t *how,
                      posix_spawn_file_actions_t *actions) {
    char program[4096];
    int failed = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    failed = failed ? failed : posix_spawn_file_actions_adddup2(actions, 2, 1);
    failed = failed ? failed : posix_spawn_file_actions_adddup2(actions, report, REPORT);
    return failed ? failed
                  : posix_spawn(&this->process, own_program(program, sizeof program), actions, how,
                                (char *const *)arguments->argv, environ);
}

static int spawn(child *this, const cli_check *check, int report) {
    cli_told arguments;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t how;
    int failed = posix_spawnattr_init(&how);
    if (failed) {
        return failed;
    }
    failed = choose_signals(&how, check);
    failed = failed ? failed : posix_spawn_file_actions_init(&actions);
    if (!failed) {
        cli_tell(&arguments, check);
        failed = spawn_with(this, &arguments, report, &how, &actions);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&how);
    return failed;
}

/* 0 where no process can be started. What a driver prints goes to standard error. */
static int start_child(child *this, const cli_check *check) {
    int ends[2];
    if (!open_pipe(ends)) {
        return 0;
    }
    const int failed = spawn(this, check, ends[1]);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return 0;
    }
    this->report = ends[0];
    return 1;
}

/* How a process came to its end: by itself, or it was ended, since its time was up, or since it went
 * on without its end of the pipe. */
typedef enum ending { BY_ITSELF, LATE, SILENT } ending;

enum { NOTHING, SOME, ENDED };

/* Reads what there is, waiting until `deadline`; what is more than fits ends it. */
static int read_more(child *this, double deadline) {
    struct pollfd wait = {.fd = this->report, .events = POLLIN};
    const double left = deadline - cbx_clock_seconds();
    if (this->size - this->read < 4096) {
        const size_t size = 2 * this->size + 8192;
        char *text = size > MOST_BYTES ? NULL : realloc(this->text, size);
        if (!text) {
            return ENDED;
        }
        this->text = text;
        this->size = size;
    }
    const int ready = left > 0 ? poll(&wait, 1, (int)(left * 1000) + 1) : 0;
    if (ready <= 0) {
        return ready == 0 || errno == EINTR ? NOTHING : ENDED;
    }
    const ssize_t n = read(this->report, this->text + this->read, this->size - this->read - 1);
    if (n < 0) {
        return errno == EINTR ? NOTHING : ENDED;
    }
    this->read += (size_t)n;
    this->text[this->read] = '\0';
    return n > 0 ? SOME : ENDED;
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
            found->family = (cbx_family)cli_told_value(cbx_family_names, family);
            found->reason = json_is_string(reason) ? strdup(json_string_value(reason)) : NULL;
            done = 1;
        }
        json_decref(line);
        begin = end + 1;
    }
    this->taken = (size_t)(begin - this->text);
    return done;
}

static char *describe_end(const child *this, ending how, unsigned timeout_seconds, int status) {
    char sentence[256];
    if (how == SILENT) {
        snprintf(sentence, sizeof sentence, "the driver closed what it answers by while %s",
                 this->doing);
    } else if (how == LATE) {
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

/* Until the verdict is there and the driver has ended, too; 0: the time is up, or it was stopped. */
static int follow(child *this, const cli_check *check, cli_verdict *found, int *done) {
    const double begun = cbx_clock_seconds();
    double deadline = begun + check->timeout_seconds;
    for (;;) {
        const double soon = cbx_clock_seconds() + PAUSE_SECONDS;
        const int more = read_more(this, soon < deadline ? soon : deadline);
        if (more == ENDED) {
            return 1;
        }
        if (more == NOTHING) {
            if (cbx_clock_seconds() >= deadline ||
                (check->should_stop && check->should_stop(NULL))) {
                return 0;
            }
        } else if (*done) {
            this->read = 0; /* the end is all that is waited for */
        } else if (take_lines(this, found)) {
            *done = 1;
            deadline = cbx_clock_seconds() + 1e-3 * LAST_MILLISECONDS;
        }
    }
}

/* Whether it came to its end, or does so in that time. */
static int is_over(const child *this, int milliseconds, int *status) {
    const double deadline = cbx_clock_seconds() + 1e-3 * milliseconds;
    pid_t over = waitpid(this->process, status, WNOHANG);
    while (over == 0 && cbx_clock_seconds() < deadline) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        over = waitpid(this->process, status, WNOHANG);
    }
    return over != 0;
}

/* A driver may close what it did not open, and go on; and one that is in a call of the kernel's which
 * does not return cannot even be ended: it is left. */
static ending reap(const child *this, int ended, int *status) {
    if (ended && is_over(this, LAST_MILLISECONDS, status)) {
        return BY_ITSELF;
    }
    kill(this->process, SIGKILL);
    (void)is_over(this, KILLED_MILLISECONDS, status);
    return ended ? SILENT : LATE;
}

cli_verdict cli_check_device(const cli_check *check) {
    cli_verdict found = {.status = CBX_DEVICE_FAULT, .family = check->family};
    child this = {.doing = "starting"};
    int status = 0, done = 0;
    if (!start_child(&this, check)) {
        return check->run ? (cli_verdict){.family = check->family, .end = CLI_CHECK_NOT_MADE}
                          : check_here(check, NULL);
    }
    const int ended = follow(&this, check, &found, &done);
    close(this.report);
    const ending how = reap(&this, ended, &status);
    found.family = found.family == CBX_FAMILY_AUTO ? check->family : found.family;
    found.end = done ? CLI_CHECK_ANSWERED : how == BY_ITSELF ? CLI_CHECK_CRASHED : CLI_CHECK_LATE;
    if (!done && how == LATE && check->should_stop && check->should_stop(NULL)) {
        found.status = CBX_INTERRUPTED;
    } else if (!done) {
        found.reason = describe_end(&this, how, check->timeout_seconds, status);
    }
    free(this.text);
    return found;
}
