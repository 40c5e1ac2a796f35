/* SPDX-License-Identifier: MIT */
#include "learn/kept_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/choice.h"
#include "base/error.h"
#include "base/json.h"
#include "base/names.h"

typedef enum kind { WHOLE, WHOLE64, SIGNED, REAL, CHOICE, TEXT, FILE_NAME } kind;

/* Whether another value makes another run, or only another way or place for the same. */
typedef enum rule { SAME, FREE } rule;

enum { PREFIX = sizeof "run." - 1, MOST_TEXT = 64 };

static const struct row {
    const char *key;
    kind kind;
    rule rule;
    size_t at;                /* offset in cbx_learn_settings */
    const char *const *names; /* of a choice */
} rows[] = {
#define AT(member) offsetof(cbx_learn_settings, member)
    {"run.data", FILE_NAME, FREE, AT(data), NULL},
    {"run.device", TEXT, FREE, AT(device), NULL},
    {"run.family", CHOICE, FREE, AT(family), cbx_family_names},
    {"run.hidden", WHOLE, SAME, AT(hidden), NULL},
    {"run.epochs", WHOLE, SAME, AT(epochs), NULL},
    {"run.batch", WHOLE, SAME, AT(batch), NULL},
    {"run.learning_rate", REAL, SAME, AT(learning_rate), NULL},
    {"run.recipe", CHOICE, SAME, AT(recipe), cbx_recipe_names},
    {"run.schedule", CHOICE, FREE, AT(schedule), cbx_schedule_names},
    {"run.arithmetic", CHOICE, SAME, AT(arithmetic), cbx_arithmetic_names},
    {"run.seed", WHOLE64, SAME, AT(seed), NULL},
    {"run.no_shuffle", SIGNED, SAME, AT(no_shuffle), NULL},
    {"run.init", TEXT, SAME, AT(init), NULL},
    {"run.frame_every", WHOLE, SAME, AT(frame_every), NULL},
    {"run.scale", WHOLE, SAME, AT(scale), NULL},
    {"run.tone", CHOICE, SAME, AT(tone), cbx_tone_names},
    {"run.colours", CHOICE, SAME, AT(colours), cbx_colours_names},
    {"run.caption", SIGNED, SAME, AT(caption), NULL},
    {"run.film", FILE_NAME, FREE, AT(film), NULL},
    {"run.container", CHOICE, FREE, AT(container), cbx_container_names},
    {"run.fps", WHOLE, SAME, AT(fps), NULL},
    {"run.clock", CHOICE, SAME, AT(clock), cbx_clock_names},
    {"run.seconds", REAL, SAME, AT(seconds), NULL},
    {"run.hold", REAL, SAME, AT(hold), NULL},
    {"run.codec", CHOICE, FREE, AT(codec), cbx_codec_names},
    {"run.encoder", TEXT, FREE, AT(encoder), NULL},
    {"run.quality", SIGNED, SAME, AT(quality), NULL},
    {"run.workers", WHOLE, FREE, AT(workers), NULL},
    {"run.picture", FILE_NAME, FREE, AT(picture), NULL},
    {"run.poster", FILE_NAME, FREE, AT(poster), NULL},
    {"run.save", FILE_NAME, FREE, AT(save), NULL},
    {"run.report", FILE_NAME, FREE, AT(report), NULL},
    {"run.checkpoint_seconds", REAL, FREE, AT(checkpoint_seconds), NULL},
    {"run.command", TEXT, FREE, AT(command), NULL},
    {"run.film_command", TEXT, FREE, AT(film_command), NULL},
    {"run.batch_losses", SIGNED, SAME, AT(batch_losses), NULL},
    {"run.kept_text", TEXT, FREE, AT(kept_text), NULL},
#undef AT
};

enum { ROWS = sizeof rows / sizeof *rows };

_Static_assert(sizeof(cbx_recipe) == sizeof(int32_t), "choices are read as int32_t");

/* A value as it is in memory. */
typedef union value {
    uint32_t whole;
    uint64_t whole64;
    int32_t number;
    double real;
    const char *text;
} value;

static size_t size_of(kind which) {
    static const size_t sizes[] = {[WHOLE] = 4,  [WHOLE64] = 8, [SIGNED] = 4,   [REAL] = 8,
                                   [CHOICE] = 4, [TEXT] = 8,    [FILE_NAME] = 8};
    return sizes[which];
}

_Static_assert(sizeof(const char *) == 8 && sizeof(value) == 8, "as size_of() says");

static value get(const cbx_learn_settings *settings, const struct row *row) {
    value out = {.whole64 = 0};
    memcpy(&out, (const char *)settings + row->at, size_of(row->kind));
    return out;
}

/* All but texts, which may be long. */
static void show(const struct row *row, value it, char text[MOST_TEXT]) {
    switch (row->kind) {
    case WHOLE:
        snprintf(text, MOST_TEXT, "%" PRIu32, it.whole);
        break;
    case WHOLE64:
        snprintf(text, MOST_TEXT, "%" PRIu64, it.whole64);
        break;
    case SIGNED:
        snprintf(text, MOST_TEXT, "%" PRId32, it.number);
        break;
    case REAL:
        snprintf(text, MOST_TEXT, "%.17g", it.real);
        break;
    case CHOICE:
        snprintf(text, MOST_TEXT, "%s", row->names[it.whole]);
        break;
    case TEXT:
    case FILE_NAME:
        break;
    }
}

static int is_text(const struct row *row) {
    return row->kind == TEXT || row->kind == FILE_NAME;
}

