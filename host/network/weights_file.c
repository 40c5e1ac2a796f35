/* SPDX-License-Identifier: MIT */
#include "network/weights_file.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "clearbox/dataset.h"

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

static cbx_status read_matrix(const cbx_safetensors *from, const cbx_tensor *tensor, float *out) {
    cbx_status status = cbx_safetensors_read(from, tensor, out);
    const uint64_t count = cbx_tensor_count(tensor);
    for (uint64_t i = 0; i < count && !status; i++) {
        uint32_t bits;
        memcpy(&bits, &out[i], sizeof bits);
        if ((bits & 0x7f800000u) == 0x7f800000u) {
            status = cbx_fail(CBX_BAD_DATA, "%s: number %" PRIu64 " of tensor \"%s\" is not finite",
                              from->path, i, tensor->name);
        }
    }
    return status;
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

cbx_status cbx_network_read(cbx_network **out, const cbx_safetensors *from) {
    cbx_tensor w1, w2;
    cbx_network *network = NULL;
    *out = NULL;
    cbx_status status = find_matrices(from, &w1, &w2);
    if (!status) {
        status = cbx_network_create(&network, (uint32_t)w1.shape[1]);
    }
    if (!status) {
        status = read_matrix(from, &w1, network->w1);
    }
    if (!status) {
        status = read_matrix(from, &w2, network->w2);
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

cbx_status cbx_network_write(const cbx_network *network, cbx_output *to,
                             const cbx_setting *settings, size_t count) {
    const cbx_tensor tensors[] = {
        {"w1", CBX_F32, 2, {CBX_W1_ROWS, network->hidden}, network->w1, 0},
        {"w2", CBX_F32, 2, {(uint64_t)network->hidden + 1, CBX_CLASSES}, network->w2, 0},
    };
    return cbx_safetensors_write(to, tensors, sizeof tensors / sizeof *tensors, settings, count);
}

cbx_status cbx_network_save(const cbx_network *network, const char *path,
                            const cbx_setting *settings, size_t count) {
    cbx_output output;
    cbx_status status = cbx_output_open(&output, path, 0);
    if (!status) {
        status = cbx_network_write(network, &output, settings, count);
    }
    if (!status) {
        status = cbx_output_commit(&output);
    }
    cbx_output_discard(&output);
    return status;
}
