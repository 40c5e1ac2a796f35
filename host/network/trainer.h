/* SPDX-License-Identifier: MIT */
/* What the other modules ask of a trainer, beside clearbox/trainer.h. */
#ifndef CBX_NETWORK_TRAINER_H
#define CBX_NETWORK_TRAINER_H

#include "clearbox/trainer.h"
#include "device/copy.h"
#include "device/device.h"
#include "layout.h"
#include "network/exchange.h"
#include "picture/draw.h"

/* In each work-group of train_gpu_hidden, for batches of at most 64 rows and at most
 * CBX_FEW_PANELS panels; or in a launch of its own. */
enum { CBX_DELTAS_WITHIN = 1, CBX_DELTAS_APART };
/* Of CBX_GROUP work-items, or of CBX_WIDE_GROUP where layers are small. */
enum { CBX_NARROW_GROUPS = 1, CBX_WIDE_GROUPS };

/* Into how many parts a trainer divides its work; 0: as many as suit the device and the
 * network. Others would only be slower. A schedule takes what it knows. */
typedef struct cbx_division {
    uint32_t slices; /* of the pixels, in train_gpu_hidden: 1 or 7 */
    uint32_t deltas; /* where the kernels for GPUs make D2: CBX_DELTAS_WITHIN or …_APART */
    uint32_t groups; /* of train_gpu_hidden: CBX_NARROW_GROUPS or CBX_WIDE_GROUPS */
    uint32_t chunks; /* shares of the output sums, at most, on processors */
    uint32_t ink;    /* of `sparse`: CBX_BY_ROWS or CBX_BY_PIXELS */
    /* Of the neurons, that the trainer owns; a count of 0: all. It takes and gives the weights
     * of these, draws their tiles where the painter's layout says so, and after each batch and
     * in evaluations exchanges Z2 with the owners of the others. */
    cbx_share share;
    const cbx_exchange *exchange; /* copied; NULL: alone */
    /* Of a crew, network/crew.h: rank 0 leads, the others follow. NULL: each owner is told by
     * itself. Borrowed. */
    const cbx_links *links;
} cbx_division;

/* cbx_trainer_create() with wishes. */
cbx_status cbx_trainer_create_with(cbx_trainer **out, cbx_device *device,
                                   const cbx_dataset *dataset, const cbx_trainer_settings *settings,
                                   const cbx_division *wished);

/* A trainer with everything decided and nothing taken but its own memory: for questions about how it
 * divides its work. *out is the caller's to destroy, also after a failure. */
cbx_status cbx_trainer_sketch(cbx_trainer **out, cbx_device *device, const cbx_dataset *dataset,
                              const cbx_trainer_settings *settings, const cbx_division *wished);

/* Device memory that such a trainer would take. */
cbx_status cbx_trainer_bytes(uint64_t *out, cbx_device *device, const cbx_dataset *dataset,
                             const cbx_trainer_settings *settings);

/* W1 on the device, for a painter: with every batch that is not pending, or in a crew with those of
 * the last picture, or of cbx_trainer_gather_w1(). */
cl_mem cbx_trainer_w1(const cbx_trainer *trainer);
/* Completes every batch that was stepped, so that cbx_trainer_w1() is the W1 of all neurons then. */
cbx_status cbx_trainer_gather_w1(cbx_trainer *trainer);

/* Whether it leads others, whose devices have the other neurons. */
int cbx_trainer_leads(const cbx_trainer *trainer);

/* The others check that batch, which is the next to be stepped, too; and then, whether they found it
 * right, waiting for them, while nothing is pending. Nothing where it leads nobody. */
cbx_status cbx_trainer_begin_checks(const cbx_trainer *trainer, uint32_t first, uint32_t rows,
                                    cbx_rates rates, uint64_t number);
cbx_status cbx_trainer_end_checks(const cbx_trainer *trainer);

