/* SPDX-License-Identifier: MIT */
/* Reading safetensors files: nothing in them is believed before it is checked. */
#include "network/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "clearbox/dataset.h"

/* What is wanted takes less than a kilobyte, and room for 40,000 other tensors is more
 * than files have. Parsed, the worst header of this size takes 315 MB and half a second. */
#define MAX_HEADER_BYTES 4194304u

enum { LONGEST_NAME_SHOWN = 60 };

/* Where one tensor lies, counted from the end of the header. */
typedef struct span {
    const char *name; /* borrowed from the header */
    uint64_t begin, end;
} span;

/* How many bytes of a name from a file a sentence quotes, for "%.*s": no more than 60,
 * and no part of a character. */
static int shown(const char *name) {
    size_t length = strnlen(name, LONGEST_NAME_SHOWN + 1);
    if (length > LONGEST_NAME_SHOWN) {
        length = LONGEST_NAME_SHOWN;
        while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    return (int)length;
}

static cbx_status read_bytes(FILE *file, void *out, size_t size, const char *path) {
    if (fread(out, 1, size, file) != size) {
        if (ferror(file)) {
            return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", path, strerror(errno));
        }
        return cbx_fail(CBX_BAD_DATA, "%s became shorter while it was read", path);
    }
    return CBX_OK;
}

static cbx_status read_header(FILE *file, uint64_t file_bytes, const char *path, json_t **header,
                              uint64_t *header_bytes) {
    uint64_t length = 0;
    char *text = NULL;
    json_error_t error;
    cbx_status status;

    if (file_bytes < CBX_SAFETENSORS_LENGTH_BYTES) {
        return cbx_fail(CBX_BAD_DATA, "%s is not a safetensors file: it has only %" PRIu64 " bytes",
                        path, file_bytes);
    }
    status = read_bytes(file, &length, CBX_SAFETENSORS_LENGTH_BYTES, path);
    if (status) {
        return status;
    }
    if (length > file_bytes - CBX_SAFETENSORS_LENGTH_BYTES) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is not a safetensors file, or cut short: it promises a header of "
                        "%" PRIu64 " bytes, the file holds %" PRIu64,
                        path, length, file_bytes);
    }
    if (length > MAX_HEADER_BYTES) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has a header of %" PRIu64
                        " bytes, but only headers of up to %u are read; save \"w1\" and \"w2\" in "
                        "a file of their own",
                        path, length, MAX_HEADER_BYTES);
    }
    status = cbx_new(&text, length);
    if (!status) {
        status = read_bytes(file, text, length, path);
    }
    if (!status) {
        *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
        if (!*header) {
            status = cbx_fail(CBX_BAD_DATA,
                              "%s is not a safetensors file: its header is not JSON "
                              "(%.*s at byte %d)",
                              path, shown(error.text), error.text, error.position);
        } else if (!json_is_object(*header)) {
            status =
                cbx_fail(CBX_BAD_DATA,
                         "%s is not a safetensors file: its header is not a JSON object", path);
        }
    }
    free(text);
    *header_bytes = length;
    return status;
}

static cbx_status check_metadata(const json_t *header, const char *path) {
    json_t *metadata = json_object_get(header, CBX_SAFETENSORS_METADATA);
    const char *key;
    json_t *value;
    if (!metadata) {
        return CBX_OK;
    }
    if (!json_is_object(metadata)) {
        return cbx_fail(CBX_BAD_DATA, "%s: " CBX_SAFETENSORS_METADATA " is not a JSON object",
                        path);
    }
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value)) {
            return cbx_fail(CBX_BAD_DATA,
                            "%s: \"%.*s\" of " CBX_SAFETENSORS_METADATA " is not a string", path,
                            shown(key), key);
        }
    }
    return CBX_OK;
}

/* An element of an array that has to be a whole number ≥ 0. */
static int whole_number(const json_t *array, size_t index, uint64_t *out) {
    const json_t *value = json_array_get(array, index);
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return 0;
    }
    *out = (uint64_t)json_integer_value(value);
    return 1;
}

static cbx_status read_span(const char *name, const json_t *tensor, uint64_t data_bytes,
                            const char *path, span *out) {
    const json_t *offsets = json_object_get(tensor, "data_offsets");
    out->name = name;
    if (json_array_size(offsets) != 2 || !whole_number(offsets, 0, &out->begin) ||
        !whole_number(offsets, 1, &out->end) || out->begin > out->end) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: tensor \"%.*s\" has no data_offsets of the form [begin, end]", path,
                        shown(name), name);
    }
    if (out->end > data_bytes) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is cut short: tensor \"%.*s\" ends at byte %" PRIu64
                        " of the data, the file holds %" PRIu64,
                        path, shown(name), name, out->end, data_bytes);
    }
    return CBX_OK;
}

static int compare_spans(const void *left, const void *right) {
    const span *a = left, *b = right;
    if (a->begin != b->begin) {
        return a->begin < b->begin ? -1 : 1;
    }
    return (a->end > b->end) - (a->end < b->end);
}

/* Sorted by offset, the tensors must follow each other and fill the file. */
static cbx_status check_spans(span *spans, size_t count, uint64_t data_bytes, const char *path) {
    uint64_t reached = 0;
    qsort(spans, count, sizeof *spans, compare_spans);
    for (size_t i = 0; i < count; i++) {
        if (spans[i].begin != reached) {
            return cbx_fail(CBX_BAD_DATA,
                            "%s: tensor \"%.*s\" begins at byte %" PRIu64
                            " of the data instead of %" PRIu64,
                            path, shown(spans[i].name), spans[i].name, spans[i].begin, reached);
        }
        reached = spans[i].end;
    }
    if (reached != data_bytes) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: the tensors end at byte %" PRIu64
                        " of the data, but the file holds %" PRIu64,
                        path, reached, data_bytes);
    }
    return CBX_OK;
}

