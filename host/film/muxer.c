/* SPDX-License-Identifier: MIT */
#include "film/muxer.h"

#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { DIRECT_BYTES = 64 * 1024, HEAD_BYTES = 4096 };

struct cbx_muxer {
    cbx_output output;
    AVFormatContext *format;
    AVClass quiet; /* the class of `format`, see silence() */
    AVPacket *packet;
    AVRational frame; /* the duration of a frame in seconds: 1/fps */
    int64_t frames;   /* written so far */
};

static cbx_status write_failure(const cbx_muxer *muxer, int error) {
    return cbx_fail(error == AVERROR(ENOMEM) ? CBX_NO_MEMORY : CBX_CANNOT_WRITE,
                    "cannot write %s: %s", muxer->output.path, av_err2str(error));
}

/* libavformat announces the second pass of faststart on stderr, and unlike a codec
 * context its context has no log_level_offset. So it gets a copy of its class that
 * names as such a field which only demuxers read. This way nothing that the whole
 * process shares, like av_log_set_level(), has to be touched. */
static void silence(cbx_muxer *muxer) {
    muxer->quiet = *muxer->format->av_class;
    muxer->quiet.log_level_offset_offset = (int)offsetof(AVFormatContext, fps_probe_size);
    muxer->format->fps_probe_size = 2 * AV_LOG_TRACE;
    muxer->format->av_class = &muxer->quiet;
}

/* A pipe or a device is open already, and to be opened once. */
#if LIBAVFORMAT_VERSION_MAJOR >= 61
static int write_direct(void *opaque, const uint8_t *bytes, int size) {
#else
static int write_direct(void *opaque, uint8_t *bytes, int size) {
#endif
    cbx_output *output = opaque;

    cbx_output_write(output, bytes, (size_t)size);
    (void)cbx_output_flush(output);
    return output->error ? AVERROR(output->error) : size;
}

static int open_direct(cbx_muxer *muxer) {
    uint8_t *buffer = av_malloc(DIRECT_BYTES);

    if (buffer) {
        muxer->format->pb =
            avio_alloc_context(buffer, DIRECT_BYTES, 1, &muxer->output, NULL, write_direct, NULL);
    }
    if (!muxer->format->pb) {
        av_free(buffer);
        return AVERROR(ENOMEM);
    }
    return 0;
}

/* Sends what libavformat still holds on its way. */
static int close_io(cbx_muxer *muxer) {
    AVFormatContext *format = muxer->format;

    if (!format->pb || cbx_output_is_regular(&muxer->output)) {
        return avio_closep(&format->pb);
    }
    avio_flush(format->pb);
    int error = format->pb->error;
    av_freep(&format->pb->buffer);
    avio_context_free(&format->pb);
    return error;
}

static cbx_status create_format(cbx_muxer *muxer) {
    const char *path = muxer->output.temporary;
    const AVOutputFormat *mp4 = av_guess_format("mp4", NULL, NULL);

    if (!mp4) {
        return cbx_fail(CBX_NO_ENCODER, "the linked libavformat cannot write mp4 files");
    }
    /* The prefix keeps a name like "a:b.mp4" from being read as a protocol. */
    size_t size = strlen(path) + sizeof "file:";
    char *url = malloc(size);
    if (!url) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a file name of %zu bytes", size);
    }
    (void)snprintf(url, size, "file:%s", path);
    int error = avformat_alloc_output_context2(&muxer->format, mp4, NULL, url);
    if (error >= 0) {
        silence(muxer);
        error = cbx_output_is_regular(&muxer->output)
                    ? avio_open(&muxer->format->pb, url, AVIO_FLAG_WRITE)
                    : open_direct(muxer);
    }
    free(url);
    if (error < 0) {
        return cbx_fail(error == AVERROR(ENOMEM) ? CBX_NO_MEMORY : CBX_CANNOT_CREATE,
                        "cannot create %s: %s", muxer->output.path, av_err2str(error));
    }
    return CBX_OK;
}

static cbx_status add_stream(cbx_muxer *muxer, const AVCodecParameters *parameters) {
    AVStream *stream = avformat_new_stream(muxer->format, NULL);

    muxer->packet = av_packet_alloc();
    if (!stream || !muxer->packet || avcodec_parameters_copy(stream->codecpar, parameters) < 0) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for the film's stream");
    }
    stream->codecpar->codec_tag = 0; /* the mp4 muxer knows: avc1, mp4v */
    stream->time_base = muxer->frame;
    stream->avg_frame_rate = stream->r_frame_rate = av_inv_q(muxer->frame);
    stream->sample_aspect_ratio = (AVRational){1, 1};
    return CBX_OK;
}

/* The muxer refines the stream's time base to a power-of-two multiple of fps, so
 * every frame lasts equally long; the header's clock gets a multiple of fps too. */