static void write_text(const struct row *row, const char *text, cbx_texts *to) {
    char folder[PATH_MAX];
    if (!text) {
        return;
    }
    if (row->kind == FILE_NAME && text[0] != '/' && getcwd(folder, sizeof folder)) {
        cbx_texts_add(to, row->key, "%s/%s", folder, text);
    } else {
        cbx_texts_add(to, row->key, "%s", text);
    }
}

void cbx_kept_settings_write(const cbx_learn_settings *settings, cbx_texts *to) {
    char text[MOST_TEXT];
    for (size_t i = 0; i < ROWS; i++) {
        const value it = get(settings, &rows[i]);
        if (is_text(&rows[i])) {
            write_text(&rows[i], it.text, to);
        } else {
            show(&rows[i], it, text);
            cbx_texts_add(to, rows[i].key, "%s", text);
        }
    }
}

cbx_status cbx_kept_settings_check(const cbx_learn_settings *settings) {
    const struct row file = {"run.checkpoint", FILE_NAME, FREE, 0, NULL};
    cbx_texts texts = {0};
    cbx_status status = CBX_OK;
    cbx_kept_settings_write(settings, &texts);
    write_text(&file, settings->checkpoint, &texts);
    for (size_t i = 0; i < texts.count && !status; i++) {
        json_t *kept = cbx_json_string(texts.all[i].value);
        texts.failed |= !kept;
        if (json_is_null(kept)) {
            status = cbx_fail(CBX_BAD_ARGUMENT,
                              "%.800s is not in UTF-8, and checkpoints keep no other text; choose "
                              "another name or folder",
                              texts.all[i].value);
        }
        json_decref(kept);
    }
    if (texts.failed) {
        status = cbx_fail(CBX_NO_MEMORY, "no memory for the settings of a checkpoint");
    }
    cbx_texts_clear(&texts);
    return status;
}

/* Whether all of `text` is a value. */
static int parse(const struct row *row, const char *text, value *out) {
    char *end = NULL;
    errno = 0;
    if (row->kind == CHOICE) {
        out->number = cbx_choice_find(row->names, text);
        return out->number >= 0;
    }
    if (row->kind == REAL) {
        out->real = strtod(text, &end);
    } else if (row->kind == SIGNED) {
        const long number = strtol(text, &end, 10);
        out->number = (int32_t)number;
        errno = number < INT32_MIN || number > INT32_MAX ? ERANGE : errno;
    } else {
        const uint64_t whole = strtoull(text, &end, 10);
        errno = row->kind == WHOLE && whole > UINT32_MAX ? ERANGE : errno;
        if (row->kind == WHOLE) {
            out->whole = (uint32_t)whole;
        } else {
            out->whole64 = whole;
        }
    }
    return errno == 0 && end != text && *end == '\0';
}

cbx_status cbx_kept_settings_read(const cbx_safetensors *from, cbx_learn_settings *out,
                                  cbx_texts *texts) {
    cbx_learn_defaults(out);
    out->film = NULL;
    for (size_t i = 0; i < ROWS; i++) {
        const char *text = cbx_safetensors_string(from, rows[i].key);
        value it = {.whole64 = 0};
        if (!text) {
            continue;
        }
        if (is_text(&rows[i])) {
            cbx_texts_add(texts, rows[i].key, "%s", text);
            it.text = texts->failed ? NULL : texts->all[texts->count - 1].value;
        } else if (!parse(&rows[i], text, &it)) {
            return cbx_fail(CBX_BAD_DATA, "%s: %s is '%.40s', which makes no sense", from->path,
                            rows[i].key, text);
        }
        memcpy((char *)out + rows[i].at, &it, size_of(rows[i].kind));
    }
    return texts->failed ? cbx_fail(CBX_NO_MEMORY, "no memory for the settings of %s", from->path)
                         : CBX_OK;
}

static int are_equal(const struct row *row, value a, value b) {
    return is_text(row) ? a.text == b.text || (a.text && b.text && strcmp(a.text, b.text) == 0)
                        : memcmp(&a, &b, sizeof a) == 0;
}

static cbx_status tell(const struct row *row, value now, value then, const char *path) {
    char here[MOST_TEXT], there[MOST_TEXT];
    const char *name = row->key + PREFIX;
    if (is_text(row)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "%s is of a run with %s %.200s, not %.200s; a run that "
                        "goes on keeps it",
                        path, name, then.text ? then.text : "left out",
                        now.text ? now.text : "left out");
    }
    show(row, now, here);
    show(row, then, there);
    return cbx_fail(CBX_BAD_ARGUMENT,
                    "%s is of a run with %s %s, not %s; a run that goes on keeps "
                    "it",
                    path, name, there, here);
}

cbx_status cbx_kept_settings_compare(const cbx_learn_settings *now, const cbx_learn_settings *then,
                                     const char *path) {
    for (size_t i = 0; i < ROWS; i++) {
        const value a = get(now, &rows[i]), b = get(then, &rows[i]);
        if (rows[i].rule == SAME && !are_equal(&rows[i], a, b)) {
            return tell(&rows[i], a, b, path);
        }
    }
    if (now->film && !then->film) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "%s is of a run without a film, which cannot begin in its middle", path);
    }
    return now->report && !then->report && !then->batch_losses
               ? cbx_fail(
                     CBX_BAD_ARGUMENT,
                     "%s is of a run without a report, and has no losses of its batches for one",
                     path)
               : CBX_OK;
}
