/* SPDX-License-Identifier: MIT */
/* What was typed, as it can be typed again. */
#ifndef CBX_CLI_COMMAND_H
#define CBX_CLI_COMMAND_H

/* "clearbox learn --hidden 64", with quotes for a shell where a word needs them; for free(). NULL:
 * no memory. argv[0] is the command's name. */
char *cli_command_line(int argc, char **argv);

#endif
