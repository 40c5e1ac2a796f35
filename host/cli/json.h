/* SPDX-License-Identifier: MIT */
/* JSON on the way out; jansson does the writing. */
#ifndef CBX_CLI_JSON_H
#define CBX_CLI_JSON_H

#include <stdio.h>

#include "base/json.h"

/* `object` as one line with its end, freed with free(); frees `object`. NULL when memory
 * ran out, also when `object` is NULL for want of it. */
char *cli_json_text(json_t *object);

/* Writes `object` as one line, flushes, and frees it. 0 when that failed, also when
 * `object` is NULL for want of memory; cbx_last_error() tells these apart. */
int cli_json_line(FILE *file, json_t *object);

#endif
