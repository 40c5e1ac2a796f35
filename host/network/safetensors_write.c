/* SPDX-License-Identifier: MIT */
/* Writing safetensors files. */
#include "network/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "clearbox/dataset.h"

enum { ALIGNMENT = 8 };

/* A JSON string, whatever the bytes: file names need not be UTF-8, and weights are
 * not to be lost over one. */
static json_t *json_text(const char *text) {
    json_t *string = json_string(text);
    if (string) {
        return string;
    }
    size_t length = strlen(text);
    char *ascii = malloc(length + 1);
    if (!ascii) {
        return NULL;
    }
    for (size_t i = 0; i <= length; i++) {
        ascii[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
    }
    string = json_string(ascii);
    free(ascii);
    return string;
}

static json_t *describe_matrix(uint64_t rows, uint64_t columns, uint64_t begin) {
    json_int_t end = (json_int_t)(begin + rows * columns * sizeof(float));
    return json_pack("{s:s, s:[I, I], s:[I, I]}", "dtype", "F32", "shape", (json_int_t)rows,
                     (json_int_t)columns, "data_offsets", (json_int_t)begin, end);
}

/* The header as text, padded with spaces so that the data is aligned; free() it. */
static cbx_status make_header(const cbx_network *network, const cbx_setting *settings, size_t count,
                              char **out, size_t *out_bytes) {
    uint64_t w1_bytes = (uint64_t)CBX_W1_ROWS * network->hidden * sizeof(float);
    json_t *header = json_object(), *metadata = json_object();
    char *text = NULL;
    cbx_status status = CBX_OK;
    int failed = 0;

    for (size_t i = 0; i < count; i++) {
        failed |= json_object_set_new(metadata, settings[i].key, json_text(settings[i].value));
    }
    if (count > 0) {
        failed |= json_object_set(header, CBX_SAFETENSORS_METADATA, metadata);
    }
    failed |= json_object_set_new(header, "w1", describe_matrix(CBX_W1_ROWS, network->hidden, 0));
    failed |= json_object_set_new(
        header, "w2", describe_matrix((uint64_t)network->hidden + 1, CBX_CLASSES, w1_bytes));
    text = failed ? NULL : json_dumps(header, JSON_COMPACT);
    if (!text) {
        status = cbx_fail(CBX_NO_MEMORY, "no memory for the header of a safetensors file");
        goto out;
    }
    size_t length = strlen(text);
    *out_bytes = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    status = cbx_new(out, *out_bytes);
    if (!status) {
        memset(*out, ' ', *out_bytes);
        memcpy(*out, text, length);
    }
out:
    free(text);
    json_decref(header);
    json_decref(metadata);
    return status;
}

cbx_status cbx_safetensors_write(const cbx_network *network, cbx_output *to,
                                 const cbx_setting *settings, size_t count) {
    size_t w1_count = (size_t)CBX_W1_ROWS * network->hidden;
    size_t w2_count = ((size_t)network->hidden + 1) * CBX_CLASSES;
    char *header = NULL;
    size_t header_bytes = 0;

    cbx_status status = make_header(network, settings, count, &header, &header_bytes);
    if (status) {
        return status;
    }
    uint64_t length = header_bytes;
    cbx_output_write(to, &length, CBX_SAFETENSORS_LENGTH_BYTES);
    cbx_output_write(to, header, header_bytes);
    cbx_output_write(to, network->w1, w1_count * sizeof *network->w1);
    cbx_output_write(to, network->w2, w2_count * sizeof *network->w2);
    free(header);
    return cbx_output_flush(to);
}

cbx_status cbx_network_save(const cbx_network *network, const char *path,
                            const cbx_setting *settings, size_t count) {
    cbx_output output;
    cbx_status status = cbx_output_open(&output, path, 0);
    if (!status) {
        status = cbx_safetensors_write(network, &output, settings, count);
    }
    if (!status) {
        status = cbx_output_commit(&output);
    }
    cbx_output_discard(&output);
    return status;
}
