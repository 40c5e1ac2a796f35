/* SPDX-License-Identifier: MIT */
/* What there is to complete, for the scripts of the shells. */
#ifndef CBX_CLI_COMPLETE_H
#define CBX_CLI_COMPLETE_H

#include <stddef.h>

#include "cli/syntax.h"

/* What follows a flag. */
typedef enum cli_value {
    CLI_VALUE_NONE, /* it is a switch */
    CLI_VALUE_FREE, /* a number or another text: nothing to offer */
    CLI_VALUE_WORD, /* one of a few words */
    CLI_VALUE_FILE,
    CLI_VALUE_FOLDER,
    CLI_VALUE_DEVICE, /* what --device takes */
} cli_value;

cli_value cli_value_of(const cli_flag *flag);

/* Whether it takes several, with commas between. */
int cli_takes_several(const cli_flag *flag);

/* What may stand between the flags of a command, in the same terms. */
cli_value cli_words_of(const cli_syntax *syntax);

/* The commands' own flags, which stand in place of a command. */
extern const cli_flag cli_top_flags[];

/* Prints the text on one line as shells quote it, with `'` as `apostrophe`; a backslash comes
 * before each of the characters of `escaped`. */
void cli_print_quoted(const char *text, const char *apostrophe, const char *escaped);

/* Prints the words with blanks between: choices, or what `word` gives (see cli_syntax). */
void cli_print_choices(const char *const *choices);
void cli_print_words(const char *(*word)(size_t place));

/* One for each shell. */
void cli_complete_bash(const cli_command *commands, size_t count);
void cli_complete_zsh(const cli_command *commands, size_t count);
void cli_complete_fish(const cli_command *commands, size_t count);

#endif
