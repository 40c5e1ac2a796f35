/* SPDX-License-Identifier: MIT */
/* All that a run needs to go on, and the file that has it: docs/checkpoint.md. */
#ifndef CBX_LEARN_CHECKPOINT_H
#define CBX_LEARN_CHECKPOINT_H

#include "base/digest.h"
#include "learn/position.h"
#include "learn/texts.h"
#include "clearbox/learn.h"
#include "network/weights_file.h"
#include "reel/reel_state.h"

/* Of the file; and of kernels/canon.h: it grows when that changes what a training computes. */
enum { CBX_CHECKPOINT_FORMAT = 1, CBX_CANON_VERSION = 1 };

/* The run's own film, and that of its page. */
typedef enum cbx_kept_film_name {
    CBX_KEPT_FILM,
    CBX_KEPT_PAGE_FILM,
    CBX_KEPT_FILMS
} cbx_kept_film_name;

typedef struct cbx_kept_film {
    char *spool;     /* where its frames are, for free(); NULL: there is no film, or it was lost */
    uint64_t frames; /* the first ones there */
    cbx_reel_state state;
} cbx_kept_film;

/* Zeroed: nothing. Whoever fills it uses malloc(), for cbx_checkpoint_clear(). One that was read stays
 * where it is. */
typedef struct cbx_checkpoint {
    cbx_learn_settings settings; /* strings of others, or in `texts` */
    cbx_texts texts;
    char data_sha256[CBX_DIGEST_TEXT];
    char device[256]; /* whose bits they are, where arithmetic is not the canon */
    int finished;
    cbx_position position;
    uint64_t asked, told; /* of the film, as in cbx_job */
    cbx_pieces weights;   /* network/weights.h, of settings.hidden neurons; of one that was read: */
    cbx_safetensors file; /* … itself, open; zeroed: closed */
    cbx_weights_file written; /* … what is in it */
    cbx_epoch_report *epochs; /* (epoch_count), without batch_losses */
    uint32_t epoch_count;
    double *batch_losses; /* (batch_loss_count): of the epochs that are over; NULL: not kept */
    uint64_t batch_loss_count;
    float *image_losses; /* (image_loss_count): of the epoch under way, in its order; NULL */
    uint32_t image_loss_count;
    cbx_kept_film films[CBX_KEPT_FILMS];
} cbx_checkpoint;

/* Writes a whole file to `to`, which is open; `about` is what else it says, "format" and so on.
 * CBX_CANNOT_WRITE, CBX_NO_MEMORY. */
cbx_status cbx_checkpoint_write(const cbx_checkpoint *checkpoint, const cbx_setting *about,
                                size_t about_count, cbx_output *to);

/* Fills *out, to be cleared in every case; all but the weights, which are read when they are wanted, from a
 * file that stays open for it. `path` is borrowed as long. CBX_MISSING_INPUT, CBX_BAD_DATA,
 * CBX_NO_MEMORY. */
cbx_status cbx_checkpoint_read(cbx_checkpoint *out, const char *path);

/* When the weights were read, or are not wanted. */
void cbx_checkpoint_close(cbx_checkpoint *checkpoint);

void cbx_checkpoint_clear(cbx_checkpoint *checkpoint);

/* "FILE~", beside what `path` leads to, for free(); NULL: no memory. */
char *cbx_checkpoint_previous(const char *path);

#endif
