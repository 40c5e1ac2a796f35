/* SPDX-License-Identifier: MIT */
/* The values of flags: what each kind of them wants, and how it is stored. */
#ifndef CBX_CLI_VALUES_H
#define CBX_CLI_VALUES_H

#include <stddef.h>

#include "cli/options.h"

/* What the flag wants, "a whole number from 1 to 5", for a message. */
void cli_value_describe(const cli_flag *flag, char *out, size_t size);

/* Stores `value`, NULL for a switch, in the member at `target`; 0 when it is nonsense. */
int cli_value_store(const cli_flag *flag, const char *value, void *target);

#endif
