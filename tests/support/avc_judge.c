/* SPDX-License-Identifier: MIT */
#include "support/avc_judge.h"

#include <math.h>
#include <string.h>

#include "avc/avc.h"
#include "film/decoder.h"
#include "support/avc_rebuild.h"
#include "support/test.h"

enum { FPS = 70 };

void avc_free(avc_coded *coded) {
    for (uint32_t i = 0; i < coded->frames && coded->samples; i++) {
        blob_free(&coded->samples[i]);
    }
    free(coded->samples);
    free(coded->meant);
    free(coded->known);
}

/* What a level is worth, in samples of an orthonormal transform. */
static double step_of(int qp) {
    return 0.625 * pow(2, qp / 6.0);
}

/* No coefficient is off by more than 5/4 of what a level is worth, and the transform is all but
 * orthonormal; samples are rounded, too. So are the squares of a block's differences bounded, of
 * whose `side` · `side` samples the picture may have a part. */
static void check_blocks(const uint8_t *got, const uint8_t *expected, uint32_t width,
                         uint32_t height, uint32_t side, double step, const char *what,
                         uint32_t frame) {
    const double most = side * side * (1.25 * 1.25 * step * step + 1);
    for (uint32_t top = 0; top < height; top += side) {
        for (uint32_t left = 0; left < width; left += side) {
            double sum = 0;
            for (uint32_t y = top; y < height && y < top + side; y++) {
                for (uint32_t x = left; x < width && x < left + side; x++) {
                    const int off = got[y * width + x] - expected[y * width + x];
                    sum += off * off;
                }
            }
            if (sum > most) {
                fail_msg("%s: the block at (%u, %u) of frame %u is nothing like the picture: "
                         "squares of %.0f, at most %.0f",
                         what, left, top, frame, sum, most);
            }
        }
    }
}

static void check_quality(const avc_planes *planes, int key, int chroma_is_key, int qp, int key_qp,
                          const uint8_t *seen, uint32_t frame, const char *what) {
    const uint32_t width = planes->width, height = planes->height;
    const size_t luma = (size_t)width * height;
    const int offset = cbx_avc_chroma_qp_offset(planes->chroma_changes);
    uint8_t *given;
    TEST_NEW(given, avc_plane_bytes(planes));
    avc_copy_frame(planes, frame, given);
    check_blocks(seen, given, width, height, CBX_MB, step_of(key ? key_qp : qp), what, frame);
    for (size_t at = luma; at < luma / 2 * 3; at += luma / 4) {
        check_blocks(seen + at, given + at, width / 2, height / 2, CBX_CHROMA_MB,
                     step_of(avc_chroma_qp(chroma_is_key ? key_qp : qp, offset)), what, frame);
    }
    free(given);
}

static void compare(const avc_planes *planes, const uint8_t *seen, const uint8_t *meant,
                    uint32_t frame, const char *what) {
    for (size_t i = 0; i < avc_plane_bytes(planes); i++) {
        if (seen[i] != meant[i]) {
            fail_msg("%s: libavcodec has %u in byte %zu of frame %u, %u is meant", what, seen[i], i,
                     frame, meant[i]);
        }
    }
}

void avc_judge(const avc_planes *planes, const avc_way *way, const avc_coded *coded,
               avc_tally *tally, const char *what) {
    const cbx_stream stream = {planes->width, planes->height, FPS,
                               cbx_avc_chroma_qp_offset(planes->chroma_changes)};
    const size_t bytes = avc_plane_bytes(planes);
    cbx_decoder *decoder;
    uint8_t *seen;
    avc_picture key = {0};
    TEST_NEW(seen, bytes);
    assert_ok(cbx_decoder_open(&decoder, &stream));
    for (uint32_t i = 0; i < coded->frames; i++) {
        const blob *sample = &coded->samples[i];
        const avc_picture picture = avc_read(&stream, sample->bytes, sample->size, tally, NULL);
        const uint32_t place = i % way->group;
        if (cbx_decoder_decode(decoder, sample->bytes, sample->size, seen)) {
            fail_msg("%s: frame %u: %s", what, i, cbx_last_error());
        }
        if (coded->known[i]) {
            compare(planes, seen, coded->meant + i * bytes, i, what);
        }
        assert_int_equal(picture.key, place == 0);
        assert_int_equal(picture.number, place % (1 << CBX_FRAME_NUM_BITS));
        assert_true(picture.key || picture.qp == way->qp);
        assert_true(!picture.key || i == 0 || picture.id != key.id);
        key = picture.key ? picture : key;
        check_quality(planes, picture.key, picture.key || !planes->chroma_changes, way->qp, key.qp,
                      seen, i, what);
    }
    cbx_decoder_close(decoder);
    free(seen);
}

void avc_assert_same(const avc_coded *got, const avc_coded *expected, const char *what) {
    assert_int_equal(got->frames, expected->frames);
    for (uint32_t i = 0; i < got->frames; i++) {
        const blob *a = &got->samples[i], *b = &expected->samples[i];
        if (a->size != b->size || memcmp(a->bytes, b->bytes, a->size) != 0) {
            fail_msg("%s: frame %u has other bytes, %zu instead of %zu", what, i, a->size, b->size);
        }
    }
}
