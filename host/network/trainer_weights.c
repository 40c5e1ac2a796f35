/* SPDX-License-Identifier: MIT */
#include "network/trainer_weights.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/crew.h"
#include "network/device_weights.h"
#include "network/kept.h"
#include "network/panels.h"
#include "network/weights.h"

static cbx_status check_shape(const cbx_trainer *trainer, const cbx_network *network) {
    if (network->hidden != trainer->settings.hidden) {
        return cbx_fail(CBX_BAD_ARGUMENT, "weights of %u hidden neurons for a network of %u",
                        network->hidden, trainer->settings.hidden);
    }
    return CBX_OK;
}

static uint32_t ranks_of(const cbx_trainer *trainer) {
    return cbx_crew_leads(trainer) ? trainer->meeting.exchange.ranks : 1;
}

/* Room for so many rows of W1 as a device has them, and then for W2, of whichever owner has the most. */
static cbx_status make_room(const cbx_trainer *trainer, uint32_t rows, float **out) {
    size_t most = (size_t)trainer->panels * rows * CBX_PANEL;
    *out = NULL;
    most = most > cbx_w2_device_floats(trainer) ? most : cbx_w2_device_floats(trainer);
    for (uint32_t rank = 1; rank < ranks_of(trainer); rank++) {
        const size_t w1 = cbx_crew_w1_floats(trainer, rank, rows);
        const size_t w2 = cbx_crew_w2_floats(trainer, rank);
        most = w1 > most ? w1 : most;
        most = w2 > most ? w2 : most;
    }
    return cbx_new(out, most);
}

/* And as a network has them. */
static cbx_status make_host_room(uint32_t hidden, uint32_t rows, float **out) {
    const size_t w1 = (size_t)rows * hidden, w2 = cbx_w2_floats(hidden);
    *out = NULL;
    return cbx_new(out, w1 > w2 ? w1 : w2);
}

uint64_t cbx_trainer_weights_bytes(uint32_t hidden) {
    const uint64_t w1 = (uint64_t)cbx_w1_rows_at_once(hidden) * hidden;
    const uint64_t w2 = ((uint64_t)hidden + 1) * CBX_LANES_OUT;
    return 2 * (w1 > w2 ? w1 : w2) * sizeof(float);
}

/* The rows from `first` on that come next. */
static uint32_t rows_from(uint32_t first, uint32_t at_once) {
    return CBX_W1_ROWS - first < at_once ? CBX_W1_ROWS - first : at_once;
}

/* ---- to the devices ---- */

static cbx_status put_w1(cbx_trainer *trainer, const cbx_w1_rows *rows, float *room) {
    const cbx_command command = {.word = CBX_TELL_W1, .first = rows->first, .rows = rows->count};
    cbx_status status = cbx_crew_tell(trainer, &command, NULL, 0);
    for (uint32_t rank = 1; rank < ranks_of(trainer) && !status; rank++) {
        cbx_panels_pack_w1(rows, cbx_crew_share(trainer, rank),
                           trainer->meeting.exchange.owned[rank].count, room);
        status = cbx_crew_send(trainer, rank, room,
                               cbx_crew_w1_floats(trainer, rank, rows->count) * sizeof *room);
    }
    if (status) {
        return status;
    }
    cbx_panels_pack_w1(rows, trainer->share, trainer->panels, room);
    return cbx_w1_write(trainer, rows->first, rows->count, room);
}

static cbx_status put_w2(cbx_trainer *trainer, const float *w2, float *room) {
    cbx_status status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_TELL_W2}, NULL, 0);
    for (uint32_t rank = 1; rank < ranks_of(trainer) && !status; rank++) {
        const size_t bytes = cbx_crew_w2_floats(trainer, rank) * sizeof *room;
        memset(room, 0, bytes);
        cbx_panels_pack_w2(w2, cbx_crew_share(trainer, rank), room);
        status = cbx_crew_send(trainer, rank, room, bytes);
    }
    if (status) {
        return status;
    }
    memset(room, 0, cbx_w2_device_floats(trainer) * sizeof *room);
    cbx_panels_pack_w2(w2, trainer->share, room);
    return cbx_w2_write(trainer, room);
}

