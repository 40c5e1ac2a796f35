/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
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

static void add_tensor(cbx_tensor *tensors, size_t *count, const cbx_tensor *tensor) {
    if (tensor->bytes || tensor->pieces) {
        tensors[(*count)++] = *tensor;
    }
}

static size_t list_tensors(const cbx_checkpoint *from, const double *epochs,
                           cbx_tensor tensors[CBX_CHECKED_TENSORS]) {
    const cbx_tensor lists[] = {
        {.name = CBX_EPOCHS,
         .type = CBX_F64,
         .sides = 2,
         .shape = {from->epoch_count, CBX_EPOCH_NUMBERS},
         .bytes = epochs},
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

/* A row of numbers for each epoch. */
static cbx_status copy_epochs(const cbx_checkpoint *from, double **out) {
    cbx_status status = cbx_new(out, (size_t)from->epoch_count * CBX_EPOCH_NUMBERS);
    for (uint32_t i = 0; i < from->epoch_count && !status; i++) {
        const cbx_epoch_report *e = &from->epochs[i];
        double *row = *out + (size_t)i * CBX_EPOCH_NUMBERS;
        *row++ = e->train_loss;
        *row++ = e->validation_loss;
        *row++ = e->validation_accuracy;
        *row++ = e->seconds;
        *row++ = e->evaluate_seconds;
        for (size_t n = 0; n < (size_t)CBX_CLASSES * CBX_CLASSES; n++) {
            *row++ = (double)e->validation_confusion[n / CBX_CLASSES][n % CBX_CLASSES];
        }
    }
    return status;
}

cbx_status cbx_checkpoint_write(const cbx_checkpoint *from, const cbx_setting *about,
                                size_t about_count, cbx_output *to) {
    cbx_texts texts = {0};
    cbx_tensor tensors[CBX_CHECKED_TENSORS];
    double *epochs = NULL;
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
        status = copy_epochs(from, &epochs);
    }
    if (!status) {
        const size_t count = list_tensors(from, epochs, tensors);
        status = cbx_safetensors_write_checked(to, tensors, count, texts.all, texts.count);
    }
    free(epochs);
    cbx_texts_clear(&texts);
    return status;
}
