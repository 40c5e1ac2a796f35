/* Counting a film's frames, apart from the rest because only this needs libav. */
#include "support/learning.h"

#include <libavformat/avformat.h>

#include "support/test.h"

uint64_t learning_film_frames(const char *path, uint32_t *width, uint32_t *height) {
    AVFormatContext *film = NULL;
    uint64_t frames = 0;
    if (avformat_open_input(&film, path, NULL, NULL) < 0 ||
        avformat_find_stream_info(film, NULL) < 0) {
        fail_msg("%s cannot be read as a film", path);
    }
    assert_int_equal(film->nb_streams, 1);
    *width = (uint32_t)film->streams[0]->codecpar->width;
    *height = (uint32_t)film->streams[0]->codecpar->height;
    AVPacket *packet = av_packet_alloc();
    assert_non_null(packet);
    while (av_read_frame(film, packet) >= 0) {
        frames++;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    avformat_close_input(&film);
    return frames;
}