cbx_status cbx_trainer_take_weights(cbx_trainer *trainer, const cbx_pieces *weights) {
    const uint32_t hidden = trainer->settings.hidden, at_once = cbx_w1_rows_at_once(hidden);
    float *room = NULL, *host = NULL;
    cbx_status status = cbx_trainer_flush(trainer);
    if (!status) {
        status = make_room(trainer, at_once, &room);
    }
    if (!status) {
        status = make_host_room(hidden, at_once, &host);
    }
    for (uint32_t first = 0; first < CBX_W1_ROWS && !status; first += at_once) {
        const cbx_w1_rows rows = {hidden, first, rows_from(first, at_once), host};
        status = weights->next(weights->user, host, sizeof *host * rows.count * hidden);
        status = status ? status : put_w1(trainer, &rows, room);
    }
    if (!status) {
        status = weights->next(weights->user, host, sizeof *host * cbx_w2_floats(hidden));
        status = status ? status : put_w2(trainer, host, room);
    }
    free(host);
    free(room);
    return status;
}

cbx_status cbx_trainer_set_weights(cbx_trainer *trainer, const cbx_network *network) {
    cbx_network_weights from = {.network = network};
    const cbx_status status = check_shape(trainer, network);
    return status
               ? status
               : cbx_trainer_take_weights(trainer, &(cbx_pieces){cbx_network_weights_next, &from});
}

/* ---- from the devices ---- */

/* Those of the trainer, and of those that it leads. */
static cbx_status get_w1(cbx_trainer *trainer, const cbx_w1_rows *to, float *room) {
    const cbx_command command = {.word = CBX_ASK_W1, .first = to->first, .rows = to->count};
    const size_t pitch = (size_t)to->count * CBX_PANEL;
    cbx_status status = cbx_crew_tell(trainer, &command, NULL, 0);
    if (!status) {
        status = cbx_w1_read(trainer, to->first, to->count, room);
    }
    if (!status) {
        cbx_panels_unpack_w1(room, pitch, trainer->share, to);
    }
    for (uint32_t rank = 1; rank < ranks_of(trainer) && !status; rank++) {
        status = cbx_crew_receive(trainer, rank, room,
                                  cbx_crew_w1_floats(trainer, rank, to->count) * sizeof *room);
        if (!status) {
            cbx_panels_unpack_w1(room, pitch, cbx_crew_share(trainer, rank), to);
        }
    }
    return status;
}

static cbx_status get_w2(cbx_trainer *trainer, float *w2, float *room) {
    cbx_status status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_ASK_W2}, NULL, 0);
    if (!status) {
        status = cbx_w2_read(trainer, (1 + (size_t)trainer->share.count) * CBX_LANES_OUT, room);
    }
    if (!status) {
        cbx_panels_unpack_w2(room, trainer->share, w2);
    }
    for (uint32_t rank = 1; rank < ranks_of(trainer) && !status; rank++) {
        status =
            cbx_crew_receive(trainer, rank, room, cbx_crew_w2_floats(trainer, rank) * sizeof *room);
        if (!status) {
            cbx_panels_unpack_w2(room, cbx_crew_share(trainer, rank), w2);
        }
    }
    return status;
}

/* Only those of the owners that are asked: what the network has of others stays as it is. */
cbx_status cbx_trainer_get_weights(cbx_trainer *trainer, cbx_network *network) {
    const uint32_t hidden = trainer->settings.hidden, at_once = cbx_w1_rows_at_once(hidden);
    float *room = NULL;
    cbx_status status = check_shape(trainer, network);
    if (!status) {
        status = cbx_trainer_flush(trainer);
    }
    if (!status) {
        status = make_room(trainer, at_once, &room);
    }
    for (uint32_t first = 0; first < CBX_W1_ROWS && !status; first += at_once) {
        const cbx_w1_rows rows = {hidden, first, rows_from(first, at_once),
                                  network->w1 + (size_t)first * hidden};
        status = get_w1(trainer, &rows, room);
    }
    if (!status) {
        status = get_w2(trainer, network->w2, room);
    }
    free(room);
    return status;
}

/* ---- in pieces ---- */

struct cbx_trainer_weights {
    cbx_trainer *asked;         /* NULL: what was kept is read */
    const cbx_trainer *trainer; /* either way */
    const uint8_t *kept;        /* NULL: all are given, finite or not */
    uint32_t hidden, at_once;
    uint32_t row;         /* of W1, the first that is not on the host yet; all: W2 is next */
    float *host;          /* rows of W1, or W2 … */
    size_t floats, given; /* … with so many floats, of which so many were given */
    float *room;
};

