/* SPDX-License-Identifier: MIT */
/* The page before and behind its data, which embed.cmake makes of web/. */
#ifndef CBX_PAGE_HALVES_H
#define CBX_PAGE_HALVES_H

#include <stddef.h>

typedef struct cbx_page_half {
    const char *text;
    size_t bytes;
} cbx_page_half;

extern const cbx_page_half cbx_page_first_half, cbx_page_second_half;

#endif
