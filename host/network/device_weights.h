/* SPDX-License-Identifier: MIT */
/* A trainer's own weights as they lie on its device, kernels/layout.h. All of these wait. */
#ifndef CBX_NETWORK_DEVICE_WEIGHTS_H
#define CBX_NETWORK_DEVICE_WEIGHTS_H

#include "network/schedule.h"

/* Rows of W1 from `first` on: panels [panels][rows][32], those that have neurons; and back all that
 * the trainer has. */
cbx_status cbx_w1_read(const cbx_trainer *trainer, uint32_t first, uint32_t rows, float *panels);
cbx_status cbx_w1_write(const cbx_trainer *trainer, uint32_t first, uint32_t rows,
                        const float *panels);

/* The first floats of W2; and all of it, cbx_w2_device_floats() of them. */
cbx_status cbx_w2_read(const cbx_trainer *trainer, size_t floats, float *w2);
cbx_status cbx_w2_write(const cbx_trainer *trainer, const float *w2);
size_t cbx_w2_device_floats(const cbx_trainer *trainer);

#endif
