/* SPDX-License-Identifier: MIT */
/* host/film/nal and parameter_sets: what is written, bit by bit, and what libavcodec reads. */
#include "support/test.h"

#include <libavcodec/avcodec.h>
#if LIBAVCODEC_VERSION_MAJOR >= 59
#include <libavcodec/bsf.h>
#endif
#include <stdio.h>
#include <string.h>

#include "film/coding.h"
#include "film/nal.h"
#include "film/parameter_sets.h"
#include "support/avc_stream.h"

enum { CONSTRAINED_BASELINE = 66 | 1 << 9 }; /* libavcodec's profile */

static const cbx_stream small = {.width = 224, .height = 224, .fps = 70};

static const cbx_level *level_of(const cbx_stream *stream) {
    return cbx_level_of(stream->width, stream->height, stream->fps, NULL);
}

/* ---- bits ---- */

/* The bits, "0" and "1"; all else is left out. */
static blob packed(const char *bits) {
    blob out = {NULL, 0};
    uint8_t byte = 0;
    unsigned filled = 0;
    for (; *bits; bits++) {
        if (*bits == '0' || *bits == '1') {
            byte = (uint8_t)(byte << 1 | (*bits == '1'));
            if (++filled == 8) {
                blob_add(&out, &byte, 1);
                filled = 0;
            }
        }
    }
    assert_int_equal(filled, 0);
    return out;
}

static void assert_bytes(const uint8_t *got, size_t size, blob expected) {
    assert_int_equal(size, expected.size);
    assert_memory_equal(got, expected.bytes, size);
    blob_free(&expected);
}

static void codes_are_the_standards(void **state) {
    uint8_t bytes[64];
    cbx_nal nal;
    (void)state;
    cbx_nal_begin(&nal, bytes, 0x65);
    for (uint32_t i = 0; i <= 9; i++) {
        cbx_nal_put_ue(&nal, i);
    }
    cbx_nal_put_ue(&nal, 65534);
    for (int32_t i = -3; i <= 3; i++) {
        cbx_nal_put_se(&nal, i);
    }
    cbx_nal_put(&nal, 0, 7);
    cbx_nal_put(&nal, 3, 0xFFFFFFFD);
    cbx_nal_put(&nal, 32, 0x81234567);
    const size_t size = cbx_nal_end(&nal);
    assert_bytes(bytes, size,
                 packed("01100101 "
                        "1 010 011 00100 00101 00110 00111 0001000 0001001 0001010 "
                        "000000000000000 1111111111111111 "
                        "00111 00101 011 1 010 00100 00110 "
                        "101 10000001001000110100010101100111 1 00"));
}

static void the_longest_code(void **state) {
    uint8_t bytes[16];
    cbx_nal nal;
    (void)state;
    cbx_nal_begin(&nal, bytes, 0x65);
    cbx_nal_put_ue(&nal, 0xFFFFFFFE);
    assert_bytes(bytes, cbx_nal_end(&nal),
                 packed("01100101 00000000 00000000 00000011 00000000 "
                        "0000000 11111111111111111111111111111111 1"));
}

static void aligning_fills_with_zeros(void **state) {
    uint8_t bytes[8];
    cbx_nal nal;
    (void)state;
    cbx_nal_begin(&nal, bytes, 0x65);
    cbx_nal_align(&nal);
    assert_int_equal(nal.size, 1);
    cbx_nal_put(&nal, 1, 1);
    cbx_nal_align(&nal);
    cbx_nal_align(&nal);
    assert_bytes(bytes, cbx_nal_end(&nal), packed("01100101 10000000 10000000"));
}

/* At every alignment, no unit has 00 00 00 … 00 00 02 in it, and 00 00 03 only to say what
 * would otherwise be one of these. */
static void no_start_code_is_written(void **state) {
    static const uint8_t payload[] = {0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 1, 0, 0, 0};
    (void)state;
    for (unsigned shift = 0; shift < 8; shift++) {
        uint8_t bytes[64], plain[64];
        size_t kept = 0, zeros = 0;
        cbx_nal nal;
        cbx_nal_begin(&nal, bytes, 0x65);
        cbx_nal_put(&nal, shift, 0);
        for (size_t i = 0; i < sizeof payload; i++) {
            cbx_nal_put(&nal, 8, payload[i]);
        }
        const size_t size = cbx_nal_end(&nal);
        for (size_t i = 0; i < size; i++) {
            if (zeros >= 2 && bytes[i] == 3) {
                assert_true(i + 1 == size || bytes[i + 1] <= 3);
                zeros = 0;
                continue;
            }
            assert_true(zeros < 2 || bytes[i] > 3);
            zeros = bytes[i] ? 0 : zeros + 1;
            plain[kept++] = bytes[i];
        }
        assert_int_equal(kept, 1 + sizeof payload + 1);
        for (size_t i = 0; i < sizeof payload; i++) {
            const unsigned pair = (unsigned)plain[1 + i] << 8 | plain[2 + i];
            assert_int_equal((uint8_t)(pair >> (8 - shift)), payload[i]);
        }
    }
}

