/* SPDX-License-Identifier: MIT */
#include "film/parameter_sets.h"

#include "film/coding.h"
#include "film/nal.h"

enum {
    SEQUENCE_SET = 0x67, /* nal_ref_idc 3, nal_unit_type 7 */
    PICTURE_SET = 0x68,
    BASELINE = 66,
    CONSTRAINED = 0xC0, /* constraint_set0_flag, constraint_set1_flag */
    MACROBLOCK_SIDE = 16,
    CROP_UNIT = 2,   /* pixels, for 4:2:0 in frames */
    UNSPECIFIED = 5, /* video_format */
    BT709 = 1,
    SQUARE = 1,          /* aspect_ratio_idc */
    LENGTH_BYTES = 4,    /* in front of each NAL unit */
    MOST_VECTOR_BITS = 9 /* vectors are zero: any number will do */
};

static uint32_t macroblocks(uint32_t pixels) {
    return (pixels + MACROBLOCK_SIDE - 1) / MACROBLOCK_SIDE;
}

static uint32_t crop(uint32_t pixels) {
    return (macroblocks(pixels) * MACROBLOCK_SIDE - pixels) / CROP_UNIT;
}

static void put_size(cbx_nal *nal, const cbx_stream *stream) {
    const uint32_t right = crop(stream->width), bottom = crop(stream->height);
    cbx_nal_put_ue(nal, macroblocks(stream->width) - 1);
    cbx_nal_put_ue(nal, macroblocks(stream->height) - 1);
    cbx_nal_put(nal, 1, 1); /* frame_mbs_only_flag */
    cbx_nal_put(nal, 1, 1); /* direct_8x8_inference_flag */
    cbx_nal_put(nal, 1, right || bottom);
    if (right || bottom) {
        cbx_nal_put_ue(nal, 0);
        cbx_nal_put_ue(nal, right);
        cbx_nal_put_ue(nal, 0);
        cbx_nal_put_ue(nal, bottom);
    }
}

static void put_colours(cbx_nal *nal) {
    cbx_nal_put(nal, 1, 1); /* aspect_ratio_info_present_flag */
    cbx_nal_put(nal, 8, SQUARE);
    cbx_nal_put(nal, 1, 0); /* overscan_info_present_flag */
    cbx_nal_put(nal, 1, 1); /* video_signal_type_present_flag */
    cbx_nal_put(nal, 3, UNSPECIFIED);
    cbx_nal_put(nal, 1, 0);     /* video_full_range_flag */
    cbx_nal_put(nal, 1, 1);     /* colour_description_present_flag */
    cbx_nal_put(nal, 8, BT709); /* colour_primaries */
    cbx_nal_put(nal, 8, BT709); /* transfer_characteristics */
    cbx_nal_put(nal, 8, BT709); /* matrix_coefficients */
    cbx_nal_put(nal, 1, 0);     /* chroma_loc_info_present_flag: as usual, between two rows */
}

/* A tick is half a frame. */
static void put_timing(cbx_nal *nal, uint32_t fps) {
    cbx_nal_put(nal, 1, 1);  /* timing_info_present_flag */
    cbx_nal_put(nal, 32, 1); /* num_units_in_tick */
    cbx_nal_put(nal, 32, 2 * fps);
    cbx_nal_put(nal, 1, 1); /* fixed_frame_rate_flag */
    cbx_nal_put(nal, 1, 0); /* nal_hrd_parameters_present_flag */
    cbx_nal_put(nal, 1, 0); /* vcl_hrd_parameters_present_flag */
    cbx_nal_put(nal, 1, 0); /* pic_struct_present_flag */
}

/* Without these a decoder would hold pictures back, in case they come in another order. */
static void put_restrictions(cbx_nal *nal) {
    cbx_nal_put(nal, 1, 1); /* bitstream_restriction_flag */
    cbx_nal_put(nal, 1, 1); /* motion_vectors_over_pic_boundaries_flag */
    cbx_nal_put_ue(nal, 0); /* max_bytes_per_pic_denom: no limit */
    cbx_nal_put_ue(nal, 0); /* max_bits_per_mb_denom: no limit */
    cbx_nal_put_ue(nal, MOST_VECTOR_BITS);
    cbx_nal_put_ue(nal, MOST_VECTOR_BITS);
    cbx_nal_put_ue(nal, 0); /* max_num_reorder_frames */
    cbx_nal_put_ue(nal, 1); /* max_dec_frame_buffering */
}

