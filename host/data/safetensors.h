/* SPDX-License-Identifier: MIT */
/* safetensors: a file of named tensors and strings. An 8-byte little-endian length, that
 * many bytes of JSON header, then the tensors' bytes, little-endian, without gaps.
 *
 * The header maps each tensor's name to its "dtype", "shape" and "data_offsets"
 * [begin, end), counted from the end of the header; "__metadata__" maps strings to
 * strings. https://github.com/huggingface/safetensors describes the format.
 */
#ifndef CBX_DATA_SAFETENSORS_H
#define CBX_DATA_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/files.h"
#include "base/pieces.h"
#include "clearbox/network.h"
#include "clearbox/status.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian and are read and written as they lie in memory; \
big-endian machines are not supported"
#endif
_Static_assert(sizeof(float) == 4, "tensors of type F32 are read straight into floats");

#define CBX_SAFETENSORS_LENGTH_BYTES 8
#define CBX_SAFETENSORS_METADATA "__metadata__"

/* The types that are read and written; a row each in safetensors.c. */
typedef enum cbx_tensor_type {
    CBX_F32,
    CBX_F64,
    CBX_U8,
    CBX_U32,
    CBX_TENSOR_TYPES
} cbx_tensor_type;

#define CBX_TENSOR_SIDES 2

typedef struct cbx_tensor {
    const char *name;
    cbx_tensor_type type;
    size_t sides;                     /* 0…CBX_TENSOR_SIDES: a number, a list, a matrix */
    uint64_t shape[CBX_TENSOR_SIDES]; /* the first `sides` count; row-major */
    const void *bytes;                /* what is to be written */
    uint64_t begin;                   /* where it was found, counted from the end of the header */
    const cbx_pieces *pieces;         /* what gives the bytes, where they do not lie there; or NULL */
} cbx_tensor;

/* The name of a type, "F32"; how many numbers a tensor has, and how many
 * bytes they take; UINT64_MAX stands for all that is more. */
const char *cbx_tensor_type_name(cbx_tensor_type type);
uint64_t cbx_tensor_count(const cbx_tensor *tensor);
uint64_t cbx_tensor_bytes(const cbx_tensor *tensor);

/* A file whose header was read and checked: every tensor lies where it says, and they fill
 * the file. Zeroed: none. */
typedef struct cbx_safetensors {
    FILE *file;
    const char *path;   /* for the messages, borrowed */
    const char *needed; /* likewise */
    struct json_t *header;
    uint64_t data; /* where the header ends, and the data begins */
    uint64_t data_bytes;
} cbx_safetensors;

/* For the messages, `what` says what `path` is to hold, "weights", and `needed` which tensors
 * the caller needs, "\"w1\" and \"w2\"". Both strings and `path` are borrowed until the file is
 * closed. CBX_MISSING_INPUT: cannot be opened or is no regular file; CBX_BAD_DATA: not
 * safetensors, cut short, offsets out of place, a header of more than 4 MiB; CBX_NO_MEMORY.
 * After a failure *out is zeroed. */
cbx_status cbx_safetensors_open(cbx_safetensors *out, const char *path, const char *what,
                                const char *needed);

/* The same with the `file_bytes` bytes of `file`, which stands at its start and can seek. It
 * is closed with the safetensors, or at once on failure. */
cbx_status cbx_safetensors_open_stream(cbx_safetensors *out, FILE *file, uint64_t file_bytes,
                                       const char *path, const char *needed);

/* Does nothing to a zeroed one. */
void cbx_safetensors_close(cbx_safetensors *from);

/* The string of that name, until the file is closed; NULL: there is none. */
const char *cbx_safetensors_string(const cbx_safetensors *from, const char *key);

/* Finds a tensor of this type with so many sides. CBX_BAD_DATA: there is none, or its bytes
 * are not as many as its shape asks for. */
cbx_status cbx_safetensors_find(const cbx_safetensors *from, const char *name, cbx_tensor_type type,
                                size_t sides, cbx_tensor *out);

/* Whether there is a tensor of that name, of whatever type. */
int cbx_safetensors_has(const cbx_safetensors *from, const char *name);

/* Reads the bytes of a tensor that was found: cbx_tensor_bytes() of them. CBX_MISSING_INPUT,
 * CBX_BAD_DATA. */
cbx_status cbx_safetensors_read(const cbx_safetensors *from, const cbx_tensor *tensor, void *bytes);

/* The same of `size` of its bytes, from the one `begin` on. */
cbx_status cbx_safetensors_read_some(const cbx_safetensors *from, const cbx_tensor *tensor,
                                     uint64_t begin, void *bytes, size_t size);

/* Writes length, header and tensors to `to`, which is open; the first tensor's offset in the
 * file is a multiple of 8. Strings that are not UTF-8 get '?' for every byte beyond
 * ASCII; of those with the same key the last one counts. CBX_CANNOT_WRITE, CBX_NO_MEMORY, and what
 * the tensors' pieces say. */
cbx_status cbx_safetensors_write(cbx_output *to, const cbx_tensor *tensors, size_t tensor_count,
                                 const cbx_setting *strings, size_t string_count);

/* The same, with one more tensor behind the others: "crc32", U32 (1), the checksum that zlib and PNG
 * have, of all the file's bytes before it. At most CBX_CHECKED_TENSORS others. */
enum { CBX_CHECKED_TENSORS = 15 };
cbx_status cbx_safetensors_write_checked(cbx_output *to, const cbx_tensor *tensors,
                                         size_t tensor_count, const cbx_setting *strings,
                                         size_t string_count);

/* Whether a file that was opened is what was written so: reads it through. CBX_BAD_DATA: its last
 * tensor is no checksum, or another one's; CBX_MISSING_INPUT. */
cbx_status cbx_safetensors_check(const cbx_safetensors *from);

#endif
