/* SPDX-License-Identifier: MIT */
/* The name that somebody who mistyped probably meant. */
#ifndef CBX_CLI_SUGGEST_H
#define CBX_CLI_SUGGEST_H

/* The one of `names`, which ends with NULL, that takes the fewest changed, added,
 * dropped or swapped letters to get from `typed`; NULL when none is near. */
const char *cli_nearest(const char *typed, const char *const *names);

#endif
