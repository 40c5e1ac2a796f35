/* SPDX-License-Identifier: MIT */
#include "learn/texts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void cbx_texts_add(cbx_texts *texts, const char *key, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *value = length < 0 ? NULL : malloc((size_t)length + 1);
    cbx_setting *grown = realloc(texts->all, (texts->count + 1) * sizeof *grown);
    if (grown) {
        texts->all = grown;
    }
    if (!grown || !value) {
        texts->failed = 1;
        free(value);
        return;
    }
    va_start(arguments, format);
    vsnprintf(value, (size_t)length + 1, format, arguments);
    va_end(arguments);
    texts->all[texts->count++] = (cbx_setting){key, value};
}

void cbx_texts_clear(cbx_texts *texts) {
    for (size_t i = 0; i < texts->count; i++) {
        free((char *)(size_t)texts->all[i].value);
    }
    free(texts->all);
    *texts = (cbx_texts){0};
}
