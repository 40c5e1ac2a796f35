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
    const cbx_container_kind *container;
    AVRational frame; /* the duration of a picture in seconds: 1/rate */
    int64_t frames;   /* written so far */
    int has_tail;     /* or there is none to write: there is no head */
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
    const char *name = muxer->container->muxer;
    const AVOutputFormat *kind = av_guess_format(name, NULL, NULL);

    if (!kind) {
        return cbx_fail(CBX_NO_ENCODER,
                        "the linked libavformat cannot write %s; install one with its muxer %s, or "
                        "choose another ending",
                        muxer->container->a_film, name);
    }
    /* The prefix keeps a name like "a:b.mp4" from being read as a protocol. */
    size_t size = strlen(path) + sizeof "file:";
    char *url = malloc(size);
    if (!url) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a file name of %zu bytes", size);
    }
    (void)snprintf(url, size, "file:%s", path);
    int error = avformat_alloc_output_context2(&muxer->format, kind, NULL, url);
    if (error >= 0) {
        silence(muxer);
        /* Neither random numbers nor its version. */
        muxer->format->flags |= AVFMT_FLAG_BITEXACT;
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
    stream->codecpar->codec_tag = 0; /* the muxer knows: avc1, mp4v */
    stream->time_base = muxer->frame;
    stream->avg_frame_rate = stream->r_frame_rate = av_inv_q(muxer->frame);
    stream->sample_aspect_ratio = (AVRational){1, 1};
    return CBX_OK;
}

/* The program is the encoding tool of an mp4, and who a Matroska was encoded by; a transport stream
 * has a service and who provides it. */
static cbx_status tag(cbx_muxer *muxer, const cbx_film_tags *tags) {
    const struct {
        const char *name, *value;
    } all[] = {{"title", tags->title},         {"comment", tags->comment},
               {"encoding_tool", tags->maker}, {"encoded_by", tags->maker},
               {"service_name", tags->title},  {"service_provider", tags->maker}};
    const int is_stream = muxer->container->container == CBX_CONTAINER_MPEGTS;
    int error = 0;
    for (size_t i = is_stream ? 4 : 0; i < (is_stream ? 6 : 4) && error >= 0; i++) {
        error = av_dict_set(&muxer->format->metadata, all[i].name, all[i].value, 0);
    }
    return error < 0 ? write_failure(muxer, error) : CBX_OK;
}

cbx_status cbx_muxer_comment(cbx_muxer *muxer, const char *comment) {
    const int error = av_dict_set(&muxer->format->metadata, "comment", comment, 0);
    return error < 0 ? write_failure(muxer, error) : CBX_OK;
}

/* The mp4 muxer refines the stream's time base to a power-of-two multiple of fps, so
 * every frame lasts equally long; the header's clock gets a multiple of fps too. Other muxers
 * have clocks of their own. */
static cbx_status write_head(cbx_muxer *muxer) {
    const cbx_container_kind *container = muxer->container;
    const char *chosen =
        cbx_output_is_regular(&muxer->output) ? container->file_options : container->pipe_options;
    AVDictionary *options = NULL;
    int64_t fps = muxer->frame.den;
    int error = chosen ? av_dict_parse_string(&options, chosen, "=", ":", 0) : 0;

    if (error >= 0) {
        error = av_dict_set_int(&options, "movie_timescale", (999 + fps) / fps * fps, 0);
    }
    if (error >= 0) {
        error = avformat_write_header(muxer->format, &options);
    }
    muxer->has_tail = error < 0;
    av_dict_free(&options);
    return error < 0 ? write_failure(muxer, error) : CBX_OK;
}

cbx_status cbx_muxer_open(cbx_muxer **out, cbx_output *output, const cbx_container_kind *container,
                          uint32_t rate, const AVCodecParameters *parameters,
                          const cbx_film_tags *tags) {
    cbx_muxer *muxer;

    *out = NULL;
    cbx_status status = cbx_new(&muxer, 1);
    if (status) {
        cbx_output_discard(output);
        return status;
    }
    muxer->frame = (AVRational){1, (int)rate};
    muxer->container = container;
    muxer->has_tail = 1;
    muxer->output = *output;
    *output = (cbx_output){0};
    status = create_format(muxer);
    if (!status) {
        status = add_stream(muxer, parameters);
    }
    if (!status) {
        status = tag(muxer, tags);
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
        packet->pts += group->whole ? 0 : muxer->frames;
        packet->dts += group->whole ? 0 : muxer->frames;
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

/* Where a record of `size` bytes is among `count`; `count`: nowhere. It begins with the profile, and
 * has two parameter sets: nothing else is like it. */
static size_t find_record(const uint8_t *bytes, size_t count, const uint8_t *record, size_t size) {
    size_t at = 0;
    while (at + size <= count && memcmp(bytes + at, record, size) != 0) {
        at++;
    }
    return at + size <= count ? at : count;
}

/* libavformat has no way to change its mind about H.264. The head of a file begins with this; a
 * transport stream has it in its pictures, where it stays. */
static cbx_status replace_extradata(cbx_muxer *muxer, const uint8_t *extradata) {
    const AVCodecParameters *parameters = muxer->format->streams[0]->codecpar;
    const size_t size = (size_t)parameters->extradata_size;
    FILE *file = muxer->output.stream;
    uint8_t head[HEAD_BYTES];

    if (muxer->container->container == CBX_CONTAINER_MPEGTS) {
        return CBX_OK;
    }
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

    muxer->has_tail = 1;
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
    if (muxer->format && !muxer->has_tail && muxer->container->in_pieces) {
        (void)av_write_trailer(muxer->format); /* or libavformat keeps a GIF's last picture */
    }
    if (muxer->format) {
        (void)close_io(muxer); /* whatever is lost here is discarded */
    }
    avformat_free_context(muxer->format);
    av_packet_free(&muxer->packet);
    cbx_output_discard(&muxer->output);
    free(muxer);
}
