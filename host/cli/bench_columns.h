/* SPDX-License-Identifier: MIT */
/* What is measured: a row for each quantity, and what every form of the report makes of it. */
#ifndef CBX_CLI_BENCH_COLUMNS_H
#define CBX_CLI_BENCH_COLUMNS_H

#include <stddef.h>

/* What lies in a record. What is not known is 0: null in JSON, "-" for people. */
typedef enum cli_bench_kind {
    CLI_IS_FLAG,   /* int */
    CLI_IS_COUNT,  /* uint64_t, known */
    CLI_IS_NUMBER, /* double, known */
    CLI_IS_RATE,   /* double */
    CLI_IS_SPREAD, /* cbx_spread, for CSV its median */
    CLI_IS_RANGE,  /* cbx_spread, for CSV all of it */
    CLI_IS_TEXT    /* const char *, or NULL */
} cli_bench_kind;

/* How people read it. */
typedef enum cli_bench_form {
    CLI_AS_IT_IS,
    CLI_AS_GIGA,
    CLI_AS_MICRO,
    CLI_AS_SHARE,
    CLI_AS_SECONDS,
    CLI_AS_COUNT,
    CLI_AS_TENTHS,
    CLI_AS_HUNDREDTHS,
    CLI_AS_RATIO
} cli_bench_form;

typedef struct cli_bench_column {
    const char *key; /* in JSON, and in CSV; NULL behind the last */
    cli_bench_kind kind;
    size_t at;        /* in the record */
    const char *csv;  /* what CSV puts in front of the key; NULL: it is not there */
    const char *head; /* in tables for people; NULL: not there */
    cli_bench_form form;
    unsigned spare; /* as of cli_column */
} cli_bench_column;

/* Of a cli_bench_device; of a cli_bench_row what its training was measured to do, and its
 * film: static, put together at the first call. */
extern const cli_bench_column cli_bench_device_columns[], cli_bench_row_columns[];
const cli_bench_column *cli_bench_film_columns(void);

/* Of a cbx_bench_encoder. */
extern const cli_bench_column cli_bench_encoder_columns[];

/* A number, of a spread the median. */
double cli_bench_value(const cli_bench_column *column, const void *record);

#endif
