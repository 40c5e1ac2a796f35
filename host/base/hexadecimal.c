/* SPDX-License-Identifier: MIT */
#include "base/hexadecimal.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void cbx_hexadecimal_write(char *text, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

/* Negative: it is none. */
static int value_of(char digit) {
    const char *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

int cbx_hexadecimal_read(uint8_t *bytes, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const int high = value_of(text[2 * i]), low = value_of(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return 0;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return 1;
}
