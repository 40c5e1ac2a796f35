/* SPDX-License-Identifier: MIT */
/* The strip at the foot of a picture: lines of text, and the loss as a curve.
 *
 *   caption_note    the loss of the batches since the frame before, into the history
 *   caption_curve   the history as a curve
 *   caption_text    lines of glyphs
 *   caption_yuv     both into the frame's planes
 *   caption_rgb     or into a picture
 *
 * Curve and text go into `ink` (strip, width), of each pixel how much of it is covered, 0 … 255, and
 * with which colour, counted from CBX_COLOUR_TEXT. All of it is whole numbers, the same on every
 * device.
 *
 * history [2 + frames]: the largest of all, then the loss at each frame so far.
 */

/* One work-item. The mean of losses[first … first + count); with none, as at the frame before. */
kernel void caption_note(global const float *restrict losses, uint first, uint count, uint frame,
                         global uint *restrict history)
{
    ulong sum = 0;
    for (uint i = 0; i < count; i++) {
        const float loss = fmin(fmax(losses[first + i], 0.0f), (float)CBX_LOSS_MOST);
        sum += (uint)(loss * (float)CBX_LOSS_ONE);
    }
    const uint now = count > 0 ? (uint)(sum / count) : frame > 0 ? history[frame] : 0;
    history[1 + frame] = now;
    history[0] = frame > 0 ? max(history[0], now) : now;
}

#define CBX_DOT_RADIUS 4 /* of the curve's end, pixels, and half of one that it fades in */

HELPER uchar2 ink_of(uint coverage, uint colour)
{
    return (uchar2)((uchar)coverage, (uchar)(colour - CBX_COLOUR_TEXT));
}

/* The logarithm to base 2 in units of 1/65,536, within 0.01: linear between powers of two, and a
 * parabola over that. */
HELPER uint log_of(uint n)
{
    const uint whole = 31 - clz(max(n, 1u));
    const uint part = (max(n, 1u) << (31 - whole) & 0x7fffffff) >> 15;
    return (whole << 16) + part + (uint)((ulong)part * (65536 - part) * 22544 >> 32);
}

/* Where the curve is at a frame, in units of 1/256 pixel below the top of its box: by the logarithm,
 * from the largest loss down to 1/256 of it. */
HELPER int curve_at(const cbx_caption *c, global const uint *history, uint frame)
{
    const uint room = (c->height - 4) * 256, range = 8 << 16;
    const uint fallen = log_of(history[0]) - log_of(history[1 + frame]);
    return (int)(512 + (ulong)room * min(fallen, range) / range);
}

/* How much of a pixel, 256 units wide, lies between two heights. */
HELPER uint covered(int row, int from, int to)
{
    const int part = min(256 * row + 256, to) - max(256 * row, from);
    return (uint)clamp(part, 0, 255);
}

/* How much of pixel (x, y) the dot at the curve's end covers; `below` as curve_at(). */
HELPER uint dot_at(int dx, int row, int below)
{
    const int radius = 16 * CBX_DOT_RADIUS - 8, dy = row * 16 + 8 - below / 16;
    const int far = dx * 256 * dx + dy * dy - radius * radius; /* about 2·radius a unit */
    return (uint)clamp(128 - far * 255 / (2 * radius * 16), 0, 255);
}

/* One work-item a column of the box. Global size: (width rounded up to the local size; 1). */
kernel void caption_curve(cbx_caption c, global const uint *restrict history, uint pitch,
                          global uchar2 *restrict ink)
{
    const uint x = get_global_id(0);
    if (x >= c.width) {
        return;
    }
    const uint span = c.width - CBX_DOT_RADIUS; /* so that the dot is whole at the end */
    const uint from = (uint)((ulong)x * c.frames / span);
    const uint next = (uint)((ulong)(x + 1) * c.frames / span);
    const uint last = min(c.frame, c.frames - 1);
    const uint end = (uint)((ulong)last * span / c.frames); /* the column of the last point */
    const int here = curve_at(&c, history, min(from, last));
    const int there = curve_at(&c, history, min(next, last));
    const int tip = curve_at(&c, history, last), dx = (int)x - (int)end;
    const int above = min(here, there) - 280, below = max(here, there) + 280;
    for (uint row = 0; row < c.height; row++) {
        uint colour = CBX_COLOUR_DIM, much = row + 1 == c.height ? 90 : 0;
        if (x <= end) {
            const uint shade = 256 * (int)row > max(here, there) ? 44 : 0;
            const uint line = covered(row, above, below);
            colour = CBX_COLOUR_CURVE;
            much = max(line, max(shade, much));
        }
        const uint dot = abs(dx) < 5 ? dot_at(dx, row, tip) : 0;
        if (dot > 96) {
            colour = CBX_COLOUR_TEXT;
            much = dot;
        }
        ink[(c.top + row) * pitch + c.left + x] = ink_of(much, colour);
    }
}