/* Where the losses go that cbx_trainer_keep_losses() asks for, for kernels that draw them: floats
 * (training images), each at its image's place in the order of the epoch under way. It holds
 * those of every batch that is not pending, as the weights do; behind them are losses of the epoch
 * before, in its order, or zeros. The trainer's, and there in any case. */
cl_mem cbx_trainer_loss_buffer(const cbx_trainer *trainer);

/* Finishes the pending batch, if any, without starting another; enqueues only. */
cbx_status cbx_trainer_flush(cbx_trainer *trainer);

/* Where the pictures go, borrowed; NULL: nowhere, as at first. */
void cbx_trainer_draw_on(cbx_trainer *trainer, const cbx_easel *easel);

/* The picture that was drawn last once more, on another canvas of that easel or of one like it; nothing
 * was stepped since. */
cbx_status cbx_trainer_redraw(cbx_trainer *trainer, const cbx_easel *easel);

/* As cbx_trainer_step(), and draws the picture after the batch: when the batch is finished, in
 * this call or a later one. */
cbx_status cbx_trainer_step_drawing(cbx_trainer *trainer, uint32_t first, uint32_t rows,
                                    cbx_rates rates, uint64_t number);

/* As cbx_trainer_steps(), and draws the pictures after those batches whose number, counted from
 * 1, is a multiple of `every`; 0: none. */
cbx_status cbx_trainer_steps_drawing(cbx_trainer *trainer, uint32_t first, uint32_t count,
                                     cbx_rates rates, uint64_t number, uint32_t every);

/* Whether pictures are drawn in a launch of their own: plain ones of that scale, or with 0 others. */
int cbx_trainer_draws_apart(const cbx_trainer *trainer, uint32_t scale);

/* Batches that one launch of cbx_trainer_steps() should hold, pictures apart. */
uint32_t cbx_trainer_batches_per_launch(const cbx_trainer *trainer);

/* Whether it was asked to keep losses. */
int cbx_trainer_keeps_losses(const cbx_trainer *trainer);

/* What a training that is to go on elsewhere needs of a trainer. cbx_trainer_keep() adds it to a copy
 * (device/copy.h), with every batch so far, for which there have to be cbx_trainer_kept_bytes();
 * cbx_trainer_kept() reads it from the copy's bytes there, in any thread: where the trainer keeps
 * losses those of all training images, (training images), else NULL. The weights are read by
 * cbx_trainer_weights_open_kept(), network/trainer_weights.h. CBX_DIVERGED: they are not finite. */
size_t cbx_trainer_kept_bytes(const cbx_trainer *trainer);
cbx_status cbx_trainer_keep(cbx_trainer *trainer, cbx_copy *to);
cbx_status cbx_trainer_kept(const cbx_trainer *trainer, const uint8_t *kept, float *losses);

/* Whether the weights are in that. A leader gathers those of its followers for it, unless W1 in all is larger
 * than so many bytes: no owner is to hold more than its share of such a network, whose weights are
 * given while it trains no batch. */
enum { CBX_MOST_GATHERED = 64 << 20 };
int cbx_trainer_keeps_weights(const cbx_trainer *trainer);
int cbx_weights_are_gathered(uint32_t hidden);

/* Puts back the first `count` losses of those. */
cbx_status cbx_trainer_set_losses(cbx_trainer *trainer, const float *losses, uint32_t count);

/* Z2 of every image of a part, with the weights as they stand: z2 (n, 10), host memory, the
 * caller's. Waits. */
cbx_status cbx_trainer_outputs(cbx_trainer *trainer, cbx_part part, float *z2);

/* CBX_BAD_ARGUMENT when no trainer can have that many neurons or rows. */
cbx_status cbx_trainer_check_sizes(uint32_t hidden, uint32_t batch);

/* CBX_TOO_LARGE where so many devices are too few for a network, whatever their memory. */
cbx_status cbx_trainer_check_devices(uint32_t hidden, uint32_t devices);

/* The same for everything that is asked of a trainer. */
cbx_status cbx_trainer_check_settings(const cbx_trainer_settings *settings);

#endif
