/* SPDX-License-Identifier: MIT */
/* Reading safetensors files: nothing in them is believed before it is checked. */
#include "data/safetensors.h"

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

/* What is needed takes less than a kilobyte, and room for 40,000 other tensors is more
 * than files have. Parsed, the worst header of this size takes 315 MB and half a second. */
#define MAX_HEADER_BYTES 4194304u

enum { LONGEST_NAME_SHOWN = 60 };

/* ---- tensors by themselves ---- */

static const struct {
    const char *name;
    uint64_t bytes; /* of a number */
} types[CBX_TENSOR_TYPES] = {
    [CBX_F32] = {"F32", 4},
    [CBX_F64] = {"F64", 8},
    [CBX_U8] = {"U8", 1},
    [CBX_U32] = {"U32", 4},
};

const char *cbx_tensor_type_name(cbx_tensor_type type) {
    return types[type].name;
}

/* A product too large becomes UINT64_MAX, which no file has. */
static uint64_t times(uint64_t a, uint64_t b) {
    return b > 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

uint64_t cbx_tensor_count(const cbx_tensor *tensor) {
    uint64_t count = 1;
    for (size_t i = 0; i < tensor->sides; i++) {
        count = times(count, tensor->shape[i]);
    }
    return count;
}

uint64_t cbx_tensor_bytes(const cbx_tensor *tensor) {
    return times(cbx_tensor_count(tensor), types[tensor->type].bytes);
}

/* ---- the header ---- */

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

static cbx_status read_header(cbx_safetensors *from, uint64_t file_bytes) {
    FILE *file = from->file;
    const char *path = from->path;
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
                        " bytes, but only headers of up to %u are read; save %s in "
                        "a file of their own",
                        path, length, MAX_HEADER_BYTES, from->needed);
    }
    status = cbx_new(&text, length);
    if (!status) {
        status = read_bytes(file, text, length, path);
    }
    if (!status) {
        from->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
        if (!from->header) {
            status = cbx_fail(CBX_BAD_DATA,
                              "%s is not a safetensors file: its header is not JSON "
                              "(%.*s at byte %d)",
                              path, shown(error.text), error.text, error.position);
        } else if (!json_is_object(from->header)) {
            status =
                cbx_fail(CBX_BAD_DATA,
                         "%s is not a safetensors file: its header is not a JSON object", path);
        }
    }
    free(text);
    from->data = CBX_SAFETENSORS_LENGTH_BYTES + length;
    from->data_bytes = file_bytes - from->data;
    return status;
}

static cbx_status check_metadata(const cbx_safetensors *from) {
    json_t *metadata = json_object_get(from->header, CBX_SAFETENSORS_METADATA);
    const char *key;
    json_t *value;
    if (!metadata) {
        return CBX_OK;
    }
    if (!json_is_object(metadata)) {
        return cbx_fail(CBX_BAD_DATA, "%s: " CBX_SAFETENSORS_METADATA " is not a JSON object",
                        from->path);
    }
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value)) {
            return cbx_fail(CBX_BAD_DATA,
                            "%s: \"%.*s\" of " CBX_SAFETENSORS_METADATA " is not a string",
                            from->path, shown(key), key);
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

static cbx_status read_span(const cbx_safetensors *from, const char *name, const json_t *tensor,
                            span *out) {
    const json_t *offsets = json_object_get(tensor, "data_offsets");
    out->name = name;
    if (json_array_size(offsets) != 2 || !whole_number(offsets, 0, &out->begin) ||
        !whole_number(offsets, 1, &out->end) || out->begin > out->end) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: tensor \"%.*s\" has no data_offsets of the form [begin, end]",
                        from->path, shown(name), name);
    }
    if (out->end > from->data_bytes) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is cut short: tensor \"%.*s\" ends at byte %" PRIu64
                        " of the data, the file holds %" PRIu64,
                        from->path, shown(name), name, out->end, from->data_bytes);
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
static cbx_status check_spans(const cbx_safetensors *from, span *spans, size_t count) {
    uint64_t reached = 0;
    qsort(spans, count, sizeof *spans, compare_spans);
    for (size_t i = 0; i < count; i++) {
        if (spans[i].begin != reached) {
            return cbx_fail(
                CBX_BAD_DATA,
                "%s: tensor \"%.*s\" begins at byte %" PRIu64 " of the data instead of %" PRIu64,
                from->path, shown(spans[i].name), spans[i].name, spans[i].begin, reached);
        }
        reached = spans[i].end;
    }
    if (reached != from->data_bytes) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: the tensors end at byte %" PRIu64
                        " of the data, but the file holds %" PRIu64,
                        from->path, reached, from->data_bytes);
    }
    return CBX_OK;
}

/* Every tensor, also those that are not asked for. */
static cbx_status check_tensors(const cbx_safetensors *from) {
    span *spans = NULL;
    size_t count = 0;
    const char *name;
    json_t *tensor;

    cbx_status status = cbx_new(&spans, json_object_size(from->header));
    json_object_foreach(from->header, name, tensor) {
        if (!status && strcmp(name, CBX_SAFETENSORS_METADATA) != 0) {
            status = read_span(from, name, tensor, &spans[count++]);
        }
    }
    if (!status) {
        status = check_spans(from, spans, count);
    }
    free(spans);
    return status;
}

