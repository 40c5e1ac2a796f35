#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int cli_table_begin(cli_table *table, const char *const *heads, size_t rows) {
    memset(table, 0, sizeof *table);
    table->heads = heads;
    while (heads[table->columns]) {
        table->columns++;
    }
    table->room = table->columns * rows;
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

static int is_text(const char *head) {
    return head[0] == '<';
}

/* Columns on the screen; UTF-8's further bytes take none. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static void print_cell(FILE *out, const char *text, int width, int left) {
    const int padding = width - width_of(text);
    fprintf(out, "| %*s%s%*s ", left ? 0 : padding, "", text, left ? padding : 0, "");
}

void cli_table_end(cli_table *table, FILE *out) {
    int widths[CLI_TABLE_COLUMNS] = {0};
    for (size_t c = 0; c < table->columns; c++) {
        widths[c] = width_of(table->heads[c] + is_text(table->heads[c]));
        for (size_t i = c; i < table->count; i += table->columns) {
            const int width = width_of(table->cells[i]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (size_t c = 0; c < table->columns; c++) {
        const int text = is_text(table->heads[c]);
        print_cell(out, table->heads[c] + text, widths[c], text);
    }
    fputs("|\n", out);
    for (size_t c = 0; c < table->columns; c++) {
        const int text = is_text(table->heads[c]);
        fputs("| ", out);
        for (int i = text ? 0 : 1; i < widths[c]; i++) {
            fputc('-', out);
        }
        fputs(text ? " " : ": ", out);
    }
    fputs("|\n", out);
    for (size_t i = 0; i < table->count; i++) {
        const size_t c = i % table->columns;
        print_cell(out, table->cells[i], widths[c], is_text(table->heads[c]));
        if (c + 1 == table->columns) {
            fputs("|\n", out);
        }
    }
    free(table->cells);
    memset(table, 0, sizeof *table);
}
