/* SPDX-License-Identifier: MIT */
#include "network/panels.h"

#include <string.h>

#include "clearbox/dataset.h"
#include "layout.h"

/* Lanes of a panel that have a neuron. */
static size_t used_lanes(cbx_share share, size_t panel) {
    const size_t before = panel * CBX_PANEL;
    return before >= share.count              ? 0
           : share.count - before < CBX_PANEL ? share.count - before
                                              : CBX_PANEL;
}

void cbx_panels_pack_w1(const cbx_w1_rows *from, cbx_share share, size_t panels, float *to) {
    for (size_t panel = 0; panel < panels; panel++) {
        const size_t used = used_lanes(share, panel);
        const size_t first = used ? share.first + panel * CBX_PANEL : 0;
        for (size_t row = 0; row < from->count; row++) {
            float *lanes = to + (panel * from->count + row) * CBX_PANEL;
            memcpy(lanes, from->rows + row * from->hidden + first, used * sizeof *lanes);
            for (size_t lane = used; lane < CBX_PANEL; lane++) {
                lanes[lane] = from->first + row == 0 ? CBX_PADDING_BIAS : 0.0f;
            }
        }
    }
}

void cbx_panels_unpack_w1(const float *from, size_t pitch, cbx_share share, const cbx_w1_rows *to) {
    for (size_t panel = 0; panel * CBX_PANEL < share.count; panel++) {
        const size_t first = share.first + panel * CBX_PANEL;
        for (size_t row = 0; row < to->count; row++) {
            memcpy(to->rows + row * to->hidden + first, from + panel * pitch + row * CBX_PANEL,
                   used_lanes(share, panel) * sizeof *from);
        }
    }
}

/* Where a row of a share's W2 is in that of the network: the bias, then its neurons'. */
static size_t w2_row(cbx_share share, size_t row) {
    return row > 0 ? share.first + row : 0;
}

void cbx_panels_pack_w2(const float *w2, cbx_share share, float *to) {
    for (size_t row = 0; row <= share.count; row++) {
        memcpy(to + row * CBX_LANES_OUT, w2 + w2_row(share, row) * CBX_CLASSES,
               CBX_CLASSES * sizeof *w2);
    }
}

void cbx_panels_unpack_w2(const float *from, cbx_share share, float *w2) {
    for (size_t row = 0; row <= share.count; row++) {
        memcpy(w2 + w2_row(share, row) * CBX_CLASSES, from + row * CBX_LANES_OUT,
               CBX_CLASSES * sizeof *w2);
    }
}
