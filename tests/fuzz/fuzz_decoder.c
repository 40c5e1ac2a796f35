/* SPDX-License-Identifier: MIT */
/* Any bytes as samples of H.264, which a device's encoder may have got wrong: width and height in
 * fours, then each sample behind its size of two bytes. Those that decode fill all planes, and no more;
 * the others leave a sentence, and the next sample may follow. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "film/decoder.h"
#include "film/library.h"

enum { FPS = 70 };
static const uint32_t most_fours = 32;

static void decode(cbx_decoder *decoder, fuzz_bytes *from, uint8_t *planes) {
    size_t bytes = (size_t)fuzz_take(from) << 8;
    bytes += fuzz_take(from);
    bytes = bytes < from->left ? bytes : from->left;
    uint8_t *sample = fuzz_allocate(bytes);
    memcpy(sample, from->at, bytes);
    from->at += bytes;
    from->left -= bytes;
    fuzz_begin();
    const cbx_status status = cbx_decoder_decode(decoder, sample, bytes, planes);
    fuzz_require_told(status);
    FUZZ_REQUIRE(status == CBX_OK || status == CBX_BAD_DATA);
    free(sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    fuzz_bytes from = {bytes, size};
    cbx_stream stream = {.fps = FPS};
    cbx_decoder *decoder;
    cbx_film_silence_libav();
    stream.width = 4 * (1 + fuzz_take(&from) % most_fours);
    stream.height = 4 * (1 + fuzz_take(&from) % most_fours);
    stream.chroma_qp_offset = fuzz_take(&from) % 25 - 12;
    FUZZ_REQUIRE(cbx_decoder_open(&decoder, &stream) == CBX_OK);
    uint8_t *planes = fuzz_allocate((size_t)stream.width * stream.height * 3 / 2);
    for (int i = 0; i < 16 && from.left > 0; i++) {
        decode(decoder, &from, planes);
    }
    free(planes);
    cbx_decoder_close(decoder);
    return 0;
}
