/* SPDX-License-Identifier: MIT */
#include "film/trial.h"

#include <stdlib.h>

#include "base/memory.h"
#include "film/decoder.h"
#include "film/encoder.h"

struct cbx_film_trial {
    cbx_film_parts parts; /* without a muxer */
    cbx_encoder *encoder; /* of the group under way */
    cbx_decoder *decoder; /* of all groups; NULL before the first */
    cbx_packets packets;
    uint32_t pushed; /* of the group */
};

cbx_status cbx_film_trial_create(cbx_film_trial **out, const cbx_film_settings *settings,
                                 uint32_t group, const uint8_t *cb, const uint8_t *cr) {
    cbx_film_trial *trial = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&trial, 1);
    if (status) {
        return status;
    }
    trial->parts.group_frames = group;
    trial->parts.workers = 1;
    status = cbx_film_parts_fill(&trial->parts, settings, cb, cr);
    if (status) {
        cbx_film_trial_destroy(trial);
        return status;
    }
    *out = trial;
    return CBX_OK;
}

static void close_encoder(cbx_film_trial *trial) {
    trial->parts.kind->calls->destroy(trial->encoder);
    trial->encoder = NULL;
}

void cbx_film_trial_destroy(cbx_film_trial *trial) {
    if (trial) {
        close_encoder(trial);
        cbx_decoder_close(trial->decoder);
        cbx_packets_clear(&trial->packets);
        cbx_film_parts_clear(&trial->parts);
        free(trial);
    }
}

/* All groups are described alike, as those of a film are. */
static cbx_status open_decoder(cbx_film_trial *trial) {
    const cbx_film_parts *parts = &trial->parts;
    AVCodecParameters *parameters = parts->parameters;
    cbx_status status = parts->kind->calls->describe(trial->encoder, parts);
    return status ? status
                  : cbx_decoder_open_for(&trial->decoder, parts->settings.width,
                                         parts->settings.height, parameters->extradata,
                                         (size_t)parameters->extradata_size);
}

cbx_status cbx_film_trial_begin(cbx_film_trial *trial) {
    close_encoder(trial);
    cbx_packets_clear(&trial->packets);
    trial->pushed = 0;
    cbx_status status = trial->parts.kind->calls->open(&trial->encoder, &trial->parts);
    if (!status && !trial->decoder) {
        status = open_decoder(trial);
    }
    return status;
}

cbx_status cbx_film_trial_push(cbx_film_trial *trial, const uint8_t *luma) {
    const cbx_film_frame frame = {.luma = luma};
    trial->pushed++;
    return trial->parts.kind->calls->push(trial->encoder, &frame, &trial->packets);
}

cbx_status cbx_film_trial_end(cbx_film_trial *trial) {
    const cbx_encoder_kind *kind = trial->parts.kind;
    cbx_status status = kind->calls->finish(trial->encoder, &trial->packets);
    close_encoder(trial);
    return status ? status : cbx_packets_check(&trial->packets, trial->pushed, kind->name);
}

size_t cbx_film_trial_frames(const cbx_film_trial *trial) {
    return trial->packets.count;
}

size_t cbx_film_trial_bytes(const cbx_film_trial *trial, size_t frame) {
    return (size_t)trial->packets.packets[frame]->size;
}

cbx_status cbx_film_trial_decode(cbx_film_trial *trial, size_t frame, uint8_t *planes) {
    const AVPacket *packet = trial->packets.packets[frame];
    return cbx_decoder_decode(trial->decoder, packet->data, (size_t)packet->size, planes);
}
