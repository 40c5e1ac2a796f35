/* SPDX-License-Identifier: MIT */
/* Named runs, and what became of them, on standard output. Each returns the exit code. */
#ifndef CBX_CLI_VERIFY_REPORT_H
#define CBX_CLI_VERIFY_REPORT_H

#include "cli/verify_compare.h"
#include "cli/verify_options.h"

/* What the list has. */
int cli_verify_list(const cli_verify_options *options);

/* Those that were trained, as the options want them: a table, JSON, or rows of the list. */
int cli_verify_report(const cli_verify_options *options, const cbx_learn_plan *plan,
                      const cli_verified *verified, size_t count);

#endif
