/* SPDX-License-Identifier: MIT */
#include "learn/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "learn/checkpoint_names.h"
#include "learn/kept_settings.h"

_Static_assert(CBX_EPOCH_NUMBERS == 5 + CBX_CLASSES * CBX_CLASSES, "all of an epoch's report");

const cbx_film_key cbx_film_keys[CBX_KEPT_FILMS] = {
    [CBX_KEPT_FILM] = {"film.spool",
                       "film.frames",
                       {[CBX_REEL_LUMA] = "film.luma",
                        [CBX_REEL_CHROMA] = "film.chroma",
                        [CBX_REEL_CURVE] = "film.curve"}},
    [CBX_KEPT_PAGE_FILM] = {"page_film.spool",
                            "page_film.frames",
                            {[CBX_REEL_LUMA] = "page_film.luma",
                             [CBX_REEL_CHROMA] = "page_film.chroma",
                             [CBX_REEL_CURVE] = "page_film.curve"}},
};

char *cbx_checkpoint_previous(const char *path) {
    char followed[PATH_MAX], *name = NULL;
    const char *leads = cbx_path_follow(path, followed);
    if (!cbx_new(&name, strlen(leads) + 2)) {
        sprintf(name, "%s~", leads);
    }
    return name;
}

void cbx_checkpoint_close(cbx_checkpoint *checkpoint) {
    cbx_safetensors_close(&checkpoint->file);
    checkpoint->file = (cbx_safetensors){0};
}

void cbx_checkpoint_clear(cbx_checkpoint *checkpoint) {
    cbx_checkpoint_close(checkpoint);
    free(checkpoint->epochs);
    free(checkpoint->batch_losses);
    free(checkpoint->image_losses);
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        free(checkpoint->films[i].spool);
        cbx_reel_state_clear(&checkpoint->films[i].state);
    }
    cbx_texts_clear(&checkpoint->texts);
    memset(checkpoint, 0, sizeof *checkpoint);
}

/* ---- read ---- */

static cbx_status fail_missing(const cbx_safetensors *from, const char *key) {
    return cbx_fail(CBX_BAD_DATA, "%s: %s is missing, or makes no sense", from->path, key);
}

static cbx_status read_number(const cbx_safetensors *from, const char *key, uint64_t most,
                              uint64_t *out) {
    const char *text = cbx_safetensors_string(from, key);
    char end;
    return text && sscanf(text, "%" SCNu64 "%c", out, &end) == 1 && *out <= most
               ? CBX_OK
               : fail_missing(from, key);
}

static cbx_status read_small(const cbx_safetensors *from, const char *key, uint32_t *out) {
    uint64_t number = 0;
    const cbx_status status = read_number(from, key, UINT32_MAX, &number);
    *out = (uint32_t)number;
    return status;
}

static cbx_status read_random(const cbx_safetensors *from, cbx_random *out) {
    const char *text = cbx_safetensors_string(from, CBX_AT_RANDOM);
    uint64_t *s = out->state;
    char end;
    return text && sscanf(text, "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 "%c", &s[0], &s[1],
                          &s[2], &s[3], &end) == 4
               ? CBX_OK
               : fail_missing(from, CBX_AT_RANDOM);
}

static cbx_status read_position(const cbx_safetensors *from, cbx_checkpoint *out) {
    const char *end = cbx_safetensors_string(from, CBX_AT_END);
    cbx_position *at = &out->position;
    cbx_status status = read_small(from, CBX_AT_EPOCH, &at->epoch);
    if (!status) {
        status = read_small(from, CBX_AT_FIRST, &at->first);
    }
    if (!status) {
        status = read_number(from, CBX_AT_BATCH, UINT64_MAX, &at->batch_number);
    }
    if (!status) {
        status = read_random(from, &at->random);
    }
    if (!status) {
        status = read_number(from, CBX_AT_ASKED, UINT64_MAX, &out->asked);
    }
    if (!status) {
        status = read_number(from, CBX_AT_TOLD, UINT64_MAX, &out->told);
    }
    out->finished = end && strcmp(end, "yes") == 0;
    return !status && !end ? fail_missing(from, CBX_AT_END) : status;
}

