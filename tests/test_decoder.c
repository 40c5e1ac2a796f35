/* SPDX-License-Identifier: MIT */
/* host/film/decoder: every sample at once and to the bit, and a sentence for what is damaged. */
#include "support/test.h"

#include <libavcodec/avcodec.h>
#include <limits.h>
#include <string.h>

#include "film/decoder.h"
#include "support/avc_stream.h"

static int missing; /* libavcodec has no decoder */
static int spoken;  /* how often libav had something to say */

const AVCodec *__real_avcodec_find_decoder(enum AVCodecID id);
const AVCodec *__wrap_avcodec_find_decoder(enum AVCodecID id);

const AVCodec *__wrap_avcodec_find_decoder(enum AVCodecID id) {
    return missing ? NULL : __real_avcodec_find_decoder(id);
}

static void listen(void *context, int level, const char *format, va_list arguments) {
    (void)context;
    (void)format;
    (void)arguments;
    spoken += level <= AV_LOG_INFO;
}

static int listen_to_libav(void **state) {
    (void)state;
    av_log_set_callback(listen);
    return 0;
}

static const cbx_stream odd = {.width = 38, .height = 50, .fps = 70};
enum { ODD_BYTES = 38 * 50 * 3 / 2 };

static void fill(uint8_t *planes, size_t size, uint32_t seed) {
    uint32_t x = seed;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525u + 1013904223u;
        planes[i] = (uint8_t)(x >> 30 ? x >> 24 : 0); /* among it runs of zeros */
    }
}

/* Hands a sample over and frees it. */
static cbx_status decode(cbx_decoder *decoder, blob sample, uint8_t *planes) {
    cbx_status status = cbx_decoder_decode(decoder, sample.bytes, sample.size, planes);
    blob_free(&sample);
    return status;
}

static void check_stream(const cbx_stream *stream) {
    const size_t size = (size_t)stream->width * stream->height * 3 / 2;
    uint8_t *planes, *decoded;
    cbx_decoder *decoder;
    TEST_NEW(planes, size);
    TEST_NEW(decoded, size);
    assert_ok(cbx_decoder_open(&decoder, stream));
    for (uint32_t key = 0; key < 3; key++) {
        fill(planes, size, key);
        assert_ok(decode(decoder, avc_pcm(stream, planes, key % 2), decoded));
        assert_memory_equal(decoded, planes, size);
        for (uint32_t since = 1; since < 300; since++) {
            memset(decoded, 1, size);
            assert_ok(decode(decoder, avc_skip(stream, since), decoded));
            assert_memory_equal(decoded, planes, size);
        }
    }
    cbx_decoder_close(decoder);
    free(planes);
    free(decoded);
}

static void planes_come_at_once_and_tight(void **state) {
    static const cbx_stream streams[] = {{38, 50, 70, 0}, {16, 16, 1, 12},   {2, 2, 25, 0},
                                         {28, 56, 70, 0}, {224, 224, 70, 0}, {130, 46, 1000, -12}};
    (void)state;
    spoken = 0;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        check_stream(&streams[i]);
    }
    assert_int_equal(spoken, 0);
}

static void damage_is_told(void **state) {
    uint8_t planes[ODD_BYTES], decoded[ODD_BYTES];
    const cbx_stream lower = {.width = 38, .height = 34, .fps = 70}; /* a row less */
    cbx_decoder *decoder;
    (void)state;
    spoken = 0;
    fill(planes, ODD_BYTES, 7);
    assert_ok(cbx_decoder_open(&decoder, &odd));
    assert_ok(decode(decoder, avc_pcm(&odd, planes, 0), decoded));

    blob half = avc_pcm(&odd, planes, 1);
    half.size = half.size / 2;
    assert_fails(decode(decoder, half, decoded), CBX_BAD_DATA, "finds picture 1 damaged");
    blob longer = avc_grey(&odd, 1);
    longer.bytes[3]++; /* one byte more than there is */
    assert_fails(decode(decoder, longer, decoded), CBX_BAD_DATA, "picture 1 damaged");
    assert_fails(cbx_decoder_decode(decoder, planes, 0, decoded), CBX_BAD_DATA, "damaged");
    const uint8_t delimiter[] = {0, 0, 0, 2, 9, 0xF0};
    assert_fails(cbx_decoder_decode(decoder, delimiter, sizeof delimiter, decoded), CBX_BAD_DATA,
                 "damaged");
    assert_fails(cbx_decoder_decode(decoder, planes, INT_MAX, decoded), CBX_BAD_DATA, "damaged");
    assert_fails(decode(decoder, avc_grey(&lower, 1), decoded), CBX_BAD_DATA, "damaged");

    fill(planes, ODD_BYTES, 8); /* and it goes on */
    assert_ok(decode(decoder, avc_pcm(&odd, planes, 0), decoded));
    assert_memory_equal(decoded, planes, ODD_BYTES);
    cbx_decoder_close(decoder);
    cbx_decoder_close(NULL);
    assert_int_equal(spoken, 0);
}

static void without_a_decoder(void **state) {
    cbx_decoder *decoder = (cbx_decoder *)&missing;
    (void)state;
    missing = 1;
    assert_fails(cbx_decoder_open(&decoder, &odd), CBX_NO_ENCODER, "does not decode H.264");
    assert_null(decoder);
    missing = 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_come_at_once_and_tight),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(without_a_decoder),
    };
    return cmocka_run_group_tests(tests, listen_to_libav, NULL);
}
