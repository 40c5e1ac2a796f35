/* SPDX-License-Identifier: MIT */
/* Any numbers as what a stream is: its parameter sets keep within their room, a NAL unit that has
 * any bits is read back as they were written, and nothing in it looks like the start of another. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "film/decoder.h"
#include "film/nal.h"
#include "clearbox/film.h"

/* ---- units of any codes ---- */

enum { MOST_CODES = 64, ROOM = 1024 };

typedef struct code {
    uint8_t kind; /* 0 ue, 1 se, 2 align; else u of that many bits less 2 */
    uint32_t value;
} code;

/* Reads what lies behind the first byte of a unit, without the bytes that keep zeros apart. */
typedef struct bits {
    uint8_t bytes[ROOM];
    size_t at, size; /* bits */
} bits;

static void unescape(bits *to, const uint8_t *unit, size_t size) {
    unsigned zeros = 0;
    memset(to, 0, sizeof *to);
    for (size_t i = 1; i < size; i++) {
        FUZZ_REQUIRE(zeros < 2 || unit[i] >= 3);
        if (zeros == 2 && unit[i] == 3) {
            zeros = 0;
            continue;
        }
        to->bytes[to->size++] = unit[i];
        zeros = unit[i] == 0 ? zeros + 1 : 0;
    }
    to->size *= 8;
}

static uint32_t get(bits *from, unsigned n) {
    uint32_t value = 0;
    for (; n > 0; n--, from->at++) {
        FUZZ_REQUIRE(from->at < from->size);
        value = value << 1 | (from->bytes[from->at / 8] >> (7 - from->at % 8) & 1u);
    }
    return value;
}

static uint32_t get_ue(bits *from) {
    unsigned behind = 0;
    while (get(from, 1) == 0) {
        behind++;
    }
    FUZZ_REQUIRE(behind < 32);
    return (uint32_t)(((uint64_t)1 << behind) + get(from, behind) - 1);
}

static int64_t get_se(bits *from) {
    const int64_t number = get_ue(from);
    return number % 2 ? (number + 1) / 2 : -(number / 2);
}

static void put(cbx_nal *nal, code *one) {
    switch (one->kind) {
    case 0:
        one->value = one->value == UINT32_MAX ? 0 : one->value;
        cbx_nal_put_ue(nal, one->value);
        break;
    case 1:
        /* ue ends at 2³² − 2, and so se at ±(2³¹ − 1) */
        one->value = one->value == 0x80000000u ? 0 : one->value;
        cbx_nal_put_se(nal, (int32_t)one->value);
        break;
    case 2:
        cbx_nal_align(nal);
        break;
    default:
        cbx_nal_put(nal, one->kind - 2u, one->value);
    }
}

static void require_read_back(bits *from, const code *one) {
    const unsigned n = one->kind - 2u;
    switch (one->kind) {
    case 0:
        FUZZ_REQUIRE(get_ue(from) == one->value);
        break;
    case 1:
        FUZZ_REQUIRE(get_se(from) == (int32_t)one->value);
        break;
    case 2:
        for (; from->at % 8 > 0;) {
            FUZZ_REQUIRE(get(from, 1) == 0);
        }
        break;
    default:
        FUZZ_REQUIRE(get(from, n) == (n < 32 ? one->value & ((1u << n) - 1) : one->value));
    }
}

static void try_unit(fuzz_bytes *from) {
    uint8_t unit[ROOM];
    code codes[MOST_CODES];
    bits read;
    cbx_nal nal;
    size_t count = 0;
    cbx_nal_begin(&nal, unit, 0x67);
    for (; from->left > 0 && count < MOST_CODES; count++) {
        codes[count].kind = fuzz_take(from) % 35;
        codes[count].value = fuzz_take_32(from);
        put(&nal, &codes[count]);
    }
    const size_t size = cbx_nal_end(&nal);
    FUZZ_REQUIRE(size > 1 && size < ROOM && unit[size - 1] != 0);
    unescape(&read, unit, size);
    for (size_t i = 0; i < count; i++) {
        require_read_back(&read, &codes[i]);
    }
    FUZZ_REQUIRE(get(&read, 1) == 1 && read.size - read.at < 8);
}

/* ---- sets ---- */

/* What the pictures' bytes ask for is a level that is no lower, and two bytes of the sets say it. */
static void try_buffers(fuzz_bytes *from, const cbx_stream *stream, const uint8_t *avcc,
                        size_t size) {
    uint8_t other[CBX_AVCC_MOST];
    cbx_buffers buffers = {.fps = stream->fps};
    size_t differ = 0;
    for (int pictures = fuzz_take(from) % 8; pictures > 0; pictures--) {
        cbx_buffers_add(&buffers, fuzz_take_32(from));
    }
    const cbx_level *level = cbx_level_of(stream->width, stream->height, stream->fps, &buffers);
    FUZZ_REQUIRE(level->idc >= avcc[3]);
    FUZZ_REQUIRE(cbx_avcc_write(other, stream, level) == size);
    for (size_t i = 0; i < size; i++) {
        differ += other[i] != avcc[i];
    }
    FUZZ_REQUIRE(differ == (level->idc == avcc[3] ? 0 : 2));
}

static void try_sets(fuzz_bytes *from) {
    uint8_t *avcc = fuzz_allocate(CBX_AVCC_MOST);
    const cbx_stream stream = {.width = 2 * (1 + fuzz_take_32(from) % 8192),
                               .height = 2 * (1 + fuzz_take_32(from) % 8192),
                               .fps = 1 + fuzz_take_32(from) % CBX_MAX_FPS,
                               .chroma_qp_offset = fuzz_take(from) % 25 - 12};
    const cbx_level *level = cbx_level_of(stream.width, stream.height, stream.fps, NULL);
    FUZZ_REQUIRE(level != NULL);
    const size_t size = cbx_avcc_write(avcc, &stream, level);
    FUZZ_REQUIRE(size > 20 && size <= CBX_AVCC_MOST);
    FUZZ_REQUIRE(avcc[3] == level->idc);
    try_buffers(from, &stream, avcc, size);
    cbx_decoder *decoder;
    FUZZ_REQUIRE(cbx_decoder_open(&decoder, &stream) == CBX_OK);
    cbx_decoder_close(decoder);
    free(avcc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    fuzz_bytes from = {bytes, size};
    try_sets(&from);
    try_unit(&from);
    return 0;
}
