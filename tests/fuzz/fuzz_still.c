/* SPDX-License-Identifier: MIT */
/* Any bytes as a picture for `predict`: read, and made a digit. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "data/digit.h"
#include "film/library.h"
#include "film/still.h"

/* So that a picture of few bytes and many pixels does not take all the time. */
enum { MOST_PIXELS_FITTED = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    cbx_still still;
    uint8_t digit[CBX_IMAGE_PIXELS];
    cbx_digit_look look;
    cbx_film_silence_libav();
    fuzz_begin();
    const cbx_status status = cbx_still_read(&still, fuzz_file(bytes, size));
    fuzz_require_told(status);
    FUZZ_REQUIRE((status == CBX_OK) == (still.grey != NULL));
    FUZZ_REQUIRE(status == CBX_OK || status == CBX_BAD_DATA || status == CBX_NO_MEMORY);
    const uint64_t pixels = (uint64_t)still.width * still.height;
    FUZZ_REQUIRE(pixels <= CBX_STILL_MOST_PIXELS && (pixels > 0) == (status == CBX_OK));
    if (pixels > 0 && pixels <= MOST_PIXELS_FITTED) {
        const cbx_status fits =
            cbx_digit_fit(still.grey, still.width, still.height, "fuzz", digit, &look);
        fuzz_require_told(fits);
    }
    free(still.grey);
    return 0;
}
