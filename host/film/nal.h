/* SPDX-License-Identifier: MIT */
/* Writing a NAL unit of H.264 bit by bit (7.2, 9.1). */
#ifndef CBX_FILM_NAL_H
#define CBX_FILM_NAL_H

#include <stddef.h>
#include <stdint.h>

/* `bytes` is the caller's, with room for all that comes: 3 bytes where there are 2 zeros. */
typedef struct cbx_nal {
    uint8_t *bytes;
    size_t size;     /* written so far */
    unsigned zeros;  /* how many of them are 0 at the end */
    unsigned next;   /* the byte that is being filled */
    unsigned filled; /* bits of it */
} cbx_nal;

/* Starts with the byte that says nal_ref_idc and nal_unit_type. */
void cbx_nal_begin(cbx_nal *nal, uint8_t *bytes, uint8_t head);

/* u(n), n = 0…32; ue(v), up to 2³² − 2; se(v). */
void cbx_nal_put(cbx_nal *nal, unsigned n, uint32_t value);
void cbx_nal_put_ue(cbx_nal *nal, uint32_t value);
void cbx_nal_put_se(cbx_nal *nal, int32_t value);

/* Fills the byte up with zeros, for what begins at a whole one. */
void cbx_nal_align(cbx_nal *nal);

/* Writes the stop bit and what fills the last byte. Returns the unit's size. */
size_t cbx_nal_end(cbx_nal *nal);

#endif
