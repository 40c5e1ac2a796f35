/* SPDX-License-Identifier: MIT */
/* A Markdown table whose columns line up in a terminal. */
#ifndef CBX_CLI_TABLE_H
#define CBX_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

enum { CLI_TABLE_COLUMNS = 20, CLI_TABLE_CELL = 64 };

/* Where the width is bounded, the columns with the highest `spare` go first; 0: stays. */
typedef struct cli_column {
    const char *head;
    enum { CLI_NUMBERS, CLI_WORDS, CLI_NAMES } kind; /* words stand left; names may be cut */
    unsigned spare;
} cli_column;

typedef struct cli_table {
    cli_column columns[CLI_TABLE_COLUMNS];
    size_t column_count;
    char (*cells)[CLI_TABLE_CELL];
    size_t count, room; /* of cells */
} cli_table;

/* Of `columns`, which end with a zeroed entry, the first CLI_TABLE_COLUMNS count. 0 when
 * memory ran out. */
int cli_table_begin(cli_table *table, const cli_column *columns, size_t rows);

/* The next cell, row by row; cut to fit, '|' replaced. */
void cli_table_add(cli_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the table, as far as possible in lines of at most `width` columns (0: as wide as
 * it is), and frees it. Returns how many columns were left out. */
size_t cli_table_end(cli_table *table, FILE *out, unsigned width);

#endif