/* 7.3.2.1.1 and, from the colours on, E.1.1 */
static size_t write_sequence_set(uint8_t *bytes, const cbx_stream *stream, const cbx_level *level) {
    cbx_nal nal;
    cbx_nal_begin(&nal, bytes, SEQUENCE_SET);
    cbx_nal_put(&nal, 8, BASELINE);
    cbx_nal_put(&nal, 8, CONSTRAINED);
    cbx_nal_put(&nal, 8, level->idc);
    cbx_nal_put_ue(&nal, 0); /* seq_parameter_set_id */
    cbx_nal_put_ue(&nal, CBX_FRAME_NUM_BITS - 4);
    cbx_nal_put_ue(&nal, 2); /* pic_order_cnt_type: as they are decoded */
    cbx_nal_put_ue(&nal, 1); /* max_num_ref_frames */
    cbx_nal_put(&nal, 1, 0); /* gaps_in_frame_num_value_allowed_flag */
    put_size(&nal, stream);
    cbx_nal_put(&nal, 1, 1); /* vui_parameters_present_flag */
    put_colours(&nal);
    put_timing(&nal, stream->fps);
    put_restrictions(&nal);
    return cbx_nal_end(&nal);
}

/* 7.3.2.2 */
static size_t write_picture_set(uint8_t *bytes, const cbx_stream *stream) {
    cbx_nal nal;
    cbx_nal_begin(&nal, bytes, PICTURE_SET);
    cbx_nal_put_ue(&nal, 0); /* pic_parameter_set_id */
    cbx_nal_put_ue(&nal, 0); /* seq_parameter_set_id */
    cbx_nal_put(&nal, 1, 0); /* entropy_coding_mode_flag: CAVLC */
    cbx_nal_put(&nal, 1, 0); /* bottom_field_pic_order_in_frame_present_flag */
    cbx_nal_put_ue(&nal, 0); /* num_slice_groups_minus1 */
    cbx_nal_put_ue(&nal, 0); /* num_ref_idx_l0_default_active_minus1 */
    cbx_nal_put_ue(&nal, 0); /* num_ref_idx_l1_default_active_minus1 */
    cbx_nal_put(&nal, 1, 0); /* weighted_pred_flag */
    cbx_nal_put(&nal, 2, 0); /* weighted_bipred_idc */
    cbx_nal_put_se(&nal, CBX_INITIAL_QP - 26);
    cbx_nal_put_se(&nal, 0); /* pic_init_qs_minus26 */
    cbx_nal_put_se(&nal, stream->chroma_qp_offset);
    cbx_nal_put(&nal, 1, 1); /* deblocking_filter_control_present_flag */
    cbx_nal_put(&nal, 1, 0); /* constrained_intra_pred_flag */
    cbx_nal_put(&nal, 1, 0); /* redundant_pic_cnt_present_flag */
    return cbx_nal_end(&nal);
}

/* Puts the size of a set in the two bytes before it. Returns the size of all. */
static size_t say_size(uint8_t *bytes, size_t size) {
    bytes[0] = (uint8_t)(size >> 8);
    bytes[1] = (uint8_t)size;
    return 2 + size;
}

/* ISO/IEC 14496-15, AVCDecoderConfigurationRecord; bits that mean nothing are ones. */
size_t cbx_avcc_write(uint8_t bytes[CBX_AVCC_MOST], const cbx_stream *stream,
                      const cbx_level *level) {
    size_t size = 0;
    bytes[size++] = 1; /* version */
    bytes[size++] = BASELINE;
    bytes[size++] = CONSTRAINED;
    bytes[size++] = level->idc;
    bytes[size++] = 0xFC | (LENGTH_BYTES - 1);
    bytes[size++] = 0xE0 | 1; /* one set for the sequence */
    size += say_size(bytes + size, write_sequence_set(bytes + size + 2, stream, level));
    bytes[size++] = 1; /* one for its pictures */
    return size + say_size(bytes + size, write_picture_set(bytes + size + 2, stream));
}