/* Every tensor, also those that are not asked for. */
static cbx_status check_tensors(json_t *header, uint64_t data_bytes, const char *path) {
    span *spans = NULL;
    size_t count = 0;
    const char *name;
    json_t *tensor;

    cbx_status status = cbx_new(&spans, json_object_size(header));
    if (status) {
        return status;
    }
    json_object_foreach(header, name, tensor) {
        if (strcmp(name, CBX_SAFETENSORS_METADATA) == 0) {
            continue;
        }
        status = read_span(name, tensor, data_bytes, path, &spans[count++]);
        if (status) {
            goto out;
        }
    }
    status = check_spans(spans, count, data_bytes, path);
out:
    free(spans);
    return status;
}

/* Finds a float32 matrix, its shape and where its bytes begin. */
static cbx_status find_matrix(const json_t *header, const char *name, const char *path,
                              uint64_t shape[2], uint64_t *begin) {
    const json_t *tensor = json_object_get(header, name);
    const char *type = json_string_value(json_object_get(tensor, "dtype"));
    const json_t *sides = json_object_get(tensor, "shape");
    span place;

    if (!tensor) {
        return cbx_fail(CBX_BAD_DATA, "%s holds no tensor \"%s\"; \"w1\" and \"w2\" are needed",
                        path, name);
    }
    if (!type || strcmp(type, "F32") != 0) {
        type = type ? type : "unknown";
        return cbx_fail(CBX_BAD_DATA, "%s: tensor \"%s\" is of type %.*s; only F32 can be used",
                        path, name, shown(type), type);
    }
    if (json_array_size(sides) != 2 || !whole_number(sides, 0, &shape[0]) ||
        !whole_number(sides, 1, &shape[1])) {
        return cbx_fail(CBX_BAD_DATA, "%s: tensor \"%s\" is not a matrix", path, name);
    }
    cbx_status status = read_span(name, tensor, UINT64_MAX, path, &place);
    *begin = place.begin;
    /* The limits keep the product below 2^64; the caller asks for exact sides. */
    if (!status && (shape[0] > UINT32_MAX || shape[1] > UINT32_MAX / 4 ||
                    place.end - place.begin != shape[0] * shape[1] * sizeof(float))) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: tensor \"%s\" of shape (%" PRIu64 ", %" PRIu64 ") has %" PRIu64
                        " bytes, which does not fit",
                        path, name, shape[0], shape[1], place.end - place.begin);
    }
    return status;
}

static cbx_status read_matrix(FILE *file, uint64_t offset, float *out, size_t count,
                              const char *name, const char *path) {
    if (fseeko(file, (off_t)offset, SEEK_SET) != 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", path, strerror(errno));
    }
    cbx_status status = read_bytes(file, out, count * sizeof(float), path);
    if (status) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &out[i], sizeof bits);
        if ((bits & 0x7f800000u) == 0x7f800000u) {
            return cbx_fail(CBX_BAD_DATA, "%s: number %zu of tensor \"%s\" is not finite", path, i,
                            name);
        }
    }
    return CBX_OK;
}

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

cbx_status cbx_safetensors_read(cbx_network **out, FILE *file, uint64_t file_bytes,
                                const char *path) {
    json_t *header = NULL;
    cbx_network *network = NULL;
    uint64_t header_bytes = 0, shape1[2], shape2[2], begin1 = 0, begin2 = 0;

    *out = NULL;
    cbx_status status = read_header(file, file_bytes, path, &header, &header_bytes);
    uint64_t data = CBX_SAFETENSORS_LENGTH_BYTES + header_bytes;
    if (status || (status = check_metadata(header, path)) != CBX_OK ||
        (status = check_tensors(header, file_bytes - data, path)) != CBX_OK ||
        (status = find_matrix(header, "w1", path, shape1, &begin1)) != CBX_OK ||
        (status = find_matrix(header, "w2", path, shape2, &begin2)) != CBX_OK ||
        (status = check_shapes(shape1, shape2, path)) != CBX_OK) {
        goto out;
    }
    status = cbx_network_create(&network, (uint32_t)shape1[1]);
    if (status) {
        goto out;
    }
    status = read_matrix(file, data + begin1, network->w1, shape1[0] * shape1[1], "w1", path);
    if (!status) {
        status = read_matrix(file, data + begin2, network->w2, shape2[0] * shape2[1], "w2", path);
    }
out:
    json_decref(header);
    if (!status) {
        *out = network;
    } else {
        cbx_network_destroy(network);
    }
    return status;
}

cbx_status cbx_network_load(cbx_network **out, const char *path) {
    struct stat about;
    *out = NULL;
    /* O_NONBLOCK: opening a pipe must not wait; regular files do not care. */
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (handle < 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot open the weights %s: %s", path, strerror(errno));
    }
    if (fstat(handle, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(handle);
        return cbx_fail(CBX_MISSING_INPUT, "cannot read the weights %s: not a regular file", path);
    }
    FILE *file = fdopen(handle, "rb");
    if (!file) {
        close(handle);
        return cbx_fail(CBX_NO_MEMORY, "cannot read the weights %s: %s", path, strerror(errno));
    }
    cbx_status status = cbx_safetensors_read(out, file, (uint64_t)about.st_size, path);
    fclose(file);
    return status;
}
