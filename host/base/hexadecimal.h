/* SPDX-License-Identifier: MIT */
/* Bytes as text, two digits each, the higher first. */
#ifndef CBX_BASE_HEXADECIMAL_H
#define CBX_BASE_HEXADECIMAL_H

#include <stddef.h>
#include <stdint.h>

/* Writes 2·size digits, small letters, and a zero. */
void cbx_hexadecimal_write(char *text, const uint8_t *bytes, size_t size);

/* Reads 2·size digits as they were written; 0: there are others among them. */
int cbx_hexadecimal_read(uint8_t *bytes, const char *text, size_t size);

#endif
