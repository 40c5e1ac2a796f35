/* SPDX-License-Identifier: MIT */
/* A second decoder, OpenH264, has every picture that the device has in mind, too: what libavcodec
 * forgives would be noticed. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/avc.h"
#include "support/fixture.h"

#ifdef CBX_TEST_OPENH264

#include <wels/codec_api.h>

#include "clearbox/picture.h"

enum { FPS = 70, LENGTH_BYTES = 4, SEQUENCE_PLACE = 6 };

static const uint8_t start_code[] = {0, 0, 0, 1};

/* ---- the decoder ---- */

static ISVCDecoder *open_decoder(void) {
    const SDecodingParam settings = {
        .eEcActiveIdc = ERROR_CON_DISABLE,
        .sVideoProperty = {.size = sizeof(SVideoProperty), .eVideoBsType = VIDEO_BITSTREAM_AVC}};
    ISVCDecoder *decoder = NULL;
    assert_int_equal(0, WelsCreateDecoder(&decoder));
    assert_int_equal(0, (*decoder)->Initialize(decoder, &settings));
    return decoder;
}

static void close_decoder(ISVCDecoder *decoder) {
    (void)(*decoder)->Uninitialize(decoder);
    WelsDestroyDecoder(decoder);
}

/* NAL units as a stream has them: behind start codes, in place of their lengths. */
static void add_unit(blob *stream, const uint8_t *unit, size_t bytes) {
    blob_add(stream, start_code, sizeof start_code);
    blob_add(stream, unit, bytes);
}

/* Both parameter sets of the record that an mp4 file has. */
static void add_sets(blob *stream, const cbx_stream *what) {
    uint8_t record[CBX_AVCC_MOST];
    const size_t size =
        cbx_avcc_write(record, what, cbx_level_of(what->width, what->height, FPS, NULL));
    const size_t sequence = (size_t)record[SEQUENCE_PLACE] << 8 | record[SEQUENCE_PLACE + 1];
    const size_t picture = SEQUENCE_PLACE + 2 + sequence + 3; /* one, and its size */
    assert_true(picture < size);
    add_unit(stream, record + SEQUENCE_PLACE + 2, sequence);
    add_unit(stream, record + picture, size - picture);
}

static void add_sample(blob *stream, const blob *sample) {
    size_t at = 0;
    while (at < sample->size) {
        const uint8_t *length = sample->bytes + at;
        const size_t bytes =
            (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 | length[3];
        assert_in_range(bytes, 1, sample->size - at - LENGTH_BYTES);
        add_unit(stream, length + LENGTH_BYTES, bytes);
        at += LENGTH_BYTES + bytes;
    }
}

/* ---- comparing ---- */

static void compare_plane(const uint8_t *seen, int pitch, const uint8_t *meant, uint32_t width,
                          uint32_t height, uint32_t frame, const char *what) {
    for (uint32_t y = 0; y < height; y++) {
        if (memcmp(seen + (size_t)y * (size_t)pitch, meant + (size_t)y * width, width) != 0) {
            fail_msg("%s: OpenH264 has another row %u of frame %u than is meant", what, y, frame);
        }
    }
}

static void compare(const avc_planes *planes, unsigned char *const *seen,
                    const SSysMEMBuffer *format, const uint8_t *meant, uint32_t frame,
                    const char *what) {
    const uint32_t width = planes->width, height = planes->height;
    const size_t luma = (size_t)width * height;
    assert_int_equal(format->iWidth, width);
    assert_int_equal(format->iHeight, height);
    compare_plane(seen[0], format->iStride[0], meant, width, height, frame, what);
    for (size_t i = 0; i < 2; i++) {
        compare_plane(seen[1 + i], format->iStride[1], meant + luma + i * luma / 4, width / 2,
                      height / 2, frame, what);
    }
}

static void decode(const avc_planes *planes, const avc_coded *coded, const char *what) {
    const cbx_stream described = {planes->width, planes->height, FPS,
                                  cbx_avc_chroma_qp_offset(planes->chroma_changes)};
    ISVCDecoder *decoder = open_decoder();
    for (uint32_t i = 0; i < coded->frames; i++) {
        unsigned char *seen[3] = {NULL};
        SBufferInfo told = {0};
        blob stream = {0};
        if (i == 0) {
            add_sets(&stream, &described);
        }
        add_sample(&stream, &coded->samples[i]);
        const DECODING_STATE state =
            (*decoder)->DecodeFrameNoDelay(decoder, stream.bytes, (int)stream.size, seen, &told);
        if (state != dsErrorFree || told.iBufferStatus != 1) {
            fail_msg("%s: OpenH264 does not decode frame %u: 0x%x", what, i, (unsigned)state);
        }
        assert_true(coded->known[i]);
        compare(planes, seen, &told.UsrData.sSystemBuffer,
                coded->meant + i * avc_plane_bytes(planes), i, what);
        blob_free(&stream);
    }
    close_decoder(decoder);
}

static void check(avc_kind kind, uint32_t width, uint32_t height, uint32_t frames, int chroma,
                  int qp) {
    const avc_way way = {.qp = qp, .group = 5, .at_a_time = 1, .unwatched = 1};
    avc_planes planes = avc_draw(kind, width, height, frames, chroma, width + (uint64_t)qp);
    avc_coded coded = avc_encode(fixture_device(CBX_FAMILY_AUTO), &planes, &way);
    char what[200];
    snprintf(what, sizeof what, "%s, %u x %u, QP %d, %s chroma", avc_kind_name(kind), width, height,
             qp, chroma ? "new" : "one");
    decode(&planes, &coded, what);
    avc_free(&coded);
    avc_planes_free(&planes);
}

/* ---- the films ---- */

static void every_kind_of_picture(void **state) {
    (void)state;
    for (int kind = 0; kind < AVC_KINDS; kind++) {
        for (int qp = 1; qp <= 51; qp += 5) {
            check((avc_kind)kind, 52, 36, 7, (kind + qp) % 2, qp);
        }
    }
}

static void every_quantiser(void **state) {
    (void)state;
    for (int qp = 1; qp <= 51; qp++) {
        check((avc_kind)(qp % AVC_KINDS), 36, 52, 6, qp % 2, qp);
    }
}

static void every_grid(void **state) {
    (void)state;
    static const uint32_t hidden[] = {1, 3, 37, 64, 100, 130, 257, 1024};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        for (uint32_t scale = 1; scale <= 2; scale++) {
            cbx_grid grid;
            assert_ok(cbx_grid_lay_out(&grid, hidden[i], scale));
            check(i % 2 ? AVC_PATCHES : AVC_FADE, grid.width, grid.height, 6, i % 3 == 0, 23);
        }
    }
}

#endif

int main(void) {
#ifdef CBX_TEST_OPENH264
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_picture),
        cmocka_unit_test(every_quantiser),
        cmocka_unit_test(every_grid),
    };
    return cmocka_run_group_tests_name("OpenH264", tests, fixture_setup, fixture_teardown);
#else
    puts("left out: there was no OpenH264 (Debian: libopenh264-dev) when this was configured");
    return TEST_LEFT_OUT;
#endif
}
