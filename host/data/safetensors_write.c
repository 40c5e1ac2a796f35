/* SPDX-License-Identifier: MIT */
/* Writing safetensors files. */
#include "data/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/blocks.h"
#include "base/crc32.h"
#include "base/error.h"

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
        ascii[i] = '?';
        if ((unsigned char)text[i] < 0x80) {
            ascii[i] = text[i];
        }
    }
    string = json_string(ascii);
    free(ascii);
    return string;
}

static json_t *describe(const cbx_tensor *tensor, uint64_t begin) {
    json_t *shape = json_array();
    int failed = 0;
    for (size_t i = 0; i < tensor->sides; i++) {
        failed |= json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
    }
    if (failed) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", cbx_tensor_type_name(tensor->type), "shape",
                     shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + cbx_tensor_bytes(tensor)));
}

/* The header as text; free() it. NULL: no memory. */
static char *header_text(const cbx_tensor *tensors, size_t tensor_count, const cbx_setting *strings,
                         size_t string_count) {
    json_t *header = json_object(), *metadata = json_object();
    uint64_t begin = 0;
    int failed = 0;
    for (size_t i = 0; i < string_count; i++) {
        failed |= json_object_set_new(metadata, strings[i].key, json_text(strings[i].value));
    }
    if (string_count > 0) {
        failed |= json_object_set(header, CBX_SAFETENSORS_METADATA, metadata);
    }
    for (size_t i = 0; i < tensor_count; i++) {
        failed |= json_object_set_new(header, tensors[i].name, describe(&tensors[i], begin));
        begin += cbx_tensor_bytes(&tensors[i]);
    }
    char *text = failed ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    json_decref(metadata);
    return text;
}

/* What is being written, and its checksum so far; NULL: it is not wanted. */
typedef struct writing {
    cbx_blocks to;
    uint32_t *sum;
} writing;

static void add_sum(const writing *w, const void *bytes, size_t size) {
    if (w->sum) {
        *w->sum = cbx_crc32(*w->sum, bytes, size);
    }
}

static void put(writing *w, const void *bytes, size_t size) {
    add_sum(w, bytes, size);
    cbx_blocks_write(&w->to, bytes, size);
}

static void *room(void *user) {
    const writing *w = user;
    return cbx_blocks_room(&w->to);
}

static void take(void *user, const void *piece, size_t size) {
    writing *w = user;
    add_sum(w, piece, size);
    cbx_blocks_add(&w->to, size);
}

static cbx_status put_tensor(writing *w, const cbx_tensor *tensor) {
    const uint64_t bytes = cbx_tensor_bytes(tensor);
    if (tensor->pieces) {
        return cbx_pieces_each(tensor->pieces, bytes, &(cbx_pieces_taker){room, take, w});
    }
    put(w, tensor->bytes, bytes);
    return CBX_OK;
}

/* The last of these is the checksum, where it is wanted, and has no bytes yet. */
static cbx_status write_all(cbx_output *to, const cbx_tensor *tensors, size_t tensor_count,
                            const cbx_setting *strings, size_t string_count, uint32_t *sum) {
    static const char spaces[ALIGNMENT] = "        ";
    char *header = header_text(tensors, tensor_count, strings, string_count);
    if (!header) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for the header of a safetensors file");
    }
    writing w = {.sum = sum};
    cbx_status status = cbx_blocks_begin(&w.to, to);
    if (status) {
        free(header);
        return status;
    }
    const size_t text_bytes = strlen(header);
    const uint64_t length = (text_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    put(&w, &length, CBX_SAFETENSORS_LENGTH_BYTES);
    put(&w, header, text_bytes);
    put(&w, spaces, length - text_bytes);
    for (size_t i = 0; i < tensor_count - (sum != NULL) && !status; i++) {
        status = put_tensor(&w, &tensors[i]);
    }
    if (sum) {
        cbx_blocks_write(&w.to, sum, sizeof *sum);
    }
    cbx_blocks_end(&w.to);
    free(header);
    return status ? status : cbx_output_flush(to);
}

cbx_status cbx_safetensors_write(cbx_output *to, const cbx_tensor *tensors, size_t tensor_count,
                                 const cbx_setting *strings, size_t string_count) {
    return write_all(to, tensors, tensor_count, strings, string_count, NULL);
}

cbx_status cbx_safetensors_write_checked(cbx_output *to, const cbx_tensor *tensors,
                                         size_t tensor_count, const cbx_setting *strings,
                                         size_t string_count) {
    cbx_tensor all[CBX_CHECKED_TENSORS + 1];
    uint32_t sum = 0;
    if (tensor_count > CBX_CHECKED_TENSORS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%zu tensors are more than are written with a checksum",
                        tensor_count);
    }
    memcpy(all, tensors, tensor_count * sizeof *tensors);
    all[tensor_count] = (cbx_tensor){.name = "crc32", .type = CBX_U32, .sides = 1, .shape = {1}};
    return write_all(to, all, tensor_count + 1, strings, string_count, &sum);
}
