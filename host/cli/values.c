/* SPDX-License-Identifier: MIT */
#include "cli/values.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"

typedef int store_value(const cli_flag *flag, const char *value, void *target);

/* ---- numbers ---- */

/* Decimal digits and nothing else, within the flag's range. */
static int parse_whole(const cli_flag *flag, const char *text, uint64_t *out) {
    uint64_t number = 0;
    if (!*text) {
        return 0;
    }
    for (; *text; text++) {
        if (*text < '0' || *text > '9') {
            return 0;
        }
        unsigned digit = (unsigned)(*text - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return 0;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return number >= flag->least && number <= flag->most;
}

static void describe_whole(const cli_flag *flag, char *out, size_t size) {
    snprintf(out, size, "a whole number from %llu to %llu", (unsigned long long)flag->least,
             (unsigned long long)flag->most);
}

static int store_whole(const cli_flag *flag, const char *value, void *target) {
    uint64_t whole;
    const int good = parse_whole(flag, value, &whole);
    if (good) {
        memcpy(target, &(uint32_t){(uint32_t)whole}, sizeof(uint32_t));
    }
    return good;
}

static int store_whole64(const cli_flag *flag, const char *value, void *target) {
    uint64_t whole;
    const int good = parse_whole(flag, value, &whole);
    if (good) {
        memcpy(target, &whole, sizeof whole);
    }
    return good;
}

static void describe_positive(const cli_flag *flag, char *out, size_t size) {
    (void)flag;
    snprintf(out, size, "a positive number such as 0.005");
}

static int store_real(const char *value, double least, double most, void *target) {
    char *end;
    /* strtod would also take spaces, "inf", "nan" and hexadecimal digits. */
    if (!*value || value[strspn(value, "0123456789.eE+-")]) {
        return 0;
    }
    const double real = strtod(value, &end);
    const int good = !*end && real >= least && real <= most;
    if (good) {
        memcpy(target, &real, sizeof real);
    }
    return good;
}

static int store_positive(const cli_flag *flag, const char *value, void *target) {
    (void)flag;
    return store_real(value, (double)FLT_MIN, (double)FLT_MAX, target);
}

static void describe_seconds(const cli_flag *flag, char *out, size_t size) {
    snprintf(out, size, "seconds from %llu to %llu, such as 2.5", (unsigned long long)flag->least,
             (unsigned long long)flag->most);
}

static int store_seconds(const cli_flag *flag, const char *value, void *target) {
    return store_real(value, (double)flag->least, (double)flag->most, target);
}

/* ---- words ---- */

static void describe_text(const cli_flag *flag, char *out, size_t size) {
    snprintf(out, size, "%s",
             flag->kind == CLI_OUTPUT   ? "the name of a file"
             : flag->kind == CLI_STREAM ? "the name of a file, or -"
                                        : "a value");
}

static int store_text(const cli_flag *flag, const char *value, void *target) {
    memcpy(target, &value, sizeof value);
    return value[0] && !(flag->kind == CLI_OUTPUT && strcmp(value, "-") == 0);
}

static int store_switch(const cli_flag *flag, const char *value, void *target) {
    (void)flag;
    (void)value;
    memcpy(target, &(int){1}, sizeof(int));
    return 1;
}

static void describe_choice(const cli_flag *flag, char *out, size_t size) {
    cbx_choice_join(out, size, flag->choices, "or");
}

static int store_choice(const cli_flag *flag, const char *value, void *target) {
    const int place = cbx_choice_find(flag->choices, value);
    if (place >= 0) {
        memcpy(target, &place, sizeof place);
    }
    return place >= 0;
}

static int store_choice_text(const cli_flag *flag, const char *value, void *target) {
    const int place = cbx_choice_find(flag->choices, value);
    if (place >= 0) {
        memcpy(target, &flag->choices[place], sizeof flag->choices[place]);
    }
    return place >= 0;
}

/* ---- lists, with commas between ---- */

/* Copies the next item; *value becomes what follows it, NULL: nothing. 0: it is no item. */
static int take_item(const char **value, char item[CLI_MOST_TEXT]) {
    const size_t length = strcspn(*value, ",");
    if (length == 0 || length >= CLI_MOST_TEXT) {
        return 0;
    }
    snprintf(item, CLI_MOST_TEXT, "%.*s", (int)length, *value);
    *value = (*value)[length] ? *value + length + 1 : NULL;
    return 1;
}

/* Whole numbers or choices, which have the same size. */
static int store_list(const cli_flag *flag, const char *value, void *target) {
    store_value *const store = flag->choices ? store_choice : store_whole;
    cli_list *list = target;
    char item[CLI_MOST_TEXT];
    list->count = 0;
    while (value) {
        if (list->count == CLI_MOST_VALUES || !take_item(&value, item) ||
            !store(flag, item, &list->values[list->count++])) {
            return 0;
        }
    }
    return 1;
}

static int store_texts(const cli_flag *flag, const char *value, void *target) {
    cli_texts *texts = target;
    (void)flag;
    while (value) {
        if (texts->count == CLI_MOST_VALUES || !take_item(&value, texts->values[texts->count++])) {
            return 0;
        }
    }
    return 1;
}

static void describe_wholes(const cli_flag *flag, char *out, size_t size) {
    snprintf(out, size, "up to %d whole numbers from %llu to %llu, such as 64,256", CLI_MOST_VALUES,
             (unsigned long long)flag->least, (unsigned long long)flag->most);
}

static void describe_choices(const cli_flag *flag, char *out, size_t size) {
    char choices[160];
    describe_choice(flag, choices, sizeof choices);
    snprintf(out, size, "%s, or several with commas between", choices);
}

static void describe_texts(const cli_flag *flag, char *out, size_t size) {
    (void)flag;
    snprintf(out, size, "up to %d values", CLI_MOST_VALUES);
}

/* ---- */

static const struct kind {
    void (*describe)(const cli_flag *flag, char *out, size_t size);
    store_value *store;
} kinds[] = {
    [CLI_SWITCH] = {describe_text, store_switch},
    [CLI_WHOLE] = {describe_whole, store_whole},
    [CLI_WHOLE64] = {describe_whole, store_whole64},
    [CLI_POSITIVE] = {describe_positive, store_positive},
    [CLI_SECONDS] = {describe_seconds, store_seconds},
    [CLI_TEXT] = {describe_text, store_text},
    [CLI_OUTPUT] = {describe_text, store_text},
    [CLI_STREAM] = {describe_text, store_text},
    [CLI_CHOICE] = {describe_choice, store_choice},
    [CLI_CHOICE_TEXT] = {describe_choice, store_choice_text},
    [CLI_WHOLES] = {describe_wholes, store_list},
    [CLI_CHOICES] = {describe_choices, store_list},
    [CLI_TEXTS] = {describe_texts, store_texts},
};

void cli_value_describe(const cli_flag *flag, char *out, size_t size) {
    kinds[flag->kind].describe(flag, out, size);
}

int cli_value_store(const cli_flag *flag, const char *value, void *target) {
    return kinds[flag->kind].store(flag, value, target);
}
