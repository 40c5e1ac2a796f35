/* A Markdown table whose columns line up in a terminal. */
#ifndef CBX_CLI_TABLE_H
#define CBX_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

enum { CLI_TABLE_COLUMNS = 20, CLI_TABLE_ROWS = 512, CLI_TABLE_CELL = 64 };

typedef struct cli_table {
    const char *const *heads; /* ends with NULL; one that begins with '<' is for text */
    char (*cells)[CLI_TABLE_CELL];
    size_t columns, count, room; /* of cells */
} cli_table;

/* `heads` must outlive the table. 0 when memory ran out. */
int cli_table_begin(cli_table *table, const char *const *heads, size_t rows);

/* The next cell, row by row; cut to fit, '|' replaced. */
void cli_table_add(cli_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the table and frees it. */
void cli_table_end(cli_table *table, FILE *out);

#endif
