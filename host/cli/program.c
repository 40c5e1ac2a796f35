/* SPDX-License-Identifier: MIT */
/* clearbox [COMMAND] [OPTIONS]: finds the command and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/version.h"
#include "film/library.h"

static int is_one_of(const char *word, const char *a, const char *b, const char *c) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || (c && strcmp(word, c) == 0);
}

/* A descriptor 0, 1 or 2 that is closed would be given to the next file that is opened,
 * which would then get all that is printed. The other direction makes printing fail. */
static void open_standard_descriptors(void) {
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int i = 0; i < 3; i++) {
        if (fcntl(i, F_GETFD) < 0 && errno == EBADF && open("/dev/null", modes[i]) != i) {
            abort(); /* nothing can be said, and nothing must be written */
        }
    }
}

/* A line is written whole: other processes may write to the same place. */
static void buffer_lines(void) {
    static char line[BUFSIZ];
    (void)setvbuf(stderr, line, _IOLBF, sizeof line);
}

void cli_begin(void) {
    open_standard_descriptors();
    buffer_lines();
    /* A reader that went away, or a file size limit, is an error of write(2) here,
     * so that the film is closed and the reason is told. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    /* Whoever started this may ignore it: then nobody is told how a child came to its end. */
    signal(SIGCHLD, SIG_DFL);
    cbx_film_silence_libav();
}

int cli_run(int argc, char **argv) {
    if (argc < 2) {
        cli_print_help(stderr);
        return CLI_USAGE;
    }
    if (is_one_of(argv[1], "--help", "-h", NULL)) {
        cli_print_help(stdout);
        return cli_flush(CLI_DONE);
    }
    if (is_one_of(argv[1], "--version", "-V", "-v")) {
        return cli_version();
    }
    const cli_command *found = cli_find_command(argv[1]);
    return found ? found->run(argc - 1, argv + 1) : cli_fail_command(argv[1]);
}
