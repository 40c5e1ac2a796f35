/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "data/safetensors.h"
#include "learn/checkpoint_names.h"
#include "learn/kept_settings.h"

static void add_number(cbx_texts *texts, const char *key, uint64_t number) {
    cbx_texts_add(texts, key, "%" PRIu64, number);
}

static void add_position(const cbx_checkpoint *from, cbx_texts *texts) {
    const cbx_position *at = &from->position;
    const uint64_t *state = at->random.state;
    add_number(texts, CBX_AT_EPOCH, at->epoch);
    add_number(texts, CBX_AT_FIRST, at->first);
    add_number(texts, CBX_AT_BATCH, at->batch_number);
    cbx_texts_add(texts, CBX_AT_RANDOM, "%016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64,
                  state[0], state[1], state[2], state[3]);
    add_number(texts, CBX_AT_ASKED, from->asked);
    add_number(texts, CBX_AT_TOLD, from->told);
    cbx_texts_add(texts, CBX_AT_END, "%s", from->finished ? "yes" : "no");
}

static void add_films(const cbx_checkpoint *from, cbx_texts *texts) {
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        if (from->films[i].spool) {
            cbx_texts_add(texts, cbx_film_keys[i].spool, "%s", from->films[i].spool);
            add_number(texts, cbx_film_keys[i].frames, from->films[i].frames);
        }
    }
}

/* Those that have something to say. */
static void add_about(const cbx_setting *about, size_t count, cbx_texts *texts) {
    for (size_t i = 0; i < count; i++) {
        if (about[i].value[0]) {
            cbx_texts_add(texts, about[i].key, "%s", about[i].value);
        }
    }
}

/* A row of numbers for each epoch, one after the other: they may be many. */
typedef struct epoch_rows {
    const cbx_epoch_report *next;
    double row[CBX_EPOCH_NUMBERS];
    size_t given; /* bytes of it */
} epoch_rows;

static void fill_row(const cbx_epoch_report *e, double *row) {
    *row++ = e->train_loss;
    *row++ = e->validation_loss;
    *row++ = e->validation_accuracy;
    *row++ = e->seconds;
    *row++ = e->evaluate_seconds;
    for (size_t n = 0; n < (size_t)CBX_CLASSES * CBX_CLASSES; n++) {
        *row++ = (double)e->validation_confusion[n / CBX_CLASSES][n % CBX_CLASSES];
    }
}

static cbx_status next_rows(void *user, void *to, size_t bytes) {
    epoch_rows *rows = user;
    uint8_t *out = to;
    while (bytes > 0) {
        if (rows->given == sizeof rows->row) {
            fill_row(rows->next++, rows->row);
            rows->given = 0;
        }
        const size_t left = sizeof rows->row - rows->given, some = left < bytes ? left : bytes;
        memcpy(out, (const uint8_t *)rows->row + rows->given, some);
        rows->given += some;
        out += some;
        bytes -= some;
    }
    return CBX_OK;
}

static void add_tensor(cbx_tensor *tensors, size_t *count, const cbx_tensor *tensor) {
    if (tensor->bytes || tensor->pieces) {
        tensors[(*count)++] = *tensor;
    }
}

static size_t list_tensors(const cbx_checkpoint *from, const cbx_pieces *epochs,
                           cbx_tensor tensors[CBX_CHECKED_TENSORS]) {
    const cbx_tensor lists[] = {
        {.name = CBX_EPOCHS,
         .type = CBX_F64,
         .sides = 2,
         .shape = {from->epoch_count, CBX_EPOCH_NUMBERS},
         .pieces = epochs},
        {.name = CBX_BATCH_LOSSES,
         .type = CBX_F64,
         .sides = 1,
         .shape = {from->batch_loss_count},
         .bytes = from->batch_losses},
        {.name = CBX_IMAGE_LOSSES,
         .type = CBX_F32,
         .sides = 1,
         .shape = {from->image_loss_count},
         .bytes = from->image_losses},
    };
    size_t count = CBX_WEIGHTS_TENSORS;
    cbx_weights_tensors(from->settings.hidden, &from->weights, tensors);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        add_tensor(tensors, &count, &lists[i]);
    }
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        const cbx_reel_state *state = &from->films[i].state;
        for (int part = 0; from->films[i].spool && part < CBX_REEL_PARTS; part++) {
            const cbx_tensor tensor = {.name = cbx_film_keys[i].parts[part],
                                       .type = CBX_U8,
                                       .sides = 1,
                                       .shape = {state->bytes[part]},
                                       .bytes = state->parts[part]};
            add_tensor(tensors, &count, &tensor);
        }
    }
    return count;
}

cbx_status cbx_checkpoint_write(const cbx_checkpoint *from, const cbx_setting *about,
                                size_t about_count, cbx_output *to) {
    cbx_texts texts = {0};
    cbx_tensor tensors[CBX_CHECKED_TENSORS];
    epoch_rows rows = {.next = from->epochs, .given = sizeof rows.row};
    const cbx_pieces epochs = {next_rows, &rows};
    add_about(about, about_count, &texts);
    add_number(&texts, CBX_FORMAT_KEY, CBX_CHECKPOINT_FORMAT);
    add_number(&texts, CBX_CANON_KEY, CBX_CANON_VERSION);
    cbx_texts_add(&texts, CBX_DEVICE_KEY, "%s", from->device);
    cbx_kept_settings_write(&from->settings, &texts);
    add_position(from, &texts);
    add_films(from, &texts);
    cbx_status status =
        texts.failed ? cbx_fail(CBX_NO_MEMORY, "no memory for a checkpoint") : CBX_OK;
    if (!status) {
        const size_t count = list_tensors(from, &epochs, tensors);
        status = cbx_safetensors_write_checked(to, tensors, count, texts.all, texts.count);
    }
    cbx_texts_clear(&texts);
    return status;
}
