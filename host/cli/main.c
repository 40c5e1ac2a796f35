/* clearbox [COMMAND] [OPTIONS]: finds the command and runs it. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/help.h"

/* In the order in which --help lists them. */
static const cli_command commands[] = {
    {"learn", cli_learn, "train on MNIST and film the hidden layer"},
    {"devices", cli_devices, "list and check the OpenCL devices"},
    {"bench", cli_bench, "measure how fast devices train, draw and film"},
    {0},
};

/* The one place that knows which status ends the program how. */
static const struct {
    cbx_status status;
    cli_exit code;
} exit_codes[] = {
    {CBX_OK, CLI_DONE},
    {CBX_BAD_ARGUMENT, CLI_USAGE},
    {CBX_NO_MEMORY, CLI_SOFTWARE},
    {CBX_BAD_DATA, CLI_BAD_DATA},
    {CBX_MISSING_INPUT, CLI_MISSING_INPUT},
    {CBX_NO_DEVICE, CLI_UNAVAILABLE},
    {CBX_NO_ENCODER, CLI_UNAVAILABLE},
    {CBX_BAD_KERNEL, CLI_SOFTWARE},
    {CBX_DEVICE_FAULT, CLI_SOFTWARE},
    {CBX_CANNOT_CREATE, CLI_CANNOT_CREATE},
    {CBX_CANNOT_WRITE, CLI_CANNOT_WRITE},
    {CBX_INTERRUPTED, CLI_INTERRUPTED},
    {CBX_DIVERGED, CLI_BAD_DATA},
    {CBX_TOO_LARGE, CLI_UNAVAILABLE},
};

int cli_exit_code(cbx_status status) {
    for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++) {
        if (exit_codes[i].status == status) {
            return (int)exit_codes[i].code;
        }
    }
    return CLI_SOFTWARE;
}

int cli_fail(int code, const char *format, ...) {
    va_list arguments;
    fputs("clearbox: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return code;
}

int cli_fail_status(cbx_status status) {
    const char *sentence = cbx_last_error();
    return cli_fail(cli_exit_code(status), "%s", sentence[0] ? sentence : cbx_status_text(status));
}

int cli_flush(int code) {
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int error = errno ? errno : EIO;
        return cli_fail(CLI_CANNOT_WRITE, "cannot write to standard output: %s", strerror(error));
    }
    return code;
}

static int is_one_of(const char *word, const char *a, const char *b, const char *c) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || (c && strcmp(word, c) == 0);
}

int main(int argc, char **argv) {
    /* A reader that went away, or a file size limit, is an error of write(2) here,
     * so that the film is closed and the reason is told. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);

    if (argc < 2) {
        cli_print_help(commands, stderr);
        return CLI_USAGE;
    }
    if (is_one_of(argv[1], "--help", "-h", NULL)) {
        cli_print_help(commands, stdout);
        return cli_flush(CLI_DONE);
    }
    if (is_one_of(argv[1], "--version", "-V", "-v")) {
        return cli_version();
    }
    if (strcmp(argv[1], "help") == 0) {
        return cli_help(commands, argc - 1, argv + 1);
    }
    const cli_command *found = cli_find_command(commands, argv[1]);
    return found ? found->run(argc - 1, argv + 1) : cli_fail_command(commands, argv[1]);
}
