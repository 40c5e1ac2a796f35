/* SPDX-License-Identifier: MIT */
/* What took the time of a run: a row for each member of cbx_learn_times, for all reports. */
#ifndef CBX_CLI_TIMES_H
#define CBX_CLI_TIMES_H

#include <stddef.h>

#include "clearbox/learn.h"

typedef struct cli_time {
    size_t at;             /* in cbx_learn_times */
    const char *key;       /* in JSON, of an object of times */
    const char *whole_key; /* elsewhere, with what is measured */
    /* A column of `clearbox bench`; NULL: none. `spare` as of cli_column. */
    const char *head;
    unsigned spare;
    /* A line of `clearbox learn`; NULL: none. */
    const char *name, *note;
    const char *within; /* the key of the time that it is alongside, of a film; "": none */
} cli_time;

/* The last is the total. */
enum { CLI_TIMES = 12 };
extern const cli_time cli_times[CLI_TIMES];

double cli_time_seconds(const cli_time *time, const cbx_learn_times *times);

#endif