static void the_record_by_hand(void **state) {
    uint8_t bytes[CBX_AVCC_MOST];
    (void)state;
    const size_t size = cbx_avcc_write(bytes, &small, level_of(&small));
    blob expected = packed("00000001 01000010 11000000 00010101 11111111 11100001");
    blob sets[2] = {
        packed("01100111 01000010 11000000 00010101 "       /* Constrained Baseline, level 2.1 */
               "1 00101 011 010 0 0001110 0001110 1 1 0 1 " /* 14 by 14 macroblocks */
               "1 00000001 0 1 101 0 1 00000001 00000001 00000001 0 "
               "1 00000000 00000000 00000000 00000001 00000000 00000000 00000000 10001100 1 "
               "0 0 0 1 1 1 1 0001010 0001010 1 010 1 0000"),
        packed("01101000 1 1 0 0 1 1 1 0 00 1 1 1 1 0 0 1 0000000")};
    uint8_t plain[64];
    size_t kept = 0, zeros = 0, at = 6;
    for (size_t i = 0; i < sets[0].size; i++) { /* with what keeps start codes out */
        if (zeros >= 2 && sets[0].bytes[i] <= 3) {
            plain[kept++] = 3;
            zeros = 0;
        }
        plain[kept++] = sets[0].bytes[i];
        zeros = sets[0].bytes[i] ? 0 : zeros + 1;
    }
    assert_true(kept > sets[0].size);
    assert_memory_equal(bytes, expected.bytes, at);
    assert_int_equal(bytes[at] << 8 | bytes[at + 1], kept);
    assert_memory_equal(bytes + at + 2, plain, kept);
    at += 2 + kept;
    assert_int_equal(bytes[at], 1);
    assert_int_equal(bytes[at + 1] << 8 | bytes[at + 2], sets[1].size);
    assert_bytes(bytes + at + 3, size - at - 3, sets[1]);
    blob_free(&expected);
    blob_free(&sets[0]);
}

static void a_level_changes_two_bytes(void **state) {
    (void)state;
    for (size_t i = 0; i < CBX_LEVELS; i++) {
        uint8_t first[CBX_AVCC_MOST], other[CBX_AVCC_MOST];
        const size_t size = cbx_avcc_write(first, &small, &cbx_levels[0]);
        assert_int_equal(cbx_avcc_write(other, &small, &cbx_levels[i]), size);
        for (size_t at = 0; at < size; at++) {
            assert_true(first[at] == other[at] || at == 3 || at == 11);
        }
        assert_int_equal(other[3], cbx_levels[i].idc);
        assert_int_equal(other[11], cbx_levels[i].idc);
    }
}

/* ---- libavcodec ---- */

static AVCodecContext *open_decoder(const cbx_stream *stream) {
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    AVCodecContext *context = avcodec_alloc_context3(codec);
    assert_non_null(context);
    context->extradata = av_mallocz(CBX_AVCC_MOST + AV_INPUT_BUFFER_PADDING_SIZE);
    assert_non_null(context->extradata);
    context->extradata_size = (int)cbx_avcc_write(context->extradata, stream, level_of(stream));
    context->thread_count = 1;
    context->err_recognition = AV_EF_CAREFUL | AV_EF_EXPLODE;
    assert_true(avcodec_open2(context, codec, NULL) >= 0);
    return context;
}

/* Every sample gives its picture at once. */
static void decode(AVCodecContext *context, AVFrame *frame, blob sample) {
    AVPacket *packet = av_packet_alloc();
    assert_non_null(packet);
    assert_int_equal(av_new_packet(packet, (int)sample.size), 0);
    memcpy(packet->data, sample.bytes, sample.size);
    assert_int_equal(avcodec_send_packet(context, packet), 0);
    assert_int_equal(avcodec_receive_frame(context, frame), 0);
    av_packet_free(&packet);
    blob_free(&sample);
}

