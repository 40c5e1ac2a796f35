/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"
#include "cli/terminal.h"

static int is_plain(const char *word) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789%+,-./:=@_";
    return *word && word[strspn(word, plain)] == '\0';
}

/* In single quotes, which end before one of the word and begin again after it. */
static void put_word(FILE *out, const char *word) {
    if (is_plain(word)) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++) {
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, out);
    }
    fputc('\'', out);
}

/* The text, or NULL when some of it was lost. */
static char *end(FILE *out, char **text) {
    const int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *cli_command_line(int argc, char **argv) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    fputs("clearbox", out);
    for (int i = 0; i < argc; i++) {
        fputc(' ', out);
        put_word(out, argv[i]);
    }
    return end(out, &text);
}

void cli_print_command_line(int count, const char *const *words) {
    char *text = cli_command_line(count, (char **)(uintptr_t)words); /* which only reads them */
    cli_print_printable(stderr, text ? text : "clearbox", 0);
    free(text);
}

static void put_text(FILE *out, const char *text) {
    const char *slash = strrchr(text, '/');
    put_word(out, slash ? slash + 1 : text);
}

/* With as many digits as bring it back. */
static void put_real(FILE *out, double real) {
    char text[32];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, real);
        if (!(strtod(text, NULL) < real) && !(strtod(text, NULL) > real)) {
            break;
        }
    }
    fputs(text, out);
}

/* " --flag VALUE" of a member, if it is not as usual. */
static void put_flag(FILE *out, const cli_flag *flag, const char *member, const char *usual) {
    uint32_t whole;
    uint64_t whole64;
    double real;
    const char *text;
    const size_t size = flag->kind == CLI_WHOLE64 || flag->kind == CLI_POSITIVE ||
                                flag->kind == CLI_SECONDS || flag->kind == CLI_TEXT ||
                                flag->kind == CLI_CHOICE_TEXT
                            ? 8
                            : 4;
    if (memcmp(member, usual, size) == 0) {
        return;
    }
    fprintf(out, " --%s%s", flag->name, flag->kind == CLI_SWITCH ? "" : " ");
    switch (flag->kind) {
    case CLI_WHOLE:
        memcpy(&whole, member, sizeof whole);
        fprintf(out, "%" PRIu32, whole);
        break;
    case CLI_CHOICE:
        memcpy(&whole, member, sizeof whole);
        fputs(flag->choices[whole], out);
        break;
    case CLI_WHOLE64:
        memcpy(&whole64, member, sizeof whole64);
        fprintf(out, "%" PRIu64, whole64);
        break;
    case CLI_POSITIVE:
    case CLI_SECONDS:
        memcpy(&real, member, sizeof real);
        put_real(out, real);
        break;
    case CLI_TEXT:
    case CLI_CHOICE_TEXT:
        memcpy(&text, member, sizeof text);
        put_text(out, text);
        break;
    default:
        break;
    }
}

static int is_left_out(const cli_flag *flag, const char *const *left_out) {
    return !flag->name || flag->kind == CLI_HELP || flag->kind == CLI_OUTPUT ||
           flag->kind == CLI_STREAM || flag->kind >= CLI_WHOLES ||
           cbx_choice_find(left_out, flag->name) >= 0;
}

char *cli_command_changes(const char *command, const cli_flag *flags, const void *values,
                          const void *defaults, const char *const *left_out) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    fprintf(out, "clearbox %s", command);
    for (; flags->help; flags++) {
        if (!is_left_out(flags, left_out)) {
            put_flag(out, flags, (const char *)values + flags->offset,
                     (const char *)defaults + flags->offset);
        }
    }
    return end(out, &text);
}
