/* SPDX-License-Identifier: MIT */
/* Any bytes as the command line behind `clearbox`: the first one chooses the command, words end with
 * a 0. Nonsense is told in one line that steers no terminal. A line that makes sense is written as
 * one can type it again, and says the same words; the command that makes the same film makes
 * it again. Nothing is trained, and nothing written. */
#include "fuzz/fuzz.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_options.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/learn_options.h"
#include "cli/predict_options.h"
#include "cli/verify_options.h"

enum { MOST_WORDS = 40, MOST_BYTES = 4096 };

typedef struct line {
    char bytes[MOST_BYTES];
    int argc;
    char *argv[MOST_WORDS + 1];
} line;

/* ---- the commands ---- */

static union {
    cli_learn_options learn;
    cli_bench_options bench;
    cli_predict_options predict;
    cli_verify_options verify;
    char others[1 << 16];
} options;

static int parse_learn(int argc, char **argv) {
    return cli_learn_parse(argc, argv, &options.learn);
}

static int parse_bench(int argc, char **argv) {
    return cli_bench_parse(argc, argv, &options.bench);
}

static int parse_predict(int argc, char **argv) {
    return cli_predict_parse(argc, argv, &options.predict);
}

static int parse_verify(int argc, char **argv) {
    return cli_verify_parse(argc, argv, &options.verify);
}

/* Of those that keep their own to themselves, the flags alone. */
static int parse_flags(const cli_syntax *syntax, int argc, char **argv) {
    cli_words words;
    memset(&options, 0, sizeof options);
    return cli_parse_words(argc, argv, syntax->text, syntax->flags, &options,
                           syntax->words ? &words : NULL);
}

static int parse_look(int argc, char **argv) {
    return parse_flags(&cli_look_syntax, argc, argv);
}

static int parse_devices(int argc, char **argv) {
    return parse_flags(&cli_devices_syntax, argc, argv);
}

static const struct command {
    const char *name;
    int (*parse)(int argc, char **argv);
} commands[] = {{"learn", parse_learn},   {"bench", parse_bench}, {"predict", parse_predict},
                {"verify", parse_verify}, {"look", parse_look},   {"devices", parse_devices}};

/* ---- what is said ---- */

/* What goes to standard output and standard error. */
static struct {
    FILE *usual_out, *usual_error;
    char *out, *error;
    size_t out_size, error_size;
} said;

static void listen(void) {
    said.usual_out = stdout;
    said.usual_error = stderr;
    FILE *out = open_memstream(&said.out, &said.out_size);
    FILE *error = open_memstream(&said.error, &said.error_size);
    if (out && error) {
        stdout = out;
        stderr = error;
    }
    FUZZ_REQUIRE(out && error);
}

static void hear(void) {
    FILE *out = stdout, *error = stderr;
    stdout = said.usual_out;
    stderr = said.usual_error;
    FUZZ_REQUIRE(fclose(out) == 0 && fclose(error) == 0);
}

static void require_one_line(const char *text, size_t size) {
    static const char front[] = "clearbox: ";
    FUZZ_REQUIRE(size > sizeof front && strncmp(text, front, sizeof front - 1) == 0);
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        FUZZ_REQUIRE(i == size - 1 ? byte == '\n' : byte >= 32 && byte != 127);
    }
}

/* Exit codes that parsing may end with. */
static void require_well_said(int code) {
    if (code == CLI_PARSED) {
        FUZZ_REQUIRE(said.out_size == 0 && said.error_size == 0);
    } else if (code == CLI_DONE) {
        FUZZ_REQUIRE(said.out_size > 0 && said.error_size == 0);
    } else {
        FUZZ_REQUIRE(code == CLI_USAGE || code == CLI_BAD_DATA || code == CLI_MISSING_INPUT);
        FUZZ_REQUIRE(said.out_size == 0);
        require_one_line(said.error, said.error_size);
    }
}

/* ---- typed again ---- */

/* Takes a word as a shell would, with what cli_command_line() quotes with. */
static char *take_word(char **at) {
    char *word = *at, *to = *at;
    int quoted = 0;
    for (; **at && (quoted || **at != ' '); (*at)++) {
        if (**at == '\'') {
            quoted = !quoted;
        } else {
            *at += !quoted && **at == '\\';
            *to++ = **at;
        }
    }
    FUZZ_REQUIRE(!quoted);
    *at += **at == ' ';
    *to = '\0';
    return word;
}