static cbx_status open_weights(cbx_trainer_weights **out, cbx_trainer *asked,
                               const cbx_trainer *trainer, const uint8_t *kept) {
    const uint32_t hidden = trainer->settings.hidden, at_once = cbx_w1_rows_at_once(hidden);
    cbx_trainer_weights *weights = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&weights, 1);
    if (status) {
        return status;
    }
    *weights = (cbx_trainer_weights){
        .asked = asked, .trainer = trainer, .kept = kept, .hidden = hidden, .at_once = at_once};
    status = make_host_room(hidden, at_once, &weights->host);
    if (!status && asked) {
        status = make_room(trainer, at_once, &weights->room);
    }
    if (status) {
        cbx_trainer_weights_close(weights);
        return status;
    }
    *out = weights;
    return CBX_OK;
}

cbx_status cbx_trainer_weights_open(cbx_trainer_weights **out, cbx_trainer *trainer) {
    *out = NULL;
    const cbx_status status = cbx_trainer_flush(trainer);
    return status ? status : open_weights(out, trainer, trainer, NULL);
}

cbx_status cbx_trainer_weights_open_kept(cbx_trainer_weights **out, cbx_trainer *trainer,
                                         const uint8_t *kept) {
    return open_weights(out, cbx_trainer_keeps_weights(trainer) ? NULL : trainer, trainer, kept);
}

void cbx_trainer_weights_close(cbx_trainer_weights *weights) {
    if (weights) {
        free(weights->host);
        free(weights->room);
        free(weights);
    }
}

/* Without a branch in the loop. */
static cbx_status check_finite(const float *numbers, size_t count) {
    const uint32_t exponent = 0x7f800000u; /* of infinities and of what is no number */
    uint32_t bits, found = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(&bits, &numbers[i], sizeof bits);
        found |= (bits & exponent) == exponent;
    }
    return found ? cbx_fail(CBX_DIVERGED, "the weights are no longer finite") : CBX_OK;
}

/* The next rows of W1, so many. */
static cbx_status fill_w1(cbx_trainer_weights *w, float *to, uint32_t count) {
    const cbx_w1_rows rows = {w->hidden, w->row, count, to};
    w->row += count;
    if (w->asked) {
        return get_w1(w->asked, &rows, w->room);
    }
    cbx_kept_w1(w->trainer, w->kept, &rows);
    return CBX_OK;
}

static cbx_status fill_w2(cbx_trainer_weights *w, float *to) {
    if (w->asked) {
        return get_w2(w->asked, to, w->room);
    }
    cbx_kept_w2(w->trainer, w->kept, to);
    return CBX_OK;
}

/* What comes next goes to w->host, from where it is given; or, kept rows of W1 that are wanted whole, to `to`,
 * where there is room for `room` floats. *filled: so many are there then. */
static cbx_status fill(cbx_trainer_weights *w, float *to, size_t room, size_t *filled) {
    const uint32_t most = rows_from(w->row, w->at_once);
    const size_t fit = w->asked ? 0 : room / w->hidden; /* a device is asked for many at once */
    float *at = w->host;
    cbx_status status = CBX_OK;
    *filled = w->given = w->floats = 0;
    if (w->row == CBX_W1_ROWS) {
        w->floats = cbx_w2_floats(w->hidden);
        status = fill_w2(w, at);
    } else if (fit > 0) {
        const uint32_t count = fit < most ? (uint32_t)fit : most;
        at = to;
        *filled = (size_t)count * w->hidden;
        status = fill_w1(w, at, count);
    } else {
        w->floats = (size_t)most * w->hidden;
        status = fill_w1(w, at, most);
    }
    return status || !w->kept ? status : check_finite(at, *filled + w->floats);
}

static cbx_status next(void *user, void *to, size_t bytes) {
    cbx_trainer_weights *w = user;
    float *out = to;
    cbx_status status = CBX_OK;
    for (size_t left = bytes / sizeof *out; left > 0 && !status;) {
        size_t some = 0;
        if (w->given == w->floats) {
            status = fill(w, out, left, &some);
        }
        if (!status && some == 0) {
            some = w->floats - w->given < left ? w->floats - w->given : left;
            memcpy(out, w->host + w->given, some * sizeof *out);
            w->given += some;
        }
        out += some;
        left -= some;
    }
    return status;
}

cbx_pieces cbx_trainer_weights_pieces(cbx_trainer_weights *weights) {
    return (cbx_pieces){next, weights};
}