/* ---- opening ---- */

cbx_status cbx_safetensors_open_stream(cbx_safetensors *out, FILE *file, uint64_t file_bytes,
                                       const char *path, const char *needed) {
    *out = (cbx_safetensors){.file = file, .path = path, .needed = needed};
    cbx_status status = read_header(out, file_bytes);
    if (!status) {
        status = check_metadata(out);
    }
    if (!status) {
        status = check_tensors(out);
    }
    if (status) {
        cbx_safetensors_close(out);
    }
    return status;
}

cbx_status cbx_safetensors_open(cbx_safetensors *out, const char *path, const char *what,
                                const char *needed) {
    struct stat about;
    memset(out, 0, sizeof *out);
    /* O_NONBLOCK: opening a pipe must not wait; regular files do not care. */
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (handle < 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot open the %s %s: %s", what, path,
                        strerror(errno));
    }
    if (fstat(handle, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(handle);
        return cbx_fail(CBX_MISSING_INPUT, "cannot read the %s %s: not a regular file", what, path);
    }
    FILE *file = fdopen(handle, "rb");
    if (!file) {
        close(handle);
        return cbx_fail(CBX_NO_MEMORY, "cannot read the %s %s: %s", what, path, strerror(errno));
    }
    return cbx_safetensors_open_stream(out, file, (uint64_t)about.st_size, path, needed);
}

void cbx_safetensors_close(cbx_safetensors *from) {
    if (from->file) {
        fclose(from->file);
    }
    json_decref(from->header);
    memset(from, 0, sizeof *from);
}

/* ---- what is in it ---- */

const char *cbx_safetensors_string(const cbx_safetensors *from, const char *key) {
    return json_string_value(
        json_object_get(json_object_get(from->header, CBX_SAFETENSORS_METADATA), key));
}

int cbx_safetensors_has(const cbx_safetensors *from, const char *name) {
    return json_object_get(from->header, name) != NULL;
}

/* The shape, as far as a tensor may have sides, and whether it has so many. */
static int read_shape(const json_t *tensor, cbx_tensor *out) {
    const json_t *shape = json_object_get(tensor, "shape");
    int right = json_is_array(shape) && json_array_size(shape) == out->sides;
    for (size_t i = 0; right && i < out->sides; i++) {
        right = whole_number(shape, i, &out->shape[i]);
    }
    return right;
}

static cbx_status fail_size(const cbx_safetensors *from, const cbx_tensor *tensor, uint64_t bytes) {
    char shape[CBX_TENSOR_SIDES * 24] = "";
    for (size_t i = 0; i < tensor->sides; i++) {
        const size_t length = strlen(shape);
        snprintf(shape + length, sizeof shape - length, "%s%" PRIu64, i > 0 ? ", " : "",
                 tensor->shape[i]);
    }
    return cbx_fail(CBX_BAD_DATA,
                    "%s: tensor \"%s\" of shape (%s) has %" PRIu64 " bytes, which does not fit",
                    from->path, tensor->name, shape, bytes);
}

cbx_status cbx_safetensors_find(const cbx_safetensors *from, const char *name, cbx_tensor_type type,
                                size_t sides, cbx_tensor *out) {
    static const char *const forms[] = {"a number", "a list", "a matrix"};
    const json_t *tensor = json_object_get(from->header, name);
    const char *found = json_string_value(json_object_get(tensor, "dtype"));
    const char *wanted = cbx_tensor_type_name(type);
    span place;

    *out = (cbx_tensor){.name = name, .type = type, .sides = sides};
    if (!tensor) {
        return cbx_fail(CBX_BAD_DATA, "%s holds no tensor \"%s\"; %s are needed", from->path, name,
                        from->needed);
    }
    if (!found || strcmp(found, wanted) != 0) {
        found = found ? found : "unknown";
        return cbx_fail(CBX_BAD_DATA, "%s: tensor \"%s\" is of type %.*s; only %s can be used",
                        from->path, name, shown(found), found, wanted);
    }
    if (!read_shape(tensor, out)) {
        return cbx_fail(CBX_BAD_DATA, "%s: tensor \"%s\" is not %s", from->path, name,
                        forms[sides]);
    }
    cbx_status status = read_span(from, name, tensor, &place);
    if (status) {
        return status;
    }
    out->begin = place.begin;
    const uint64_t bytes = place.end - place.begin;
    return bytes == cbx_tensor_bytes(out) ? CBX_OK : fail_size(from, out, bytes);
}

cbx_status cbx_safetensors_read_some(const cbx_safetensors *from, const cbx_tensor *tensor,
                                     uint64_t begin, void *bytes, size_t size) {
    if (fseeko(from->file, (off_t)(from->data + tensor->begin + begin), SEEK_SET) != 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", from->path, strerror(errno));
    }
    return read_bytes(from->file, bytes, size, from->path);
}

cbx_status cbx_safetensors_read(const cbx_safetensors *from, const cbx_tensor *tensor,
                                void *bytes) {
    return cbx_safetensors_read_some(from, tensor, 0, bytes, cbx_tensor_bytes(tensor));
}