/* A list, of as many numbers as it has; *bytes is a pointer to them. Without such a tensor it stays
 * NULL. */
static cbx_status read_list(const cbx_safetensors *from, const char *name, cbx_tensor_type type,
                            void *bytes, uint64_t *count) {
    cbx_tensor tensor;
    void *data = NULL;
    if (!cbx_safetensors_has(from, name)) {
        return CBX_OK;
    }
    cbx_status status = cbx_safetensors_find(from, name, type, 1, &tensor);
    if (!status) {
        status = cbx_allocate(&data, 1, cbx_tensor_bytes(&tensor));
    }
    if (!status) {
        status = cbx_safetensors_read(from, &tensor, data);
    }
    if (status) {
        free(data);
        return status;
    }
    memcpy(bytes, &data, sizeof data);
    *count = tensor.shape[0];
    return CBX_OK;
}

static void take_epoch(const double *row, uint32_t number, cbx_epoch_report *out) {
    *out = (cbx_epoch_report){.epoch = number,
                              .train_loss = row[0],
                              .validation_loss = row[1],
                              .validation_accuracy = row[2],
                              .seconds = row[3],
                              .evaluate_seconds = row[4]};
    for (size_t n = 0; n < (size_t)CBX_CLASSES * CBX_CLASSES; n++) {
        const double images = row[5 + n];
        out->validation_confusion[n / CBX_CLASSES][n % CBX_CLASSES] =
            images >= 0.0 && images <= UINT32_MAX ? (uint64_t)images : 0;
    }
}

static cbx_status read_epochs(const cbx_safetensors *from, cbx_checkpoint *out) {
    cbx_tensor tensor;
    double *numbers = NULL;
    cbx_status status = cbx_safetensors_find(from, CBX_EPOCHS, CBX_F64, 2, &tensor);
    if (!status && (tensor.shape[1] != CBX_EPOCH_NUMBERS || tensor.shape[0] > UINT32_MAX)) {
        status = fail_missing(from, CBX_EPOCHS);
    }
    if (!status) {
        status = cbx_allocate(&numbers, 1, cbx_tensor_bytes(&tensor));
    }
    if (!status) {
        status = cbx_safetensors_read(from, &tensor, numbers);
    }
    if (!status) {
        status = cbx_new(&out->epochs, tensor.shape[0]);
    }
    for (uint64_t i = 0; !status && i < tensor.shape[0]; i++) {
        take_epoch(numbers + i * CBX_EPOCH_NUMBERS, (uint32_t)i + 1, &out->epochs[i]);
    }
    out->epoch_count = status ? 0 : (uint32_t)tensor.shape[0];
    free(numbers);
    return status;
}

static cbx_status read_losses(const cbx_safetensors *from, cbx_checkpoint *out) {
    uint64_t images = 0;
    cbx_status status =
        read_list(from, CBX_BATCH_LOSSES, CBX_F64, &out->batch_losses, &out->batch_loss_count);
    if (!status) {
        status = read_list(from, CBX_IMAGE_LOSSES, CBX_F32, &out->image_losses, &images);
    }
    out->image_loss_count = (uint32_t)images;
    return !status && images > UINT32_MAX ? fail_missing(from, CBX_IMAGE_LOSSES) : status;
}

static cbx_status read_film(const cbx_safetensors *from, const cbx_film_key *keys,
                            cbx_kept_film *out) {
    const char *spool = cbx_safetensors_string(from, keys->spool);
    if (!spool) {
        return CBX_OK;
    }
    cbx_status status = cbx_copy_text(&out->spool, spool);
    if (!status) {
        status = read_number(from, keys->frames, UINT32_MAX, &out->frames);
    }
    for (int part = 0; part < CBX_REEL_PARTS && !status; part++) {
        uint64_t bytes = 0;
        status = read_list(from, keys->parts[part], CBX_U8, &out->state.parts[part], &bytes);
        out->state.bytes[part] = (size_t)bytes;
    }
    return status;
}

