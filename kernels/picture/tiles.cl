/* SPDX-License-Identifier: MIT */
/* The tiles in any drawing: what picture.cl does for the lesson's, and beside it colours and gaps.
 *
 *   tiles_yuv    Y, Cb and Cr of a 4:2:0 frame, limited range
 *   tiles_rgb    8-bit RGB, three bytes a pixel
 *   ground_rgb   what is behind them
 *
 * A weight's level 0 … 255 is the grey level of picture.cl, by the tones of its tone_of_tiles; the
 * palette has the colour. A chroma sample is the mean of its four pixels, rounded half up. Tiles
 * begin at even pixels and have even sides. Pixels elsewhere are not written.
 */

/* What a row of pixels of neuron i's tile shows: indices of the palette, one for each weight. */
HELPER void levels_of_row(global const float *w1, size_t i, float4 tone,
                          const cbx_tiles_layout *layout, uint row, ushort *out)
{
    global const float *w = w1 + i / CBX_PANEL * CBX_PANEL_SIZE + i % CBX_PANEL +
                            (1 + row * CBX_SIDE) * CBX_PANEL;
    for (uint x = 0; x < CBX_SIDE; x++) {
        const bool border = layout->bordered && on_border(x, row);
        out[x] = border ? CBX_COLOUR_BORDER : grey_level(w[x * CBX_PANEL], tone);
    }
}

HELPER size_t corner_of(const cbx_tiles_layout *layout, size_t i)
{
    const size_t y = layout->top + (i % layout->rows) * layout->pitch;
    return y * layout->width + layout->left + (i / layout->rows) * layout->pitch;
}

/* Pixels (2x, 2y) of neuron i's tile, and the three beside and below. One work-item draws those
 * of y = get_global_id(1) and neuron get_global_id(0). Planes begin luma_at and chroma_at bytes
 * into their buffers, Cr behind Cb. Global size: (count rounded up to the local size; half the
 * tile's side). */
kernel void tiles_yuv(global const float *restrict w1, global const float4 *restrict tones,
                      cbx_tiles_layout layout, global const uchar4 *restrict palette,
                      global uchar *luma, ulong luma_at, global uchar *chroma, ulong chroma_at)
{
    const size_t i = get_global_id(0);
    const uint y = 2 * get_global_id(1), width = layout.width;
    if (i >= layout.count) {
        return;
    }
    ushort upper[CBX_SIDE], lower[CBX_SIDE];
    levels_of_row(w1, i, tones[i], &layout, y / layout.scale, upper);
    levels_of_row(w1, i, tones[i], &layout, (y + 1) / layout.scale, lower);
    const size_t corner = corner_of(&layout, i), at = corner + (size_t)y * width;
    const size_t row = at / width, column = corner % width;
    global uchar *out = luma + luma_at + at;
    global uchar *cb = chroma + chroma_at + row / 2 * (width / 2) + column / 2;
    global uchar *cr = cb + (size_t)(width / 2) * (layout.height / 2);
    for (uint x = 0; x < layout.tile; x += 2) {
        const uint left = x / layout.scale, right = (x + 1) / layout.scale;
        const uchar4 a = palette[upper[left]], b = palette[upper[right]];
        const uchar4 c = palette[lower[left]], d = palette[lower[right]];
        out[x] = a.x;
        out[x + 1] = b.x;
        out[width + x] = c.x;
        out[width + x + 1] = d.x;
        cb[x / 2] = ((uint)a.y + b.y + c.y + d.y + 2) / 4;
        cr[x / 2] = ((uint)a.z + b.z + c.z + d.z + 2) / 4;
    }
}

/* One work-item draws row get_global_id(1) of neuron get_global_id(0). Global size: (count
 * rounded up to the local size; the tile's side). */
kernel void tiles_rgb(global const float *restrict w1, global const float4 *restrict tones,
                      cbx_tiles_layout layout, global const uchar4 *restrict palette,
                      global uchar *restrict rgb)
{
    const size_t i = get_global_id(0);
    const uint y = get_global_id(1);
    if (i >= layout.count) {
        return;
    }
    ushort levels[CBX_SIDE];
    levels_of_row(w1, i, tones[i], &layout, y / layout.scale, levels);
    global uchar *out = rgb + 3 * (corner_of(&layout, i) + (size_t)y * layout.width);
    for (uint x = 0; x < layout.tile; x++) {
        const uchar4 colour = palette[levels[x / layout.scale]];
        out[3 * x] = colour.x;
        out[3 * x + 1] = colour.y;
        out[3 * x + 2] = colour.z;
    }
}

/* The whole picture. Global size: (width rounded up to the local size; height). */
kernel void ground_rgb(cbx_tiles_layout layout, global const uchar4 *restrict palette,
                       global uchar *restrict rgb)
{
    const uint x = get_global_id(0), y = get_global_id(1);
    if (x >= layout.width) {
        return;
    }
    const uchar4 colour = palette[CBX_COLOUR_GROUND];
    global uchar *out = rgb + 3 * ((size_t)y * layout.width + x);
    out[0] = colour.x;
    out[1] = colour.y;
    out[2] = colour.z;
}
