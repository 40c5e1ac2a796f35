/* SPDX-License-Identifier: MIT */
#include "film/nal.h"

/* 00 00 is followed by nothing below 04: that would look like the start of a unit (7.4.1). */
static void put_byte(cbx_nal *nal, uint8_t byte) {
    if (nal->zeros == 2 && byte <= 3) {
        nal->bytes[nal->size++] = 3;
        nal->zeros = 0;
    }
    nal->bytes[nal->size++] = byte;
    nal->zeros = byte == 0 ? nal->zeros + 1 : 0;
}

void cbx_nal_begin(cbx_nal *nal, uint8_t *bytes, uint8_t head) {
    *nal = (cbx_nal){.bytes = bytes};
    put_byte(nal, head);
}

static void put_bit(cbx_nal *nal, unsigned bit) {
    nal->next = nal->next << 1 | bit;
    if (++nal->filled == 8) {
        put_byte(nal, (uint8_t)nal->next);
        nal->filled = 0;
    }
}

void cbx_nal_put(cbx_nal *nal, unsigned n, uint32_t value) {
    while (n-- > 0) {
        put_bit(nal, value >> n & 1);
    }
}

/* As many zeros as value + 1 has bits behind its first, and then that number. */
void cbx_nal_put_ue(cbx_nal *nal, uint32_t value) {
    const uint32_t code = value + 1;
    unsigned behind = 0;
    while (code >> behind > 1) {
        behind++;
    }
    cbx_nal_put(nal, behind, 0);
    cbx_nal_put(nal, behind + 1, code);
}

/* 0, 1, −1, 2, −2 … */
void cbx_nal_put_se(cbx_nal *nal, int32_t value) {
    const int64_t twice = 2 * (int64_t)value;
    cbx_nal_put_ue(nal, (uint32_t)(value > 0 ? twice - 1 : -twice));
}

void cbx_nal_align(cbx_nal *nal) {
    while (nal->filled > 0) {
        put_bit(nal, 0);
    }
}

size_t cbx_nal_end(cbx_nal *nal) {
    put_bit(nal, 1);
    cbx_nal_align(nal);
    return nal->size;
}
