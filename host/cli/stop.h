/* Ctrl-C: the first asks to stop, the second ends the program at once. */
#ifndef CBX_CLI_STOP_H
#define CBX_CLI_STOP_H

/* Listens to SIGINT, SIGTERM and SIGHUP, those that were not ignored already. */
void cli_stop_listen(void);

/* Whether anyone asked to stop. */
int cli_stop_requested(void);

/* The unfinished file of output `path` is removed if the program ends at once. Call
 * before cli_stop_listen(); NULL is allowed. */
void cli_stop_forget(const char *path);

#endif
