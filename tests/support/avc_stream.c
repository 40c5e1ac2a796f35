/* SPDX-License-Identifier: MIT */
#include "support/avc_stream.h"

#include <string.h>

#include "film/coding.h"
#include "film/nal.h"

enum {
    KEY_SLICE = 0x65, /* nal_ref_idc 3, nal_unit_type 5 */
    SLICE = 0x61,
    P_SLICES = 5, /* slice_type: all of the picture */
    I_SLICES = 7,
    I_PCM = 25,
    I_16X16_DC = 3, /* without a coefficient */
    MACROBLOCK_BYTES = 384,
    LENGTH_BYTES = 4
};

static uint32_t macroblocks(uint32_t pixels) {
    return (pixels + 15) / 16;
}

static size_t macroblocks_of(const cbx_stream *stream) {
    return (size_t)macroblocks(stream->width) * macroblocks(stream->height);
}

/* Up to slice_data(), 7.3.3; `number` is the idr_pic_id or the frame_num. */
static void begin_slice(cbx_nal *nal, blob *sample, int key, uint32_t number) {
    cbx_nal_begin(nal, sample->bytes + LENGTH_BYTES, key ? KEY_SLICE : SLICE);
    cbx_nal_put_ue(nal, 0); /* first_mb_in_slice */
    cbx_nal_put_ue(nal, key ? I_SLICES : P_SLICES);
    cbx_nal_put_ue(nal, 0); /* pic_parameter_set_id */
    cbx_nal_put(nal, CBX_FRAME_NUM_BITS, key ? 0 : number);
    if (key) {
        cbx_nal_put_ue(nal, number);
        cbx_nal_put(nal, 2, 0); /* no_output_of_prior_pics_flag, long_term_reference_flag */
    } else {
        cbx_nal_put(nal, 1, 0); /* num_ref_idx_active_override_flag */
        cbx_nal_put(nal, 1, 0); /* ref_pic_list_modification_flag_l0 */
        cbx_nal_put(nal, 1, 0); /* adaptive_ref_pic_marking_mode_flag */
    }
    cbx_nal_put_se(nal, 0); /* slice_qp_delta */
    cbx_nal_put_ue(nal, 1); /* disable_deblocking_filter_idc */
}

static blob room(size_t bytes) {
    blob sample = {NULL, 0};
    TEST_NEW(sample.bytes, LENGTH_BYTES + 64 + bytes + bytes / 2);
    return sample;
}

static blob end_slice(cbx_nal *nal, blob sample) {
    const size_t size = cbx_nal_end(nal);
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        sample.bytes[i] = (uint8_t)(size >> 8 * (LENGTH_BYTES - 1 - i));
    }
    sample.size = LENGTH_BYTES + size;
    return sample;
}

/* The samples of one macroblock in a plane of (height, width). */
static void put_samples(cbx_nal *nal, const uint8_t *plane, uint32_t width, uint32_t height,
                        uint32_t left, uint32_t top, uint32_t side) {
    for (uint32_t y = top; y < top + side; y++) {
        for (uint32_t x = left; x < left + side; x++) {
            const size_t row = y < height ? y : height - 1, column = x < width ? x : width - 1;
            cbx_nal_put(nal, 8, plane[row * width + column]);
        }
    }
}

blob avc_pcm(const cbx_stream *stream, const uint8_t *planes, uint32_t id) {
    const uint32_t width = stream->width, height = stream->height;
    const uint8_t *cb = planes + (size_t)width * height, *cr = cb + (size_t)width * height / 4;
    blob sample = room(macroblocks_of(stream) * (MACROBLOCK_BYTES + 3));
    cbx_nal nal;
    begin_slice(&nal, &sample, 1, id);
    for (uint32_t y = 0; y < macroblocks(height); y++) {
        for (uint32_t x = 0; x < macroblocks(width); x++) {
            cbx_nal_put_ue(&nal, I_PCM);
            cbx_nal_align(&nal);
            put_samples(&nal, planes, width, height, 16 * x, 16 * y, 16);
            put_samples(&nal, cb, width / 2, height / 2, 8 * x, 8 * y, 8);
            put_samples(&nal, cr, width / 2, height / 2, 8 * x, 8 * y, 8);
        }
    }
    return end_slice(&nal, sample);
}

blob avc_grey(const cbx_stream *stream, uint32_t id) {
    blob sample = room(macroblocks_of(stream));
    cbx_nal nal;
    begin_slice(&nal, &sample, 1, id);
    for (size_t i = macroblocks_of(stream); i > 0; i--) {
        cbx_nal_put_ue(&nal, I_16X16_DC);
        cbx_nal_put_ue(&nal, 0); /* intra_chroma_pred_mode */
        cbx_nal_put_se(&nal, 0); /* mb_qp_delta */
        cbx_nal_put(&nal, 1, 1); /* coeff_token: none */
    }
    return end_slice(&nal, sample);
}

blob avc_skip(const cbx_stream *stream, uint32_t since) {
    blob sample = room(0);
    cbx_nal nal;
    begin_slice(&nal, &sample, 0, since);
    cbx_nal_put_ue(&nal, (uint32_t)macroblocks_of(stream)); /* mb_skip_run */
    return end_slice(&nal, sample);
}
