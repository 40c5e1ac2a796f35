/* SPDX-License-Identifier: MIT */
/* Any bytes as a safetensors file. */
#include <stdio.h>

#include "network/weights_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    cbx_network *network = NULL;
    FILE *file = size > 0 ? fmemopen((void *)(uintptr_t)bytes, size, "rb") : NULL;
    if (!file) {
        return 0;
    }
    cbx_safetensors tensors;
    cbx_status status =
        cbx_safetensors_open_stream(&tensors, file, size, "fuzz", CBX_WEIGHTS_NEEDED);
    if (!status) {
        status = cbx_network_read(&network, &tensors);
    }
    if ((status == CBX_OK) != (network != NULL)) {
        __builtin_trap();
    }
    cbx_network_destroy(network);
    cbx_safetensors_close(&tensors);
    return 0;
}
