/* SPDX-License-Identifier: MIT */
/* How the device encodes a film, and what room that takes. */
#include <inttypes.h>

#include "base/error.h"
#include "reel/samples.h"

/* Planes of a strip: many keep all of a processor busy while slices are written, and cost few
 * launches; but large ones leave the caches. */
enum { STRIP_BYTES = 8 << 20 };

/* A key frame every two seconds, for those who seek; but no fewer, for those who film at a rate
 * that nobody sees. */
enum { GROUP_SECONDS = 2, MOST_GROUP = 140 };

static uint32_t planes_of_strip(uint64_t plane_bytes) {
    const uint64_t fit = STRIP_BYTES / plane_bytes;
    return fit < 1 ? 1 : fit < CBX_SAMPLES_PLANES ? (uint32_t)fit : CBX_SAMPLES_PLANES;
}

cbx_avc_settings cbx_samples_settings(const cbx_film_settings *film) {
    const uint64_t plane = (uint64_t)film->width * film->height;
    const uint32_t wanted = GROUP_SECONDS * film->fps;
    const int qp = cbx_film_quality_of(film);
    return (cbx_avc_settings){.width = film->width,
                              .height = film->height,
                              .group = wanted < MOST_GROUP ? wanted : MOST_GROUP,
                              .frames = planes_of_strip(plane),
                              .qp = qp < 1 ? 1 : qp,
                              .chroma_changes = film->chroma_changes};
}

cbx_stream cbx_samples_stream(const cbx_film_settings *film) {
    const int offset = cbx_avc_chroma_qp_offset(film->chroma_changes);
    return (cbx_stream){film->width, film->height, film->fps, offset};
}

uint64_t cbx_samples_luma_bytes(const cbx_avc_settings *settings) {
    return (uint64_t)settings->frames * settings->width * settings->height + CBX_AVC_SPARE_BYTES;
}

uint64_t cbx_samples_chroma_bytes(const cbx_avc_settings *settings) {
    const uint64_t each = (uint64_t)settings->width * settings->height / 2;
    return settings->chroma_changes ? settings->frames * each : each;
}

uint64_t cbx_samples_bytes(const cbx_film_settings *film) {
    const cbx_avc_settings settings = cbx_samples_settings(film);
    return cbx_samples_luma_bytes(&settings) + cbx_samples_chroma_bytes(&settings) +
           cbx_avc_device_bytes(&settings) +
           (uint64_t)CBX_SAMPLES_SLOTS * settings.frames * cbx_avc_sample_bytes(&settings);
}

cbx_status cbx_samples_check(const cbx_device *device, const cbx_film_settings *film) {
    const cbx_avc_settings settings = cbx_samples_settings(film);
    const uint64_t slot_bytes = (uint64_t)settings.frames * cbx_avc_sample_bytes(&settings);
    const uint64_t largest = cbx_avc_largest_bytes(&settings);
    if (cbx_samples_bytes(film) > device->info.global_memory_bytes ||
        (largest > slot_bytes ? largest : slot_bytes) > device->info.largest_buffer_bytes) {
        return cbx_fail(
            CBX_TOO_LARGE,
            "%s has no room to encode a film of %u x %u pixels, which takes %" PRIu64 " MiB",
            device->info.name, film->width, film->height, cbx_samples_bytes(film) >> 20);
    }
    return CBX_OK;
}
