/* SPDX-License-Identifier: MIT */
/* Any grey levels as a picture of a digit: the first byte is the width. What comes of it is like
 * MNIST's own images: some pixel is white, unless it was taken as it is, all that is not black lies in a
 * box of 20 × 20, and it is a picture of a digit itself. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "data/digit.h"

/* From the first to the last place that is not black, across or down. */
static int extent(const uint8_t *digit, size_t step, size_t along) {
    int first = CBX_IMAGE_SIDE, last = -1;
    for (int i = 0; i < (int)CBX_IMAGE_SIDE; i++) {
        for (size_t j = 0; j < CBX_IMAGE_SIDE; j++) {
            if (digit[(size_t)i * step + j * along] > 0) {
                first = i < first ? i : first;
                last = i;
            }
        }
    }
    return last - first + 1;
}

static void require_a_digit(const uint8_t *digit, const cbx_digit_look *look) {
    uint8_t again[CBX_IMAGE_PIXELS];
    cbx_digit_look other;
    FUZZ_REQUIRE(look->as_it_is || memchr(digit, 255, CBX_IMAGE_PIXELS));
    FUZZ_REQUIRE(extent(digit, 1, CBX_IMAGE_SIDE) <= 20 && extent(digit, CBX_IMAGE_SIDE, 1) <= 20);
    FUZZ_REQUIRE(cbx_digit_fit(digit, CBX_IMAGE_SIDE, CBX_IMAGE_SIDE, "again", again, &other) ==
                 CBX_OK);
    FUZZ_REQUIRE(!look->as_it_is ||
                 (other.as_it_is && memcmp(again, digit, CBX_IMAGE_PIXELS) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    uint8_t digit[CBX_IMAGE_PIXELS];
    cbx_digit_look look;
    if (size < 2) {
        return 0;
    }
    const uint32_t width = bytes[0] > 0 ? bytes[0] : 256;
    const uint32_t height = (uint32_t)(size - 1) / width;
    if (height == 0) {
        return 0;
    }
    /* Of just this size, so that reading beyond its end is seen. */
    uint8_t *grey = fuzz_allocate((size_t)width * height);
    memcpy(grey, bytes + 1, (size_t)width * height);
    fuzz_begin();
    const cbx_status status = cbx_digit_fit(grey, width, height, "fuzz", digit, &look);
    fuzz_require_told(status);
    FUZZ_REQUIRE(status == CBX_OK || status == CBX_BAD_DATA);
    if (status == CBX_OK) {
        require_a_digit(digit, &look);
    }
    free(grey);
    return 0;
}
