/* SPDX-License-Identifier: MIT */
/* What `clearbox` was built from, and what it works with. */
#ifndef CBX_CLI_VERSION_H
#define CBX_CLI_VERSION_H

/* On standard output; the first line is "clearbox X.Y.Z" alone. Returns the exit code. */
int cli_version(void);

#endif