static cbx_status write_head(cbx_muxer *muxer) {
    AVDictionary *options = NULL;
    int64_t fps = muxer->frame.den;
    int error = av_dict_set(
        &options, "movflags",
        cbx_output_is_regular(&muxer->output) ? "+faststart" : "+frag_keyframe+empty_moov", 0);

    if (error >= 0) {
        error = av_dict_set_int(&options, "movie_timescale", (999 + fps) / fps * fps, 0);
    }
    if (error >= 0) {
        error = avformat_write_header(muxer->format, &options);
    }
    av_dict_free(&options);
    return error < 0 ? write_failure(muxer, error) : CBX_OK;
}

cbx_status cbx_muxer_open(cbx_muxer **out, cbx_output *output, uint32_t fps,
                          const AVCodecParameters *parameters) {
    cbx_muxer *muxer;

    *out = NULL;
    cbx_status status = cbx_new(&muxer, 1);
    if (status) {
        cbx_output_discard(output);
        return status;
    }
    muxer->frame = (AVRational){1, (int)fps};
    muxer->output = *output;
    *output = (cbx_output){0};
    status = create_format(muxer);
    if (!status) {
        status = add_stream(muxer, parameters);
    }
    if (!status) {
        status = write_head(muxer);
    }
    if (status) {
        cbx_muxer_destroy(muxer);
        return status;
    }
    *out = muxer;
    return CBX_OK;
}

/* Writes muxer->packet, whose times count frames. */
static cbx_status put_packet(cbx_muxer *muxer) {
    AVPacket *packet = muxer->packet;
    packet->stream_index = 0;
    av_packet_rescale_ts(packet, muxer->frame, muxer->format->streams[0]->time_base);
    const int error = av_write_frame(muxer->format, packet);
    return error < 0 ? write_failure(muxer, error) : CBX_OK;
}

cbx_status cbx_muxer_write(cbx_muxer *muxer, const cbx_packets *group) {
    AVPacket *packet = muxer->packet;
    cbx_status status = CBX_OK;

    for (size_t i = 0; i < group->count && !status; i++) {
        const int error = av_packet_ref(packet, group->packets[i]);
        if (error < 0) {
            return write_failure(muxer, error);
        }
        packet->pts += muxer->frames;
        packet->dts += muxer->frames;
        status = put_packet(muxer);
        av_packet_unref(packet);
    }
    muxer->frames += (int64_t)group->count;
    return status;
}

/* libavformat only reads what it is lent. */
cbx_status cbx_muxer_append(cbx_muxer *muxer, const uint8_t *sample, size_t bytes, int key) {
    AVPacket *packet = muxer->packet;
    packet->data = (uint8_t *)(uintptr_t)sample;
    packet->size = (int)bytes;
    packet->pts = packet->dts = muxer->frames++;
    packet->duration = 1;
    packet->flags = key ? AV_PKT_FLAG_KEY : 0;
    const cbx_status status = put_packet(muxer);
    av_packet_unref(packet);
    return status;
}

/* Where `size` bytes that follow an avcC's head are among `count`; `count`: nowhere. */
static size_t find_record(const uint8_t *bytes, size_t count, const uint8_t *record, size_t size) {
    size_t at = 4;
    while (at + size <= count &&
           (memcmp(bytes + at - 4, "avcC", 4) != 0 || memcmp(bytes + at, record, size) != 0)) {
        at++;
    }
    return at + size <= count ? at : count;
}

/* libavformat has no way to change its mind about H.264. The index, which is in front, begins
 * with this. */
static cbx_status replace_extradata(cbx_muxer *muxer, const uint8_t *extradata) {
    const AVCodecParameters *parameters = muxer->format->streams[0]->codecpar;
    const size_t size = (size_t)parameters->extradata_size;
    FILE *file = muxer->output.stream;
    uint8_t head[HEAD_BYTES];

    const size_t count = fread(head, 1, sizeof head, file);
    const size_t at = find_record(head, count, parameters->extradata, size);
    if (at == count || fseek(file, (long)at, SEEK_SET) != 0) {
        return cbx_fail(CBX_CANNOT_WRITE, "cannot write %s: its level is not where it should be",
                        muxer->output.path);
    }
    cbx_output_write(&muxer->output, extradata, size); /* whose failure the commit tells */
    return CBX_OK;
}

cbx_status cbx_muxer_finish(cbx_muxer *muxer, const uint8_t *extradata, uint64_t *bytes) {
    const int is_regular = cbx_output_is_regular(&muxer->output);
    int error = av_write_trailer(muxer->format);

    if (error >= 0) {
        int64_t size = is_regular ? avio_size(muxer->format->pb) : avio_tell(muxer->format->pb);
        *bytes = size > 0 ? (uint64_t)size : 0;
    }
    int closed = close_io(muxer);
    if (error >= 0) {
        error = closed;
    }
    if (error < 0) {
        return write_failure(muxer, error);
    }
    cbx_status status = extradata && is_regular ? replace_extradata(muxer, extradata) : CBX_OK;
    return status ? status : cbx_output_commit(&muxer->output);
}

void cbx_muxer_destroy(cbx_muxer *muxer) {
    if (!muxer) {
        return;
    }
    if (muxer->format) {
        (void)close_io(muxer); /* whatever is lost here is discarded */
    }
    avformat_free_context(muxer->format);
    av_packet_free(&muxer->packet);
    cbx_output_discard(&muxer->output);
    free(muxer);
}
