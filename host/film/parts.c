/* SPDX-License-Identifier: MIT */
/* What the groups of a film share. */
#include <string.h>

#include "base/error.h"
#include "film/containers.h"
#include "film/encoder.h"

static cbx_status copy_plane(AVBufferRef **out, const uint8_t *plane, size_t bytes) {
    *out = av_buffer_alloc(bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!*out) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a chroma plane of %zu bytes", bytes);
    }
    memcpy((*out)->data, plane, bytes);
    return CBX_OK;
}

cbx_status cbx_film_parts_describe(cbx_film_parts *parts) {
    parts->parameters = avcodec_parameters_alloc();
    return parts->parameters ? CBX_OK : cbx_fail(CBX_NO_MEMORY, "no memory to describe the film");
}

cbx_status cbx_film_parts_fill(cbx_film_parts *parts, const cbx_film_settings *settings,
                               const uint8_t *cb, const uint8_t *cr) {
    const size_t chroma = (size_t)(settings->width / 2) * (settings->height / 2);
    parts->kind = cbx_encoder_kind_of(settings);
    parts->settings = *settings;
    cbx_encoder_settle(parts->kind, &parts->settings);
    const int constant = !settings->chroma_changes;
    parts->container = cbx_container_kind_of(settings->container);
    parts->rate = cbx_container_rate(parts->container, settings->fps);
    cbx_status status = constant ? copy_plane(&parts->cb, cb, chroma) : CBX_OK;
    if (!status && constant) {
        status = copy_plane(&parts->cr, cr, chroma);
    }
    return status ? status : cbx_film_parts_describe(parts);
}

void cbx_film_parts_clear(cbx_film_parts *parts) {
    avcodec_parameters_free(&parts->parameters);
    av_buffer_unref(&parts->cb);
    av_buffer_unref(&parts->cr);
}
