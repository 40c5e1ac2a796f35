/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cut.h"

/* A name of fewer columns says nothing. */
enum { LEAST_NAME = 12 };

/* Widths in columns of the screen; 0: the column is left out. */
typedef struct layout {
    int widths[CLI_TABLE_COLUMNS];
} layout;

int cli_table_begin(cli_table *table, const cli_column *columns, size_t rows) {
    memset(table, 0, sizeof *table);
    while (table->column_count < CLI_TABLE_COLUMNS && columns[table->column_count].head) {
        table->columns[table->column_count] = columns[table->column_count];
        table->column_count++;
    }
    table->room = table->column_count * rows;
    return cbx_new(&table->cells, table->room) == CBX_OK;
}

void cli_table_add(cli_table *table, const char *format, ...) {
    va_list arguments;
    if (table->count >= table->room) {
        return;
    }
    char *cell = table->cells[table->count++];
    va_start(arguments, format);
    vsnprintf(cell, CLI_TABLE_CELL, format, arguments);
    va_end(arguments);
    for (; *cell; cell++) {
        if (*cell == '|' || (unsigned char)*cell < 32) {
            *cell = '/';
        }
    }
}

static layout measure(const cli_table *table) {
    layout natural = {{0}};
    for (size_t c = 0; c < table->column_count; c++) {
        natural.widths[c] = cli_width(table->columns[c].head);
        for (size_t i = c; i < table->count; i += table->column_count) {
            const int width = cli_width(table->cells[i]);
            natural.widths[c] = width > natural.widths[c] ? width : natural.widths[c];
        }
    }
    return natural;
}

/* A whole line, "| a | b |". */
static int line_width(const cli_table *table, const layout *of) {
    int width = 1;
    for (size_t c = 0; c < table->column_count; c++) {
        width += of->widths[c] > 0 ? of->widths[c] + 3 : 0;
    }
    return width;
}

/* The column that can best be done without; column_count: none. */
static size_t least_wanted(const cli_table *table, const layout *of) {
    size_t found = table->column_count;
    for (size_t c = 0; c < table->column_count; c++) {
        const unsigned spare = table->columns[c].spare;
        if (of->widths[c] > 0 && spare > 0 &&
            (found == table->column_count || spare > table->columns[found].spare)) {
            found = c;
        }
    }
    return found;
}

/* Columns go until the rest fits with its names cut short; then names get what is left. */
static size_t fit(const cli_table *table, layout *to, int width) {
    const layout natural = *to;
    size_t gone = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        if (table->columns[c].kind == CLI_NAMES && to->widths[c] > LEAST_NAME) {
            to->widths[c] = LEAST_NAME;
        }
    }
    for (size_t c; line_width(table, to) > width; gone++) {
        c = least_wanted(table, to);
        if (c == table->column_count) {
            break;
        }
        to->widths[c] = 0;
    }
    for (int grew = 1; grew;) { /* several names get the same, one column of the screen a round */
        grew = 0;
        for (size_t c = 0; c < table->column_count; c++) {
            if (to->widths[c] > 0 && to->widths[c] < natural.widths[c] &&
                line_width(table, to) < width) {
                to->widths[c]++;
                grew = 1;
            }
        }
    }
    return gone;
}

/* "---", or "--:" under what stands right. */
static const char *rule(char text[CLI_TABLE_CELL], int width, int stands_left) {
    memset(text, '-', (size_t)width);
    text[width] = '\0';
    if (!stands_left) {
        text[width - 1] = ':';
    }
    return text;
}

static void print_cell(FILE *out, const char *text, int width, int stands_left) {
    char shown[CLI_TABLE_CELL + 4]; /* room for the mark of what is cut */
    cli_cut(shown, sizeof shown, text, width, 1);
    const int padding = width - cli_width(shown);
    fprintf(out, "| %*s%s%*s ", stands_left ? 0 : padding, "", shown, stands_left ? padding : 0,
            "");
}

size_t cli_table_end(cli_table *table, FILE *out, unsigned width) {
    layout shown = measure(table);
    char dashes[CLI_TABLE_CELL];
    size_t gone = 0;
    if (width > 0 && line_width(table, &shown) > (int)width) {
        gone = fit(table, &shown, (int)width);
    }
    for (size_t line = 0; line < 2 + table->count / table->column_count; line++) {
        for (size_t c = 0; c < table->column_count; c++) {
            const cli_column *column = &table->columns[c];
            const int wide = shown.widths[c], stands_left = column->kind != CLI_NUMBERS;
            if (wide > 0) {
                print_cell(out,
                           line == 0   ? column->head
                           : line == 1 ? rule(dashes, wide, stands_left)
                                       : table->cells[(line - 2) * table->column_count + c],
                           wide, stands_left);
            }
        }
        fputs("|\n", out);
    }
    free(table->cells);
    memset(table, 0, sizeof *table);
    return gone;
}