/* The glyph at one of the places of the loss: 0.12, 1.23, 12.3 or 123. */
HELPER uint live_glyph(uint loss, uint place)
{
    const uint hundredths = (uint)(((ulong)loss * 100 + CBX_LOSS_ONE / 2) / CBX_LOSS_ONE);
    const uint shown = hundredths < 1000    ? hundredths
                       : hundredths < 10000 ? hundredths / 10
                                            : min(hundredths / 100, 999u);
    const uint point = hundredths < 1000 ? 1 : hundredths < 10000 ? 2 : 3;
    if (place == point) {
        return point == 3 ? CBX_GLYPH_BLANK : '.' - ' ';
    }
    const uint digit = place < point ? place : place - 1;
    return '0' - ' ' + (digit == 0 ? shown / 100 : digit == 1 ? shown / 10 % 10 : shown % 10);
}

HELPER uint glyph_at(const cbx_caption_line *line, uint i, uint loss)
{
    const uint glyph = line->glyphs[i];
    return glyph < CBX_GLYPH_LIVE ? glyph : live_glyph(loss, glyph - CBX_GLYPH_LIVE);
}

/* One work-item a glyph. Global size: (CBX_LINE_GLYPHS rounded up; CBX_CAPTION_LINES). */
kernel void caption_text(cbx_caption c, global const cbx_glyph *restrict glyphs,
                         global const uchar *restrict coverage,
                         global const uint *restrict history, uint pitch, uint strip,
                         global uchar2 *restrict ink)
{
    const uint i = get_global_id(0), number = get_global_id(1);
    if (number >= CBX_CAPTION_LINES || i >= c.lines[number].count) {
        return;
    }
    const cbx_caption_line line = c.lines[number];
    const uint loss = history[1 + c.frame];
    glyphs += line.size * CBX_GLYPHS;
    int pen = line.x;
    for (uint before = 0; before < i; before++) {
        pen += glyphs[glyph_at(&line, before, loss)].advance;
    }
    const cbx_glyph glyph = glyphs[glyph_at(&line, i, loss)];
    const int left = pen + glyph.left, top = line.y - glyph.top;
    for (int v = 0; v < glyph.height; v++) {
        for (int u = 0; u < glyph.width; u++) {
            const uint much = coverage[glyph.at + v * glyph.width + u];
            const int x = left + u, y = top + v;
            if (much > 0 && x >= 0 && x < (int)pitch && y >= 0 && y < (int)strip) {
                ink[(size_t)y * pitch + x] = ink_of(much, line.colour);
            }
        }
    }
}

HELPER uint blend(uint ground, uint colour, uint much)
{
    return (ground * (255 - much) + colour * much + 127) / 255;
}

HELPER uint3 inked(global const uchar4 *palette, uchar2 ink)
{
    const uchar4 ground = palette[CBX_COLOUR_GROUND], colour = palette[CBX_COLOUR_TEXT + ink.y];
    return (uint3)(blend(ground.x, colour.x, ink.x), blend(ground.y, colour.y, ink.x),
                   blend(ground.z, colour.z, ink.x));
}

/* One work-item a chroma sample of the strip: see tiles_yuv. Global size: (width/2 rounded up to
 * the local size; strip/2). */
kernel void caption_yuv(cbx_tiles_layout layout, global const uchar4 *restrict palette,
                        global const uchar2 *restrict ink, uint strip, global uchar *luma,
                        ulong luma_at, global uchar *chroma, ulong chroma_at)
{
    const uint x = get_global_id(0), y = get_global_id(1), width = layout.width;
    if (2 * x >= width || 2 * y >= strip) {
        return;
    }
    const size_t above = layout.height - strip;
    uint cb = 2, cr = 2;
    for (uint n = 0; n < 4; n++) {
        const size_t px = 2 * x + n % 2, py = 2 * y + n / 2;
        const uint3 colour = inked(palette, ink[py * width + px]);
        luma[luma_at + (above + py) * width + px] = (uchar)colour.x;
        cb += colour.y;
        cr += colour.z;
    }
    const size_t at = chroma_at + (above / 2 + y) * (width / 2) + x;
    chroma[at] = (uchar)(cb / 4);
    chroma[at + (size_t)(width / 2) * (layout.height / 2)] = (uchar)(cr / 4);
}

/* One work-item a pixel. Global size: (width rounded up to the local size; strip). */
kernel void caption_rgb(cbx_tiles_layout layout, global const uchar4 *restrict palette,
                        global const uchar2 *restrict ink, uint strip, global uchar *restrict rgb)
{
    const uint x = get_global_id(0), y = get_global_id(1);
    if (x >= layout.width || y >= strip) {
        return;
    }
    const uint3 colour = inked(palette, ink[(size_t)y * layout.width + x]);
    global uchar *out = rgb + 3 * ((size_t)(layout.height - strip + y) * layout.width + x);
    out[0] = (uchar)colour.x;
    out[1] = (uchar)colour.y;
    out[2] = (uchar)colour.z;
}