static void check_description(const cbx_stream *stream) {
    AVCodecContext *context = open_decoder(stream);
    AVFrame *frame = av_frame_alloc();
    assert_non_null(frame);
    decode(context, frame, avc_grey(stream, 0));
    assert_int_equal(frame->width, stream->width);
    assert_int_equal(frame->height, stream->height);
    assert_int_equal(frame->format, AV_PIX_FMT_YUV420P);
    assert_int_equal(frame->data[0][0], 128);
    assert_int_equal(context->coded_width, (stream->width + 15) / 16 * 16);
    assert_int_equal(context->coded_height, (stream->height + 15) / 16 * 16);
    assert_int_equal(context->profile, CONSTRAINED_BASELINE);
    assert_int_equal(context->level, level_of(stream)->idc);
    assert_int_equal(context->refs, 1);
    assert_int_equal(context->has_b_frames, 0);
    assert_int_equal(context->sample_aspect_ratio.num, 1);
    assert_int_equal(context->sample_aspect_ratio.den, 1);
    assert_int_equal(context->color_range, AVCOL_RANGE_MPEG);
    assert_int_equal(context->color_primaries, AVCOL_PRI_BT709);
    assert_int_equal(context->color_trc, AVCOL_TRC_BT709);
    assert_int_equal(context->colorspace, AVCOL_SPC_BT709);
    assert_int_equal(context->framerate.num, stream->fps);
    assert_int_equal(context->framerate.den, 1);
    decode(context, frame, avc_skip(stream, 1));
    decode(context, frame, avc_skip(stream, 2));
    decode(context, frame, avc_grey(stream, 1));
    decode(context, frame, avc_skip(stream, 1));
    assert_int_equal(frame->data[0][0], 128);
    av_frame_free(&frame);
    avcodec_free_context(&context);
}

