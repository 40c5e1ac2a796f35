/* SPDX-License-Identifier: MIT */
/* The encoded frames of one group. */
#ifndef CBX_FILM_PACKETS_H
#define CBX_FILM_PACKETS_H

#include <libavcodec/avcodec.h>
#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

/* In decoding order; times count frames from the group's first, or where `whole` from the film's. */
typedef struct cbx_packets {
    int whole;
    AVPacket **packets;
    size_t count, capacity;
} cbx_packets;

/* Frees all packets and the list; a zeroed list is allowed. */
void cbx_packets_clear(cbx_packets *packets);

/* Takes over what `packet` holds. CBX_NO_MEMORY. */
cbx_status cbx_packets_append(cbx_packets *packets, AVPacket *packet);

/* Whether they are a closed group of `frames` frames: as many packets, the first and no
 * other a key frame. CBX_NO_ENCODER; `encoder` is its name. */
cbx_status cbx_packets_check(const cbx_packets *packets, uint32_t frames, const char *encoder);

#endif
