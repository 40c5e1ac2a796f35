/* clearbox [COMMAND] [OPTIONS]: finds the command and runs it. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/suggest.h"
#include "cli/terminal.h"

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} command;

/* In the order in which --help lists them. */
static const command commands[] = {
    {"learn", cli_learn, "train on MNIST and film the hidden layer"},
    {"devices", cli_devices, "list and check the OpenCL devices"},
    {"bench", cli_bench, "measure how fast devices train, draw and film"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

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

static void print_help(FILE *out) {
    fputs("clearbox trains a neural network on any OpenCL device and films its hidden\n"
          "layer as it learns.\n"
          "\n"
          "Usage: clearbox COMMAND [FLAGS]\n"
          "\n"
          "Commands:\n",
          out);
    for (int i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    }
    fputs("  help       explain a command: clearbox help learn\n"
          "\n"
          "Flags:\n"
          "  --version  print the version\n"
          "  --help     print this text\n"
          "\n"
          "'clearbox learn' alone makes learn.mp4 in the current folder.\n"
          "'clearbox COMMAND --help' lists the flags of a command; the manual page has\n"
          "more: man clearbox\n",
          out);
}

static const command *find_command(const char *name) {
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int fail_unknown(const char *name) {
    const char *names[COMMANDS + 2] = {0};
    char shown[80];
    for (int i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    names[COMMANDS] = "help";
    const char *nearest = cli_nearest(name, names);
    const char *what = name[0] == '-' ? "flag" : "command";
    cli_printable(shown, sizeof shown, name);
    if (nearest) {
        return cli_fail(CLI_USAGE, "unknown %s '%s'; did you mean '%s'?", what, shown, nearest);
    }
    return cli_fail(CLI_USAGE, "unknown %s '%s'; 'clearbox --help' lists the commands", what,
                    shown);
}

/* clearbox help [COMMAND] */
static int help(int argc, char **argv) {
    if (argc < 2) {
        print_help(stdout);
        return cli_flush(CLI_DONE);
    }
    if (argc > 2) {
        return cli_fail(CLI_USAGE, "help explains one command at a time");
    }
    const command *found = find_command(argv[1]);
    if (!found) {
        return fail_unknown(argv[1]);
    }
    char name[] = "--help";
    char *arguments[] = {argv[1], name, NULL};
    return found->run(2, arguments);
}

int main(int argc, char **argv) {
    /* A reader that went away, or a file size limit, is an error of write(2) here,
     * so that the film is closed and the reason is told. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);

    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return cli_flush(CLI_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("clearbox %s\n", CBX_VERSION);
        return cli_flush(CLI_DONE);
    }
    if (strcmp(argv[1], "help") == 0) {
        return help(argc - 1, argv + 1);
    }
    const command *found = find_command(argv[1]);
    return found ? found->run(argc - 1, argv + 1) : fail_unknown(argv[1]);
}
