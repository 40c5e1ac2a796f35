/* SPDX-License-Identifier: MIT */
/* What films look like: a row each. */
#include "base/error.h"
#include "clearbox/learn.h"
#include "learn/drawing.h"
#include "picture/draw.h"

static const struct style {
    cbx_colours colours;
    int caption;
    uint32_t scale, fps;
    cbx_film_clock clock;
    double seconds, hold;
} styles[] = {
    [CBX_STYLE_LESSON] = {CBX_COLOURS_GREY, 0, 1, 70, CBX_CLOCK_BATCHES, 0.0, 0.0},
    [CBX_STYLE_SHOW] = {CBX_COLOURS_SIGNED, 1, 0, 60, CBX_CLOCK_LOG, CBX_LOG_SECONDS, 2.0},
};

cbx_status cbx_learn_set_style(cbx_learn_settings *settings, cbx_style style) {
    if (!cbx_style_name(style)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there is no style %d", (int)style);
    }
    const struct style *row = &styles[style];
    settings->colours = row->colours;
    settings->caption = row->caption;
    settings->scale = row->scale;
    settings->fps = row->fps;
    settings->clock = row->clock;
    settings->seconds = row->seconds;
    settings->hold = row->hold;
    return CBX_OK;
}

cbx_drawing cbx_drawing_of(const cbx_learn_settings *settings) {
    return (cbx_drawing){.tone = settings->tone,
                         .colours = settings->colours,
                         .scale = settings->scale,
                         .caption = settings->caption};
}

int cbx_drawing_is_checked(const cbx_learn_settings *settings) {
    const cbx_drawing drawing = cbx_drawing_of(settings);
    return (settings->film || settings->picture) && cbx_drawing_changes_chroma(&drawing);
}
