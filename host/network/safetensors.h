/* SPDX-License-Identifier: MIT */
/* safetensors: an 8-byte little-endian length, that many bytes of JSON header, then
 * the tensors' bytes, little-endian, without gaps.
 *
 * The header maps each tensor's name to its "dtype", "shape" and "data_offsets"
 * [begin, end), counted from the end of the header; "__metadata__" maps strings to
 * strings. https://github.com/huggingface/safetensors describes the format.
 */
#ifndef CBX_NETWORK_SAFETENSORS_H
#define CBX_NETWORK_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/files.h"
#include "clearbox/network.h"
#include "clearbox/status.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian and are read and written as they lie in memory; \
big-endian machines are not supported"
#endif
_Static_assert(sizeof(float) == 4, "tensors of type F32 are read straight into floats");

#define CBX_SAFETENSORS_LENGTH_BYTES 8
#define CBX_SAFETENSORS_METADATA "__metadata__"

/* Reads a network from the `file_bytes` bytes of `file`, which stands at its start
 * and can seek. `path` is only for the messages. Statuses of cbx_network_load(). */
cbx_status cbx_safetensors_read(cbx_network **out, FILE *file, uint64_t file_bytes,
                                const char *path);

/* Writes length, header and tensors to `to`, which is open; the first tensor's offset in the
 * file is a multiple of 8. Values that are not UTF-8 get '?' for every byte beyond
 * ASCII; of settings with the same key the last one counts. CBX_CANNOT_WRITE,
 * CBX_NO_MEMORY. */
cbx_status cbx_safetensors_write(const cbx_network *network, cbx_output *to,
                                 const cbx_setting *settings, size_t count);

#endif
