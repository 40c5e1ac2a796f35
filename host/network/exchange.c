/* SPDX-License-Identifier: MIT */
#include "network/exchange.h"

#include <stdlib.h>

#include "base/memory.h"
#include "layout.h"

const cbx_exchange cbx_exchange_alone = {.rank = 0, .ranks = 1};

/* T(first, count) of kernels/canon.h, left in the first share; the others become 0. */
static void add_shares(const cbx_sums *sums, float *z2, size_t count) {
    const size_t used = (size_t)sums->rows * CBX_LANES_OUT;
    const size_t share = (size_t)sums->stride * CBX_LANES_OUT;
    size_t half = 1;
    if (count < 2) {
        return;
    }
    while (2 * half < count) {
        half *= 2;
    }
    float *other = z2 + half * share;
    add_shares(sums, z2, half);
    add_shares(sums, other, count - half);
    for (size_t i = 0; i < used; i++) {
        z2[i] += other[i];
        other[i] = 0.0f;
    }
}

cbx_status cbx_exchange_sums(const cbx_exchange *exchange, cbx_device *device,
                             const cbx_sums *sums) {
    const size_t share = (size_t)sums->stride * CBX_LANES_OUT * sizeof(float);
    const size_t at = sums->first * share, bytes = sums->shares * share;
    float *z2 = NULL;
    if (exchange->ranks == 1) {
        return CBX_OK;
    }
    cbx_status status = cbx_allocate(&z2, bytes, 1);
    if (!status) {
        status = cbx_cl_check(
            clEnqueueReadBuffer(device->queue, sums->buffer, CL_TRUE, at, bytes, z2, 0, NULL, NULL),
            "reading a share of the outputs");
    }
    if (!status) {
        add_shares(sums, z2, sums->shares);
        status = exchange->sum(exchange->user, z2, sums->rows);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueWriteBuffer(device->queue, sums->buffer, CL_TRUE, at, bytes,
                                                   z2, 0, NULL, NULL),
                              "writing the outputs");
    }
    free(z2);
    return status;
}