static void libavcodec_agrees(void **state) {
    static const cbx_stream streams[] = {
        {224, 224, 70, 0},    {896, 896, 70, 0},     {1792, 1792, 70, 0}, {2296, 2296, 70, 0},
        {3584, 3584, 70, 0},  {28, 28, 70, 0},       {56, 28, 1, -12},    {168, 196, 24, 12},
        {84, 112, 25, 1},     {644, 588, 1000, -1},  {2, 2, 70, 0},       {2, 30, 30, 0},
        {4096, 2304, 50, 0},  {16, 4096, 999, 0},    {1920, 1080, 60, 6}, {7168, 7168, 1, 0},
        {16254, 336, 7, -12}, {336, 16254, 128, -2}, {5960, 5960, 70, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        check_description(&streams[i]);
    }
    for (uint32_t side = 2; side <= 66; side += 2) {
        const cbx_stream stream = {side, 68 - side, side, 0};
        check_description(&stream);
    }
}

static void every_sample_is_decoded(void **state) {
    const cbx_stream stream = {.width = 38, .height = 50, .fps = 70};
    uint8_t planes[38 * 50 * 3 / 2];
    AVCodecContext *context = open_decoder(&stream);
    AVFrame *frame = av_frame_alloc();
    (void)state;
    assert_non_null(frame);
    for (size_t i = 0; i < sizeof planes; i++) {
        planes[i] = (uint8_t)(i % 7 < 4 ? 0 : i * i / 5); /* runs of zeros among anything */
    }
    decode(context, frame, avc_pcm(&stream, planes, 0));
    const uint8_t *expected = planes;
    for (int plane = 0; plane < 3; plane++) {
        const size_t width = plane ? 19 : 38;
        for (int y = 0; y < (plane ? 25 : 50); y++, expected += width) {
            assert_memory_equal(frame->data[plane] + y * frame->linesize[plane], expected, width);
        }
    }
    av_frame_free(&frame);
    avcodec_free_context(&context);
}

/* ---- libavcodec's list of the syntax elements ---- */

static char traced[1 << 16];

/* Adds the line to `traced`. */
static void trace(void *context, int level, const char *format, va_list arguments) {
    const size_t used = strlen(traced);
    (void)context;
    if (level == AV_LOG_INFO) {
        vsnprintf(traced + used, sizeof traced - used, format, arguments);
    }
}

/* The number behind the element's name in a line like "104  name  bits = number". */
static long element(const char *name) {
    char padded[64];
    snprintf(padded, sizeof padded, " %s ", name);
    const char *line = strstr(traced, padded);
    if (!line) {
        fail_msg("%s was not read", name);
        return 0;
    }
    return strtol(strchr(line, '=') + 1, NULL, 10);
}

static int trace_headers(const cbx_stream *stream) {
    const AVBitStreamFilter *filter = av_bsf_get_by_name("trace_headers");
    AVBSFContext *context = NULL;
    if (!filter) {
        return 0;
    }
    assert_true(av_bsf_alloc(filter, &context) >= 0);
    context->par_in->codec_id = AV_CODEC_ID_H264;
    context->par_in->codec_type = AVMEDIA_TYPE_VIDEO;
    context->par_in->extradata = av_mallocz(CBX_AVCC_MOST + AV_INPUT_BUFFER_PADDING_SIZE);
    assert_non_null(context->par_in->extradata);
    context->par_in->extradata_size =
        (int)cbx_avcc_write(context->par_in->extradata, stream, level_of(stream));
    traced[0] = '\0';
    av_log_set_callback(trace);
    const int error = av_bsf_init(context);
    av_log_set_callback(av_log_default_callback);
    av_bsf_free(&context);
    assert_true(error >= 0);
    return 1;
}

static void every_element_is_as_it_should(void **state) {
    static const struct {
        const char *name;
        long value;
    } elements[] = {
        {"profile_idc", 66},
        {"constraint_set0_flag", 1},
        {"constraint_set1_flag", 1},
        {"constraint_set2_flag", 0},
        {"constraint_set3_flag", 0},
        {"constraint_set4_flag", 0},
        {"constraint_set5_flag", 0},
        {"level_idc", 30},
        {"log2_max_frame_num_minus4", CBX_FRAME_NUM_BITS - 4},
        {"pic_order_cnt_type", 2},
        {"max_num_ref_frames", 1},
        {"gaps_in_frame_num_allowed_flag", 0},
        {"pic_width_in_mbs_minus1", 40},
        {"pic_height_in_map_units_minus1", 36},
        {"frame_mbs_only_flag", 1},
        {"direct_8x8_inference_flag", 1},
        {"frame_cropping_flag", 1},
        {"frame_crop_left_offset", 0},
        {"frame_crop_right_offset", 6},
        {"frame_crop_top_offset", 0},
        {"frame_crop_bottom_offset", 2},
        {"aspect_ratio_idc", 1},
        {"overscan_info_present_flag", 0},
        {"video_format", 5},
        {"video_full_range_flag", 0},
        {"colour_primaries", 1},
        {"transfer_characteristics", 1},
        {"matrix_coefficients", 1},
        {"chroma_loc_info_present_flag", 0},
        {"num_units_in_tick", 1},
        {"time_scale", 48},
        {"fixed_frame_rate_flag", 1},
        {"nal_hrd_parameters_present_flag", 0},
        {"vcl_hrd_parameters_present_flag", 0},
        {"pic_struct_present_flag", 0},
        {"motion_vectors_over_pic_boundaries_flag", 1},
        {"max_num_reorder_frames", 0},
        {"max_dec_frame_buffering", 1},
        {"entropy_coding_mode_flag", 0},
        {"num_slice_groups_minus1", 0},
        {"num_ref_idx_l0_default_active_minus1", 0},
        {"weighted_pred_flag", 0},
        {"weighted_bipred_idc", 0},
        {"pic_init_qp_minus26", CBX_INITIAL_QP - 26},
        {"pic_init_qs_minus26", 0},
        {"chroma_qp_index_offset", -12},
        {"deblocking_filter_control_present_flag", 1},
        {"constrained_intra_pred_flag", 0},
        {"redundant_pic_cnt_present_flag", 0},
    };
    cbx_stream stream = {644, 588, 24, -12};
    (void)state;
    if (!trace_headers(&stream)) {
        print_message("libavcodec has no trace_headers\n");
        skip();
    }
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        assert_int_equal(element(elements[i].name), elements[i].value);
    }
    for (stream.chroma_qp_offset = -12; stream.chroma_qp_offset <= 12; stream.chroma_qp_offset++) {
        assert_true(trace_headers(&stream));
        assert_int_equal(element("chroma_qp_index_offset"), stream.chroma_qp_offset);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_the_standards),
        cmocka_unit_test(the_longest_code),
        cmocka_unit_test(aligning_fills_with_zeros),
        cmocka_unit_test(no_start_code_is_written),
        cmocka_unit_test(the_record_by_hand),
        cmocka_unit_test(a_level_changes_two_bytes),
        cmocka_unit_test(libavcodec_agrees),
        cmocka_unit_test(every_sample_is_decoded),
        cmocka_unit_test(every_element_is_as_it_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
