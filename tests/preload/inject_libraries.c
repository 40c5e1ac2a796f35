/* SPDX-License-Identifier: MIT */
/* libav, zlib, libpng, jansson: calls that fail. */
#define _GNU_SOURCE
#include "inject.h"

#include <jansson.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <png.h>
#include <stdarg.h>
#include <zlib.h>

/* ---- libav ---- */

#define AV(name, parameters, arguments)                                                            \
    INJECT_PLAIN(int, name, parameters, arguments, return AVERROR(ENOMEM))

INJECT_POINTER(const AVCodec *, avcodec_find_encoder_by_name, (const char *n), (n))
INJECT_POINTER(const AVCodec *, avcodec_find_decoder, (enum AVCodecID id), (id))
INJECT_POINTER(AVCodecContext *, avcodec_alloc_context3, (const AVCodec *c), (c))
AV(avcodec_open2, (AVCodecContext * c, const AVCodec *d, AVDictionary **o), (c, d, o))
AV(avcodec_send_frame, (AVCodecContext * c, const AVFrame *f), (c, f))
AV(avcodec_receive_packet, (AVCodecContext * c, AVPacket *p), (c, p))
AV(avcodec_send_packet, (AVCodecContext * c, const AVPacket *p), (c, p))
AV(avcodec_receive_frame, (AVCodecContext * c, AVFrame *f), (c, f))
INJECT_POINTER(AVCodecParameters *, avcodec_parameters_alloc, (void), ())
AV(avcodec_parameters_copy, (AVCodecParameters * a, const AVCodecParameters *b), (a, b))
AV(avcodec_parameters_from_context, (AVCodecParameters * a, const AVCodecContext *b), (a, b))
AV(avcodec_parameters_to_context, (AVCodecContext * a, const AVCodecParameters *b), (a, b))
INJECT_POINTER(AVFrame *, av_frame_alloc, (void), ())
AV(av_frame_get_buffer, (AVFrame * f, int a), (f, a))
INJECT_POINTER(AVPacket *, av_packet_alloc, (void), ())
AV(av_packet_ref, (AVPacket * a, const AVPacket *b), (a, b))
AV(av_new_packet, (AVPacket * p, int n), (p, n))
INJECT_POINTER(void *, av_malloc, (size_t n), (n))
INJECT_POINTER(void *, av_mallocz, (size_t n), (n))
INJECT_POINTER(AVBufferRef *, av_buffer_alloc, (size_t n), (n))
INJECT_POINTER(AVBufferRef *, av_buffer_create,
               (uint8_t * d, size_t n, void (*f)(void *, uint8_t *), void *o, int g),
               (d, n, f, o, g))
INJECT_POINTER(AVBufferRef *, av_buffer_ref, (const AVBufferRef *b), (b))
AV(av_dict_set, (AVDictionary * *d, const char *k, const char *v, int f), (d, k, v, f))
AV(av_dict_set_int, (AVDictionary * *d, const char *k, int64_t v, int f), (d, k, v, f))
AV(av_dict_parse_string, (AVDictionary * *d, const char *t, const char *k, const char *p, int f),
   (d, t, k, p, f))
AV(avformat_alloc_output_context2,
   (AVFormatContext * *c, const AVOutputFormat *f, const char *n, const char *p), (c, f, n, p))
AV(avformat_open_input,
   (AVFormatContext * *c, const char *u, const AVInputFormat *f, AVDictionary **o), (c, u, f, o))
AV(avformat_find_stream_info, (AVFormatContext * c, AVDictionary **o), (c, o))
AV(av_read_frame, (AVFormatContext * c, AVPacket *p), (c, p))
INJECT_POINTER(AVStream *, avformat_new_stream, (AVFormatContext * c, const AVCodec *d), (c, d))
INJECT_POINTER(AVIOContext *, avio_alloc_context,
               (unsigned char *b, int n, int w, void *o, int (*r)(void *, uint8_t *, int),
                int (*p)(void *, uint8_t *, int), int64_t (*s)(void *, int64_t, int)),
               (b, n, w, o, r, p, s))
AV(avio_open, (AVIOContext * *c, const char *u, int f), (c, u, f))
AV(avformat_write_header, (AVFormatContext * c, AVDictionary **o), (c, o))
AV(av_write_frame, (AVFormatContext * c, AVPacket *p), (c, p))
AV(av_write_trailer, (AVFormatContext * c), (c))

/* ---- zlib, libpng, jansson ---- */

INJECT_PLAIN(int, inflateInit2_, (z_streamp z, int w, const char *v, int n), (z, w, v, n),
             return Z_MEM_ERROR)
INJECT_PLAIN(int, inflate, (z_streamp z, int f), (z, f), return Z_MEM_ERROR)
INJECT_PLAIN(int, compress2, (Bytef * to, uLongf *n, const Bytef *from, uLong m, int level),
             (to, n, from, m, level), return Z_MEM_ERROR)
INJECT_POINTER(png_structp, png_create_write_struct,
               (png_const_charp v, png_voidp e, png_error_ptr f, png_error_ptr w), (v, e, f, w))
INJECT_POINTER(png_infop, png_create_info_struct, (png_const_structrp p), (p))
INJECT_POINTER(json_t *, json_object, (void), ())
INJECT_POINTER(json_t *, json_array, (void), ())
INJECT_POINTER(json_t *, json_string, (const char *t), (t))
INJECT_POINTER(json_t *, json_integer, (json_int_t v), (v))
INJECT_POINTER(json_t *, json_real, (double v), (v))
INJECT_POINTER(char *, json_dumps, (const json_t *j, size_t f), (j, f))
INJECT_POINTER(json_t *, json_loadb, (const char *t, size_t n, size_t f, json_error_t *e),
               (t, n, f, e))

/* One that fails takes what "o" gives it, too. */
json_t *json_pack(const char *format, ...) {
    static inject_counter *on;
    va_list arguments;
    if (!on) {
        on = inject_find("json_pack");
    }
    const int fails = inject_is_program(__builtin_return_address(0)) && inject_fails(on);
    va_start(arguments, format);
    json_t *packed = json_vpack_ex(NULL, 0, format, arguments);
    va_end(arguments);
    if (fails) {
        json_decref(packed);
    }
    return fails ? NULL : packed;
}