static void require_typed_again(const line *typed) {
    char *text = cli_command_line(typed->argc, (char **)(uintptr_t)typed->argv), *at = text;
    FUZZ_REQUIRE(text && strcmp(take_word(&at), "clearbox") == 0);
    for (int i = 0; i < typed->argc; i++) {
        FUZZ_REQUIRE(strcmp(take_word(&at), typed->argv[i]) == 0);
    }
    FUZZ_REQUIRE(*at == '\0');
    free(text);
}

/* Numbers, but for those that make none. */
static int makes_a_difference(const char *flag) {
    return strcmp(flag, "workers") != 0 && strcmp(flag, "checkpoint-every") != 0;
}

/* Numbers of both that make a difference to a film are equal; each takes 8 bytes, or 4. */
static void require_the_same_numbers(const cli_learn_options *a, const cli_learn_options *b) {
    for (const cli_flag *flag = cli_learn_syntax.flags; flag->help; flag++) {
        const int large =
            flag->kind == CLI_WHOLE64 || flag->kind == CLI_POSITIVE || flag->kind == CLI_SECONDS;
        if ((large || flag->kind == CLI_WHOLE) && makes_a_difference(flag->name)) {
            FUZZ_REQUIRE(memcmp((const char *)a + flag->offset, (const char *)b + flag->offset,
                                large ? 8 : 4) == 0);
        }
    }
}

/* The command that makes the film that `options` tell of makes it again. */
static void require_the_same_film(void) {
    const cli_learn_options before = options.learn;
    char *first = cli_learn_film_command(&options.learn);
    FUZZ_REQUIRE(first != NULL);
    char *words = strdup(first), *at = words, *argv[MOST_WORDS + 1];
    int argc = 0;
    (void)take_word(&at);
    while (*at && argc < MOST_WORDS) {
        argv[argc++] = take_word(&at);
    }
    argv[argc] = NULL;
    const int video = options.learn.settings.film != NULL;
    /* A file that is named without its folder is not found. */
    if (!*at && video && !options.learn.settings.init) {
        FUZZ_REQUIRE(cli_learn_parse(argc, argv, &options.learn) == CLI_PARSED);
        char *second = cli_learn_film_command(&options.learn);
        FUZZ_REQUIRE(second && strcmp(first, second) == 0);
        require_the_same_numbers(&before, &options.learn);
        free(second);
    }
    free(words);
    free(first);
}

/* ---- ---- */

static void take_line(line *out, const char *command, const uint8_t *bytes, size_t size) {
    size = size < MOST_BYTES - 1 ? size : MOST_BYTES - 1;
    memcpy(out->bytes, bytes, size);
    out->bytes[size] = '\0';
    out->argc = 0;
    out->argv[out->argc++] = (char *)(uintptr_t)command;
    for (size_t at = 0; at < size && out->argc < MOST_WORDS; at += strlen(out->bytes + at) + 1) {
        out->argv[out->argc++] = out->bytes + at;
    }
    out->argv[out->argc] = NULL;
}

/* The environment says nothing of its own. */
static void settle(void) {
    FUZZ_REQUIRE(setenv("CLEARBOX_DATA", "/", 1) == 0);
    FUZZ_REQUIRE(unsetenv("CLEARBOX_DEVICE") == 0);
    /* getopt() remembers where it was within a word; so it forgets. */
    optind = 0;
    (void)getopt(1, (char *[]){"", NULL}, "");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    enum { COMMANDS = sizeof commands / sizeof *commands };
    line typed, parsed;
    if (size == 0) {
        return 0;
    }
    settle();
    const struct command *command = &commands[bytes[0] % COMMANDS];
    take_line(&typed, command->name, bytes + 1, size - 1);
    /* Its own words, for getopt() puts them in another order. */
    take_line(&parsed, command->name, bytes + 1, size - 1);
    FUZZ_REQUIRE(cli_find_command(command->name) != NULL);
    listen();
    const int code = command->parse(parsed.argc, parsed.argv);
    hear();
    require_well_said(code);
    require_typed_again(&typed);
    if (code == CLI_PARSED && command->parse == parse_learn) {
        require_the_same_film();
    }
    free(said.out);
    free(said.error);
    return 0;
}
