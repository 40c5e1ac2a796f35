/* SPDX-License-Identifier: MIT */
/* Failures: one line on standard error, and the code that the program ends with. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/terminal.h"

/* The one place that knows which status ends the program how, and what the flags are called
 * that the library's sentence speaks of. */
static const struct ending {
    cli_exit code;
    const char *flags; /* NULL: the sentence names none */
} endings[] = {
    [CBX_OK] = {CLI_DONE, NULL},
    [-CBX_BAD_ARGUMENT] = {CLI_USAGE, NULL},
    [-CBX_NO_MEMORY] = {CLI_SOFTWARE, NULL},
    [-CBX_BAD_DATA] = {CLI_BAD_DATA, NULL},
    [-CBX_MISSING_INPUT] = {CLI_MISSING_INPUT, NULL},
    [-CBX_NO_DEVICE] = {CLI_UNAVAILABLE, NULL},
    [-CBX_NO_ENCODER] = {CLI_UNAVAILABLE, NULL},
    [-CBX_BAD_KERNEL] = {CLI_SOFTWARE, NULL},
    [-CBX_DEVICE_FAULT] = {CLI_SOFTWARE, NULL},
    [-CBX_CANNOT_CREATE] = {CLI_CANNOT_CREATE, NULL},
    [-CBX_CANNOT_WRITE] = {CLI_CANNOT_WRITE, NULL},
    [-CBX_INTERRUPTED] = {CLI_INTERRUPTED, NULL},
    [-CBX_DIVERGED] = {CLI_BAD_DATA, "--learning-rate"},
    [-CBX_TOO_LARGE] = {CLI_UNAVAILABLE, NULL},
};

static struct ending find_ending(cbx_status status) {
    const size_t place = (size_t)-status;
    return place < sizeof endings / sizeof endings[0] ? endings[place]
                                                      : (struct ending){CLI_SOFTWARE, NULL};
}

int cli_exit_code(cbx_status status) {
    return (int)find_ending(status).code;
}

int cli_fail(int code, const char *format, ...) {
    char short_text[1024], *text = short_text;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(short_text, sizeof short_text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof short_text && (text = malloc((size_t)length + 1)) != NULL) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    fputs("clearbox: ", stderr);
    cli_print_printable(stderr, text ? text : short_text, 0);
    fputc('\n', stderr);
    if (text != short_text) {
        free(text);
    }
    return code;
}

int cli_begin_failure(cbx_status status, const char *sentence) {
    fputs("clearbox: ", stderr);
    /* A compiler's log has lines; nothing else that is not ours may. */
    cli_print_printable(stderr, sentence[0] ? sentence : cbx_status_text(status),
                        status == CBX_BAD_KERNEL);
    if (find_ending(status).flags) {
        fprintf(stderr, " (%s)", find_ending(status).flags);
    }
    return cli_exit_code(status);
}

int cli_fail_status(cbx_status status) {
    const int code = cli_begin_failure(status, cbx_last_error());
    fputc('\n', stderr);
    return code;
}

static const char *output_name = "standard output";

void cli_name_output(const char *name) {
    output_name = name;
}

int cli_flush(int code) {
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int error = errno ? errno : EIO;
        return cli_fail(CLI_CANNOT_WRITE, "cannot write to %s: %s", output_name, strerror(error));
    }
    return code;
}
