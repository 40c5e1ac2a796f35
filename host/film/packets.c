/* SPDX-License-Identifier: MIT */
#include "film/packets.h"

#include <stdlib.h>

#include "base/error.h"

void cbx_packets_clear(cbx_packets *packets) {
    for (size_t i = 0; i < packets->count; i++) {
        av_packet_free(&packets->packets[i]);
    }
    free(packets->packets);
    *packets = (cbx_packets){0};
}

cbx_status cbx_packets_append(cbx_packets *packets, AVPacket *packet) {
    if (packets->count == packets->capacity) {
        size_t capacity = packets->capacity ? 2 * packets->capacity : 64;
        AVPacket **grown = realloc(packets->packets, capacity * sizeof *grown);
        if (!grown) {
            return cbx_fail(CBX_NO_MEMORY, "no memory for %zu encoded frames", capacity);
        }
        packets->packets = grown;
        packets->capacity = capacity;
    }
    AVPacket *kept = av_packet_alloc();
    if (!kept) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for an encoded frame");
    }
    av_packet_move_ref(kept, packet);
    packets->packets[packets->count++] = kept;
    return CBX_OK;
}

cbx_status cbx_packets_check(const cbx_packets *packets, uint32_t frames, const char *encoder) {
    if (packets->count != frames) {
        return cbx_fail(CBX_NO_ENCODER, "%s made %zu pictures of %u frames", encoder,
                        packets->count, frames);
    }
    for (size_t i = 0; i < packets->count; i++) {
        int key = (packets->packets[i]->flags & AV_PKT_FLAG_KEY) != 0;
        if (key != (i == 0)) {
            return cbx_fail(CBX_NO_ENCODER, "%s %s at frame %zu of a group", encoder,
                            key ? "put a key frame" : "put no key frame", i);
        }
    }
    return CBX_OK;
}
