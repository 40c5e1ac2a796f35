/* SPDX-License-Identifier: MIT */
/* What `clearbox` was built from, and what it works with. */
#ifndef CBX_CLI_VERSION_H
#define CBX_CLI_VERSION_H

/* On standard output; the first line is "clearbox X.Y.Z" alone. Returns the exit code. */
int cli_version(void);

/* That it was built from, as the second line has it; "none" where it was no clone. */
const char *cli_commit(void);

#endif
