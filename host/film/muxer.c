#include "film/muxer.h"

#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"

struct cbx_muxer {
    cbx_output output;
    AVFormatContext *format;
    AVClass quiet; /* the class of `format`, see silence() */
    AVPacket *packet;
    AVRational frame; /* the duration of a frame in seconds: 1/fps */
    int64_t frames;   /* written so far */
    int regular;      /* a file that can be rewritten */
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

static cbx_status create_format(cbx_muxer *muxer) {
    const char *path = muxer->output.temporary ? muxer->output.temporary : muxer->output.path;
    const AVOutputFormat *mp4 = av_guess_format("mp4", NULL, NULL);
    struct stat status;

    if (!mp4) {
        return cbx_fail(CBX_NO_ENCODER, "the linked libavformat cannot write mp4 files");
    }
    muxer->regular = stat(path, &status) == 0 && S_ISREG(status.st_mode);

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
        error = avio_open(&muxer->format->pb, url, AVIO_FLAG_WRITE);
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
    int error = av_dict_set(&options, "movflags",
                            muxer->regular ? "+faststart" : "+frag_keyframe+empty_moov", 0);

    if (error >= 0) {
        error = av_dict_set_int(&options, "movie_timescale", (999 + fps) / fps * fps, 0);
    }
    if (error >= 0) {
        error = avformat_write_header(muxer->format, &options);
    }
    av_dict_free(&options);
    return error < 0 ? write_failure(muxer, error) : CBX_OK;
}

cbx_status cbx_muxer_open(cbx_muxer **out, const char *path, int no_clobber, uint32_t fps,
                          const AVCodecParameters *parameters) {
    cbx_muxer *muxer;

    *out = NULL;
    cbx_status status = cbx_new(&muxer, 1);
    if (status) {
        return status;
    }
    muxer->frame = (AVRational){1, (int)fps};
    status = cbx_output_open(&muxer->output, path, no_clobber);
    if (!status) {
        status = create_format(muxer);
    }
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

cbx_status cbx_muxer_write(cbx_muxer *muxer, const cbx_packets *group) {
    AVPacket *packet = muxer->packet;

    for (size_t i = 0; i < group->count; i++) {
        int error = av_packet_ref(packet, group->packets[i]);
        if (error >= 0) {
            packet->stream_index = 0;
            packet->pts += muxer->frames;
            packet->dts += muxer->frames;
            av_packet_rescale_ts(packet, muxer->frame, muxer->format->streams[0]->time_base);
            error = av_write_frame(muxer->format, packet);
            av_packet_unref(packet);
        }
        if (error < 0) {
            return write_failure(muxer, error);
        }
    }
    muxer->frames += (int64_t)group->count;
    return CBX_OK;
}

cbx_status cbx_muxer_finish(cbx_muxer *muxer, uint64_t *bytes) {
    int error = av_write_trailer(muxer->format);

    if (error >= 0) {
        int64_t size = muxer->regular ? avio_size(muxer->format->pb) : avio_tell(muxer->format->pb);
        *bytes = size > 0 ? (uint64_t)size : 0;
    }
    int closed = avio_closep(&muxer->format->pb);
    if (error >= 0) {
        error = closed;
    }
    if (error < 0) {
        return write_failure(muxer, error);
    }
    return cbx_output_commit(&muxer->output);
}

void cbx_muxer_destroy(cbx_muxer *muxer) {
    if (!muxer) {
        return;
    }
    if (muxer->format) {
        (void)avio_closep(&muxer->format->pb); /* whatever is lost here is discarded */
    }
    avformat_free_context(muxer->format);
    av_packet_free(&muxer->packet);
    cbx_output_discard(&muxer->output);
    free(muxer);
}
