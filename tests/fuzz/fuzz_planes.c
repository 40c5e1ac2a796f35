/* SPDX-License-Identifier: MIT */
/* Any bytes as the planes of a small film: the kernels encode them, on both families, and libavcodec
 * decodes what they meant. Five bytes say width and height in fours, frames, quantiser, group and
 * how many frames come at a time; the others are the first frame's planes, and then changes: a
 * place and a byte. Needs a device. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "support/avc.h"
#include "support/fixture.h"

static const uint32_t most_fours = 16, most_frames = 8;

/* A change sets some samples in a row, in `luma` or the chroma of a frame. */
static void change(fuzz_bytes *from, uint8_t *plane, size_t bytes) {
    for (int changes = fuzz_take(from) % 16; changes > 0 && from->left > 0; changes--) {
        size_t at = (size_t)fuzz_take(from) << 8;
        at = (at + fuzz_take(from)) % bytes;
        const size_t room = bytes - at, count = 1 + fuzz_take(from) % 64u;
        memset(plane + at, fuzz_take(from), count < room ? count : room);
    }
}

/* The first frame's bytes, again and again where they are few. */
static void fill(fuzz_bytes *from, uint8_t *plane, size_t bytes) {
    const size_t count = from->left < bytes ? from->left : bytes;
    for (size_t i = 0; i < bytes; i++) {
        plane[i] = count > 0 ? from->at[i % count] : 0;
    }
    from->at += count;
    from->left -= count;
}

static void draw(fuzz_bytes *from, avc_planes *planes) {
    const size_t luma = (size_t)planes->width * planes->height, chroma = luma / 2;
    for (uint32_t i = 0; i < planes->frames; i++) {
        uint8_t *y = planes->luma + i * luma, *c = planes->chroma + i * chroma;
        if (i == 0) {
            fill(from, y, luma);
            fill(from, c, chroma);
            continue;
        }
        memcpy(y, y - luma, luma);
        change(from, y, luma);
        if (planes->chroma_changes) {
            memcpy(c, c - chroma, chroma);
            change(from, c, chroma);
        }
    }
}

static void open_devices(void) {
    static int opened;
    if (!opened++) {
        void *state = NULL;
        FUZZ_REQUIRE(fixture_setup(&state) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    fuzz_bytes from = {bytes, size};
    avc_tally tally = {0};
    avc_planes planes = {0};
    open_devices();
    planes.width = 4 * (1 + fuzz_take(&from) % most_fours);
    planes.height = 4 * (1 + fuzz_take(&from) % most_fours);
    const uint8_t how = fuzz_take(&from);
    planes.frames = 1 + how % most_frames;
    planes.chroma_changes = how >> 7;
    const int qp = 1 + fuzz_take(&from) % 51;
    const uint8_t groups = fuzz_take(&from);
    planes.luma = fuzz_allocate((size_t)planes.frames * planes.width * planes.height);
    planes.chroma = fuzz_allocate((size_t)planes.frames * planes.width * planes.height / 2);
    draw(&from, &planes);
    avc_check(&planes, qp, 1 + groups % 6u, 1 + groups / 6 % 5u, &tally, "fuzz");
    avc_planes_free(&planes);
    return 0;
}
