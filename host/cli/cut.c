/* SPDX-License-Identifier: MIT */
#include "cli/cut.h"

#include <string.h>

/* UTF-8's further bytes take no column. */
static int takes_column(char byte) {
    return ((unsigned char)byte & 0xC0) != 0x80;
}

int cli_width(const char *text) {
    int width = 0;
    for (; *text; text++) {
        width += takes_column(*text);
    }
    return width;
}

void cli_cut(char *out, size_t size, const char *text, int columns, int utf8) {
    const char *mark = utf8 ? "…" : "~";
    const int cuts = cli_width(text) > columns || strlen(text) >= size;
    size_t used = 0;
    int width = 0;
    while (*text && !(cuts && takes_column(*text) && width + 1 >= columns) &&
           used + strlen(mark) + 1 < size) {
        width += takes_column(*text);
        out[used++] = *text++;
    }
    out[used] = '\0';
    if (*text && size > used + strlen(mark)) {
        strcat(out, mark);
    }
}
