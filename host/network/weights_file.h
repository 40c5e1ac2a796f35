/* SPDX-License-Identifier: MIT */
/* A network's weights in a safetensors file: "w1" (785, H) and "w2" (H+1, 10). */
#ifndef CBX_NETWORK_WEIGHTS_FILE_H
#define CBX_NETWORK_WEIGHTS_FILE_H

#include "data/safetensors.h"

/* For the messages of files that hold a network. */
#define CBX_WEIGHTS_NEEDED "\"w1\" and \"w2\""

/* The number of hidden neurons of the network in a file, from its header alone. Statuses of
 * cbx_network_load(). */
cbx_status cbx_network_measure(uint32_t *hidden, const char *path);

/* *out is the caller's. Statuses of cbx_network_load(). */
cbx_status cbx_network_read(cbx_network **out, const cbx_safetensors *from);

/* Writes a whole file to `to`, which is open; the caller commits it. Statuses of
 * cbx_safetensors_write(). */
cbx_status cbx_network_write(const cbx_network *network, cbx_output *to,
                             const cbx_setting *settings, size_t count);

#endif
