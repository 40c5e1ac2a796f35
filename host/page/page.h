/* SPDX-License-Identifier: MIT */
/* A page to look inside a network: one HTML file that needs nothing else.
 *
 * What a browser runs is in web/, readable there, and embedded at build time in two halves; between
 * them comes the data of this network. Facts are JSON, arrays are packed:
 *
 *   <script type="application/json" id="facts">{…}</script>
 *   <script type="application/octet-stream" id="w1" data-type="f32" data-pack="deflate">…</script>
 *
 * The text of an array is base64. With data-pack "deflate" that is what zlib makes of the array's
 * planes: first the lowest byte of every element, then the next of every element, and so on, which
 * packs better than the elements do. Without data-pack it is the array itself. web/data.js reads
 * them; network.h says which there are.
 *
 * The output is open, and the caller commits it. Failures of writing are kept there; what these
 * functions return is CBX_NO_MEMORY, and of files CBX_MISSING_INPUT. One thread at a time.
 */
#ifndef CBX_PAGE_PAGE_H
#define CBX_PAGE_PAGE_H

#include <jansson.h>
#include <stddef.h>

#include "base/files.h"
#include "clearbox/status.h"

/* An element of an array: little-endian, IEEE 754. */
typedef enum cbx_page_type { CBX_PAGE_U8, CBX_PAGE_I8, CBX_PAGE_U32, CBX_PAGE_F32 } cbx_page_type;

/* The half before the data. */
void cbx_page_begin(cbx_output *to);

/* Frees `facts`, which may be NULL for want of memory. */
cbx_status cbx_page_facts(cbx_output *to, json_t *facts);

cbx_status cbx_page_array(cbx_output *to, const char *id, cbx_page_type type, const void *elements,
                          size_t count);

/* A regular file's bytes as they are; "u8". */
cbx_status cbx_page_file(cbx_output *to, const char *id, const char *path);

/* The half behind the data. */
void cbx_page_end(cbx_output *to);

#endif
