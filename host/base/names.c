/* SPDX-License-Identifier: MIT */
#include "base/names.h"

#include "base/choice.h"
#include "clearbox/device.h"
#include "clearbox/film.h"
#include "clearbox/learn.h"
#include "clearbox/picture.h"
#include "clearbox/trainer.h"

const char *const cbx_family_names[] = {
    [CBX_FAMILY_AUTO] = "auto", [CBX_FAMILY_CPU] = "cpu", [CBX_FAMILY_GPU] = "gpu", NULL};
const char *const cbx_recipe_names[] = {
    [CBX_RECIPE_LESSON] = "lesson", [CBX_RECIPE_NLL] = "nll", NULL};
const char *const cbx_schedule_names[] = {[CBX_SCHEDULE_AUTO] = "auto",
                                          [CBX_SCHEDULE_FUSED] = "fused",
                                          [CBX_SCHEDULE_SPARSE] = "sparse",
                                          [CBX_SCHEDULE_STEPWISE] = "stepwise",
                                          NULL};
const char *const cbx_tone_names[] = {
    [CBX_TONE_PEAK] = "peak", [CBX_TONE_RANGE] = "range", [CBX_TONE_SIGNED] = "signed", NULL};
const char *const cbx_colours_names[] = {
    [CBX_COLOURS_GREY] = "grey", [CBX_COLOURS_SIGNED] = "signed", NULL};
const char *const cbx_codec_names[] = {
    [CBX_CODEC_H264] = "h264", [CBX_CODEC_MPEG4] = "mpeg4", [CBX_CODEC_VP9] = "vp9",
    [CBX_CODEC_VP8] = "vp8",   [CBX_CODEC_AV1] = "av1",     [CBX_CODEC_GIF] = "gif",
    [CBX_CODEC_WEBP] = "webp", [CBX_CODEC_APNG] = "apng",   NULL};
const char *const cbx_container_names[] = {
    [CBX_CONTAINER_AUTO] = "auto", [CBX_CONTAINER_MP4] = "mp4",       [CBX_CONTAINER_MKV] = "mkv",
    [CBX_CONTAINER_WEBM] = "webm", [CBX_CONTAINER_GIF] = "gif",       [CBX_CONTAINER_WEBP] = "webp",
    [CBX_CONTAINER_APNG] = "apng", [CBX_CONTAINER_MPEGTS] = "mpegts", NULL};

const char *const cbx_style_names[] = {
    [CBX_STYLE_LESSON] = "lesson", [CBX_STYLE_SHOW] = "show", NULL};
const char *const cbx_clock_names[] = {
    [CBX_CLOCK_BATCHES] = "batches", [CBX_CLOCK_LOG] = "log", NULL};

const char *const cbx_arithmetic_names[] = {[CBX_ARITHMETIC_CANON] = "canon",
                                            [CBX_ARITHMETIC_PLAIN] = "plain",
                                            [CBX_ARITHMETIC_SPLIT_BF16] = "split-bf16",
                                            NULL};

const char *cbx_arithmetic_name(cbx_arithmetic arithmetic) {
    return cbx_choice_name(cbx_arithmetic_names, (int)arithmetic);
}

const char *cbx_family_name(cbx_family family) {
    return cbx_choice_name(cbx_family_names, (int)family);
}

const char *cbx_recipe_name(cbx_recipe recipe) {
    return cbx_choice_name(cbx_recipe_names, (int)recipe);
}

const char *cbx_schedule_name(cbx_schedule schedule) {
    return cbx_choice_name(cbx_schedule_names, (int)schedule);
}

const char *cbx_tone_name(cbx_tone tone) {
    return cbx_choice_name(cbx_tone_names, (int)tone);
}

const char *cbx_style_name(cbx_style style) {
    return cbx_choice_name(cbx_style_names, (int)style);
}

const char *cbx_colours_name(cbx_colours colours) {
    return cbx_choice_name(cbx_colours_names, (int)colours);
}

const char *cbx_film_clock_name(cbx_film_clock clock) {
    return cbx_choice_name(cbx_clock_names, (int)clock);
}

const char *cbx_codec_name(cbx_codec codec) {
    return cbx_choice_name(cbx_codec_names, (int)codec);
}

const char *cbx_container_name(cbx_container container) {
    return cbx_choice_name(cbx_container_names, (int)container);
}