/* Whether it is one, and one that can be gone on from here. */
static cbx_status check_kind(const cbx_safetensors *from) {
    uint64_t format = 0, canon = 0;
    cbx_status status = CBX_OK;
    if (cbx_safetensors_has(from, "crc32")) { /* what is damaged says nothing of its kind */
        status = cbx_safetensors_check(from);
    } else if (!cbx_safetensors_string(from, CBX_FORMAT_KEY)) {
        status = cbx_fail(CBX_BAD_DATA,
                          "%s is no checkpoint; if it has weights, a new run can start from them",
                          from->path);
    }
    if (!status && !cbx_safetensors_has(from, "crc32")) {
        status = fail_missing(from, "crc32");
    }
    if (!status) {
        status = read_number(from, CBX_FORMAT_KEY, UINT64_MAX, &format);
    }
    if (!status) {
        status = read_number(from, CBX_CANON_KEY, UINT64_MAX, &canon);
    }
    if (!status && format > CBX_CHECKPOINT_FORMAT) {
        status = cbx_fail(CBX_BAD_DATA,
                          "%s is a checkpoint of format %" PRIu64
                          ", and this program knows formats up to %d: take a newer one",
                          from->path, format, CBX_CHECKPOINT_FORMAT);
    }
    if (!status && canon != CBX_CANON_VERSION) {
        status = cbx_fail(CBX_BAD_DATA,
                          "%s was computed by version %" PRIu64
                          " of the arithmetic, this program has version %d: what it computes has "
                          "other bits",
                          from->path, canon, CBX_CANON_VERSION);
    }
    return status;
}

static cbx_status read_all(const cbx_safetensors *from, cbx_checkpoint *out) {
    const char *sha256 = cbx_safetensors_string(from, CBX_DATA_KEY);
    const char *device = cbx_safetensors_string(from, CBX_DEVICE_KEY);
    cbx_status status = check_kind(from);
    if (!status) {
        status = cbx_kept_settings_read(from, &out->settings, &out->texts);
    }
    if (!status) {
        status = read_position(from, out);
    }
    if (!status) {
        status = cbx_weights_file_open(&out->written, from);
        out->weights = cbx_weights_file_pieces(&out->written);
    }
    if (!status && cbx_weights_file_hidden(&out->written) != out->settings.hidden) {
        status = fail_missing(from, "run.hidden");
    }
    if (!status) {
        status = read_epochs(from, out);
    }
    if (!status) {
        status = read_losses(from, out);
    }
    for (int i = 0; i < CBX_KEPT_FILMS && !status; i++) {
        status = read_film(from, &cbx_film_keys[i], &out->films[i]);
    }
    if (!status && (!sha256 || strlen(sha256) + 1 != sizeof out->data_sha256)) {
        status = fail_missing(from, CBX_DATA_KEY);
    }
    snprintf(out->data_sha256, sizeof out->data_sha256, "%s", sha256 ? sha256 : "");
    snprintf(out->device, sizeof out->device, "%s", device ? device : "");
    return status;
}

/* One that is damaged, or gone, may have another before it. */
static cbx_status name_previous(const char *path, cbx_status status) {
    char *previous = cbx_checkpoint_previous(path);
    cbx_fault fault = {CBX_OK, ""};
    cbx_fault_take(&fault, status);
    if (previous && (status == CBX_BAD_DATA || status == CBX_MISSING_INPUT) &&
        access(previous, R_OK) == 0) {
        status = cbx_fail(status, "%.800s; the one before is %s", fault.text, previous);
    }
    free(previous);
    return status;
}

cbx_status cbx_checkpoint_read(cbx_checkpoint *out, const char *path) {
    memset(out, 0, sizeof *out);
    cbx_status status = cbx_safetensors_open(&out->file, path, "checkpoint", CBX_WEIGHTS_NEEDED);
    if (!status) {
        status = read_all(&out->file, out);
    }
    return status ? name_previous(path, status) : CBX_OK;
}
