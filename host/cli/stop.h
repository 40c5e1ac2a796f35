/* SPDX-License-Identifier: MIT */
/* How a run ends before its time: by a signal, or by its OpenCL driver.
 *
 * SIGINT, SIGTERM and SIGHUP are blocked in every thread, those of the driver and its
 * child processes included (a compiler or linker that dies of Ctrl-C takes the program
 * with it), and one thread waits for them. So nothing is interrupted in the middle.
 */
#ifndef CBX_CLI_STOP_H
#define CBX_CLI_STOP_H

#include <stddef.h>

/* Those three. */
enum { CLI_STOP_SIGNALS = 3 };
extern const int cli_stop_signals[CLI_STOP_SIGNALS];

/* Starts to listen to those of the three signals that were not ignored already; before
 * any other thread is started. The first is a request to end in good order: `notice`, a
 * static line, is written to standard error. Further ones within a second, and all
 * but SIGINT later on, are taken for the same request: supervisors signal a process
 * and its group. A SIGINT after that second ends the program at once, with
 * CLI_STOPPED and without unfinished files. */
void cli_stop_listen(const char *notice);

/* Whether anyone asked to stop; the other one is for what wants a function to ask, again and
 * again. */
int cli_stop_requested(void);
int cli_should_stop(void *unused);

/* Between these two, a driver that ends the program (abort, exit, a crash in what it
 * compiled) leaves no unfinished files, and a sentence says what to do. */
void cli_guard_begin(void);
void cli_guard_end(void);

/* What helps where a driver ends a process: "see that …, and try again". */
void cli_driver_advice(char *text, size_t size);

#endif
