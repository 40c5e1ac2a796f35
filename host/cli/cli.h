/* SPDX-License-Identifier: MIT */
/* What the commands of the program share: how they end and how they complain.
 *
 * Only host/cli prints or exits. What a program may want to read goes to
 * standard output, everything for people to standard error.
 */
#ifndef CBX_CLI_CLI_H
#define CBX_CLI_CLI_H

#include <stddef.h>

#include "base/error.h"
#include "clearbox/status.h"
#include "cli/syntax.h"

/* Exit codes, after BSD's sysexits.h. */
typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_USAGE = 64,         /* a flag or its value makes no sense           */
    CLI_BAD_DATA = 65,      /* an input is damaged, or training diverged    */
    CLI_MISSING_INPUT = 66, /* an input file or folder cannot be opened     */
    CLI_UNAVAILABLE = 69,   /* no device, no encoder, a device is too small */
    CLI_SOFTWARE = 70,      /* a kernel does not build or computes wrongly  */
    CLI_CANNOT_CREATE = 73, /* an output cannot be created                  */
    CLI_CANNOT_WRITE = 74,  /* an output cannot be written, the disk is full */
    CLI_STOPPED = 75,       /* ended at once by a second Ctrl-C            */
    CLI_INTERRUPTED = 130   /* stopped by a signal, outputs are valid       */
} cli_exit;

/* The exit code of a library status. */
int cli_exit_code(cbx_status status);

/* Prints "clearbox: SENTENCE" to standard error and returns `code`. */
int cli_fail(int code, const char *format, ...) CBX_PRINTF(2, 3);

/* The same with cbx_last_error() as the sentence; returns cli_exit_code(status). */
int cli_fail_status(cbx_status status);

/* The same with another sentence and without the line's end: more is to follow. */
int cli_begin_failure(cbx_status status, const char *sentence);

/* Flushes standard output; `code`, or CLI_CANNOT_WRITE with a message when what
 * was printed did not arrive. */
int cli_flush(int code);

/* What standard output is called in that message from now on. */
void cli_name_output(const char *name);

/* What a program does first; and the command line of a program, whose exit code it returns. */
void cli_begin(void);
int cli_run(int argc, char **argv);

/* argv[0] is the command's name. They return the exit code. */
int cli_learn(int argc, char **argv);
int cli_devices(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_predict(int argc, char **argv);
int cli_look(int argc, char **argv);
int cli_recover(int argc, char **argv);

extern const cli_syntax cli_learn_syntax;
extern const cli_syntax cli_look_syntax;
extern const cli_syntax cli_recover_syntax;
extern const cli_syntax cli_predict_syntax;
extern const cli_syntax cli_devices_syntax;
extern const cli_syntax cli_bench_syntax;
extern const cli_syntax cli_verify_syntax;

/* What the environment says; NULL: nothing, or "". */
const char *cli_environment(const char *name);

/* Writes the folder of the default dataset to `path`: CLEARBOX_DATA, else the
 * first that exists of the build tree's and the installed one beside the
 * program, the one that was configured to be installed, and the source tree's.
 * CLI_PARSED, or the exit code when there is none. */
int cli_default_data(char *path, size_t size);

#endif
