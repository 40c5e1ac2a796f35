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

/* The weights of a file in pieces, network/weights.h. Zeroed: none. */
typedef struct cbx_weights_file {
    const cbx_safetensors *file;
    cbx_tensor w1, w2;
    uint64_t given; /* bytes */
} cbx_weights_file;

/* *out reads from `from`, which is open as long. Statuses of cbx_network_load(), but for weights that
 * are not finite: those are found when they are read. */
cbx_status cbx_weights_file_open(cbx_weights_file *out, const cbx_safetensors *from);
uint32_t cbx_weights_file_hidden(const cbx_weights_file *from);
cbx_pieces cbx_weights_file_pieces(cbx_weights_file *from);

/* The tensors of a network whose weights `pieces` gives; borrowed. */
enum { CBX_WEIGHTS_TENSORS = 2 };
void cbx_weights_tensors(uint32_t hidden, const cbx_pieces *pieces,
                         cbx_tensor tensors[CBX_WEIGHTS_TENSORS]);

/* Writes a whole file of them to `to`, which is open; the caller commits it. Statuses of
 * cbx_safetensors_write(). */
cbx_status cbx_weights_write(uint32_t hidden, const cbx_pieces *pieces, cbx_output *to,
                             const cbx_setting *settings, size_t count);

#endif
