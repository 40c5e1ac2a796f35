/* SPDX-License-Identifier: MIT */
/* What a stream can show, and numbers and devices the way people read them. */
#ifndef CBX_CLI_TERMINAL_H
#define CBX_CLI_TERMINAL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "clearbox/device.h"

typedef struct cli_terminal {
    int is_terminal;  /* somebody looks at it, and lines can be redrawn  */
    int colour;       /* a terminal, NO_COLOR unset, TERM not "dumb"      */
    int utf8;         /* the locale's encoding                            */
    unsigned columns; /* width, at least 1; 80 where it is unknown         */
    FILE *stream;
} cli_terminal;

void cli_terminal_look(cli_terminal *terminal, FILE *stream);

/* Asks for the width again, since windows change theirs; returns it. */
unsigned cli_terminal_measure(cli_terminal *terminal);

/* Where it has colours: what begins bold and dim text, and what ends both. */
const char *cli_bold(const cli_terminal *terminal);
const char *cli_dim(const cli_terminal *terminal);
const char *cli_plain(const cli_terminal *terminal);

/* Begins a line of a table of names and what they are. */
void cli_label(const cli_terminal *terminal, const char *name);
/* A whole one, of a file. */
void cli_label_path(const cli_terminal *terminal, const char *name, const char *path);

/* Of a hash, the digits that people are shown: enough to tell any two apart. */
enum { CLI_HASH_DIGITS = 12 };

/* Text that fits every number below. */
enum { CLI_NUMBER = 32 };

/* 3910 → "3,910". Each writes to `text` and returns it. */
const char *cli_count(char text[CLI_NUMBER], uint64_t count);

/* "1 frame", "3,910 frames" */
const char *cli_counted(char text[CLI_NUMBER], uint64_t count, const char *what);

/* "512 bytes", "4.1 MiB" */
const char *cli_bytes(char text[CLI_NUMBER], uint64_t bytes);

/* Whole seconds as a clock shows them: "0:03", "1:02:03" */
const char *cli_clock(char text[CLI_NUMBER], double seconds);

/* "P:D", what --device takes */
const char *cli_spec(char text[CLI_NUMBER], const cbx_device_info *device);

/* "CPU", "GPU", "other" */
const char *cli_kind_name(cbx_device_kind kind);

/* Copies what a user typed, cut with "..." to fit. */
void cli_shorten(char *out, size_t size, const char *typed);

/* Prints text that may come from a file, a name or a driver: what could steer a terminal
 * (control characters, escapes, bytes that are not UTF-8, changes of direction) as '?'.
 * With `lines`, line ends and tabs stay. */
void cli_print_printable(FILE *out, const char *text, int lines);

#endif
