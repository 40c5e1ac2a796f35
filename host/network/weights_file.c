/* SPDX-License-Identifier: MIT */
#include "network/weights_file.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "network/weights.h"

/* Shapes of both matrices, and the network's size from them. */
static cbx_status check_shapes(const uint64_t w1[2], const uint64_t w2[2], const char *path) {
    if (w1[0] != CBX_W1_ROWS || w1[1] == 0 || w1[1] > CBX_MAX_HIDDEN) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: tensor \"w1\" has the shape (%" PRIu64 ", %" PRIu64
                        ") instead of (%u, H) with H from 1 to %u",
                        path, w1[0], w1[1], CBX_W1_ROWS, CBX_MAX_HIDDEN);
    }
    if (w2[0] != w1[1] + 1 || w2[1] != CBX_CLASSES) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: tensor \"w2\" has the shape (%" PRIu64 ", %" PRIu64
                        ") instead of (%" PRIu64 ", %u), which \"w1\" asks for",
                        path, w2[0], w2[1], w1[1] + 1, CBX_CLASSES);
    }
    return CBX_OK;
}

static cbx_status find_matrices(const cbx_safetensors *from, cbx_tensor *w1, cbx_tensor *w2) {
    cbx_status status = cbx_safetensors_find(from, "w1", CBX_F32, 2, w1);
    if (!status) {
        status = cbx_safetensors_find(from, "w2", CBX_F32, 2, w2);
    }
    return status ? status : check_shapes(w1->shape, w2->shape, from->path);
}

cbx_status cbx_network_measure(uint32_t *hidden, const char *path) {
    cbx_safetensors file;
    cbx_tensor w1, w2;
    cbx_status status = cbx_safetensors_open(&file, path, "weights", CBX_WEIGHTS_NEEDED);
    if (!status) {
        status = find_matrices(&file, &w1, &w2);
    }
    if (!status) {
        *hidden = (uint32_t)w1.shape[1];
    }
    cbx_safetensors_close(&file);
    return status;
}

/* ---- in pieces ---- */

cbx_status cbx_weights_file_open(cbx_weights_file *out, const cbx_safetensors *from) {
    *out = (cbx_weights_file){.file = from};
    return find_matrices(from, &out->w1, &out->w2);
}

uint32_t cbx_weights_file_hidden(const cbx_weights_file *from) {
    return (uint32_t)from->w1.shape[1];
}

static cbx_status check_finite(const cbx_weights_file *from, const cbx_tensor *tensor,
                               const void *floats, uint64_t first, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, (const uint8_t *)floats + i * sizeof bits, sizeof bits);
        if ((bits & 0x7f800000u) == 0x7f800000u) {
            return cbx_fail(CBX_BAD_DATA, "%s: number %" PRIu64 " of tensor \"%s\" is not finite",
                            from->file->path, first + i, tensor->name);
        }
    }
    return CBX_OK;
}

static cbx_status next(void *user, void *to, size_t bytes) {
    cbx_weights_file *from = user;
    const uint64_t w1 = cbx_tensor_bytes(&from->w1);
    uint8_t *out = to;
    cbx_status status = CBX_OK;
    while (bytes > 0 && !status) {
        const int in_w1 = from->given < w1;
        const cbx_tensor *tensor = in_w1 ? &from->w1 : &from->w2;
        const uint64_t begin = in_w1 ? from->given : from->given - w1;
        const size_t some = in_w1 && w1 - begin < bytes ? (size_t)(w1 - begin) : bytes;
        status = cbx_safetensors_read_some(from->file, tensor, begin, out, some);
        if (!status) {
            status = check_finite(from, tensor, out, begin / sizeof(float), some / sizeof(float));
        }
        from->given += some;
        out += some;
        bytes -= some;
    }
    return status;
}

cbx_pieces cbx_weights_file_pieces(cbx_weights_file *from) {
    return (cbx_pieces){next, from};
}

/* ---- whole ---- */

cbx_status cbx_network_read(cbx_network **out, const cbx_safetensors *from) {
    cbx_weights_file weights;
    cbx_network *network = NULL;
    *out = NULL;
    cbx_status status = cbx_weights_file_open(&weights, from);
    if (!status) {
        status = cbx_network_create(&network, cbx_weights_file_hidden(&weights));
    }
    if (!status) {
        const cbx_pieces pieces = cbx_weights_file_pieces(&weights);
        status = cbx_network_take_weights(network, &pieces);
    }
    if (status) {
        cbx_network_destroy(network);
        return status;
    }
    *out = network;
    return CBX_OK;
}

cbx_status cbx_network_load(cbx_network **out, const char *path) {
    cbx_safetensors file;
    *out = NULL;
    cbx_status status = cbx_safetensors_open(&file, path, "weights", CBX_WEIGHTS_NEEDED);
    if (!status) {
        status = cbx_network_read(out, &file);
    }
    cbx_safetensors_close(&file);
    return status;
}

void cbx_weights_tensors(uint32_t hidden, const cbx_pieces *pieces,
                         cbx_tensor tensors[CBX_WEIGHTS_TENSORS]) {
    tensors[0] = (cbx_tensor){.name = "w1",
                              .type = CBX_F32,
                              .sides = 2,
                              .shape = {CBX_W1_ROWS, hidden},
                              .pieces = pieces};
    tensors[1] = (cbx_tensor){.name = "w2",
                              .type = CBX_F32,
                              .sides = 2,
                              .shape = {(uint64_t)hidden + 1, CBX_CLASSES},
                              .pieces = pieces};
}

cbx_status cbx_weights_write(uint32_t hidden, const cbx_pieces *pieces, cbx_output *to,
                             const cbx_setting *settings, size_t count) {
    cbx_tensor tensors[CBX_WEIGHTS_TENSORS];
    cbx_weights_tensors(hidden, pieces, tensors);
    return cbx_safetensors_write(to, tensors, CBX_WEIGHTS_TENSORS, settings, count);
}

cbx_status cbx_network_save(const cbx_network *network, const char *path,
                            const cbx_setting *settings, size_t count) {
    cbx_output output;
    cbx_status status = cbx_output_open(&output, path, 0);
    if (!status) {
        cbx_network_weights weights = {.network = network};
        const cbx_pieces pieces = {cbx_network_weights_next, &weights};
        status = cbx_weights_write(network->hidden, &pieces, &output, settings, count);
    }
    if (!status) {
        status = cbx_output_commit(&output);
    }
    cbx_output_discard(&output);
    return status;
}
