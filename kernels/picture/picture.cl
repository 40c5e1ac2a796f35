/* SPDX-License-Identifier: MIT */
/* The grid of tiles: one for each hidden neuron, rescaled to 0–255, red border.
 *
 *   tone_of_tiles    how each neuron's weights become grey levels
 *   picture_luma     Y of the encoder's 4:2:0 frame, limited range; picture_cpu.cl and
 *                    picture_gpu.cl draw the same bytes faster at scale 1
 *   picture_chroma   Cb and Cr; they do not depend on the weights
 *   picture_rgb      8-bit RGB, three bytes a pixel, for PNG
 *
 * Neuron i is W1[1:, i] as 28×28, at column i div g and row i mod g of the grid. Where w1 is
 * a share of the network, neuron i of it is tile first + i.
 * Grey level = ⌊mul·(v − shift) + base⌋, clipped to 0…255, with
 *   peak     shift = 0, mul = 255/max v (0 where max v ≤ 0), base = 0
 *   range    shift = min v, mul = 255/(max v − min v) (0 where equal), base = 0
 *   signed   shift = 0, mul = 127.5/max |v| (0 where zero), base = 127.5
 * and 2^−14 added to every base, so that the largest weight gives 255 although
 * mul is rounded.
 *
 * Colours are BT.709 in limited range: Y = 16 + 219/255·grey; red is Y 63, Cb 102,
 * Cr 240. A chroma sample is the mean of its four pixels.
 * Pixels outside the tiles are not written: the host fills the planes before.
 */
#define CBX_WORDS (CBX_SIDE / 4) /* in a row of a tile at scale 1, of four pixels */
#define CBX_RED_Y 63
#define CBX_RED_CB 102
#define CBX_RED_CR 240
#define CBX_BASE 6.1035156e-5f

HELPER float4 tone_from(float smallest, float largest, uint tone)
{
    float peak = tone == CBX_SIGNED ? fmax(-smallest, largest) : largest;
    float shift = tone == CBX_RANGE ? smallest : 0.0f;
    float span = peak - shift;
    float levels = tone == CBX_SIGNED ? 127.5f : 255.0f;
    float mul = span > 0.0f ? levels / span : 0.0f;
    return (float4)(shift, mul, CBX_BASE + (tone == CBX_SIGNED ? 127.5f : 0.0f), 0.0f);
}

HELPER uint grey_level(float v, float4 tone)
{
    return (uint)fmin(fmax(fma(v - tone.x, tone.y, tone.z), 0.0f), 255.0f);
}

HELPER uint luma_of_grey(uint grey)
{
    return (uint)fma((float)grey, 219.0f / 255.0f, 16.5f);
}

/* Whether pixel (x, y) of a tile belongs to its border. */
HELPER bool on_border(uint x, uint y)
{
    return x == 0 || y == 0 || x == CBX_SIDE - 1 || y == CBX_SIDE - 1;
}

/* The first pixel of neuron i's tile in a picture; i counts from layout.first. */
HELPER size_t corner_of_tile(cbx_frame_layout layout, uint i)
{
    const uint tile = layout.first + i, side = CBX_SIDE * layout.scale;
    const size_t row = (size_t)layout.plane * layout.height + tile % layout.rows * side;
    return row * layout.width + tile / layout.rows * side;
}

/* tones[i] = (shift, mul, base, 0). One work-item a neuron; global size `count`
 * rounded up to the local size. */
kernel void tone_of_tiles(global const float *restrict w1, cbx_frame_layout layout,
                          global float4 *restrict tones)
{
    const size_t i = get_global_id(0);
    if (i >= layout.count) {
        return;
    }
    global const float *w =
        w1 + i / CBX_PANEL * CBX_PANEL_SIZE + CBX_PANEL + i % CBX_PANEL;
    float smallest = w[0], largest = w[0];
    for (uint k = 1; k < CBX_PIXELS; k++) {
        float v = w[k * CBX_PANEL];
        smallest = fmin(smallest, v);
        largest = fmax(largest, v);
    }
    tones[i] = tone_from(smallest, largest, layout.tone);
}

/* One work-item draws row get_global_id(1) of neuron get_global_id(0). Global size:
 * (count rounded up to the local size; 28). */
kernel void picture_luma(global const float *restrict w1, global const float4 *restrict tones,
                         cbx_frame_layout layout, global uchar *restrict luma)
{
    const size_t i = get_global_id(0);
    const uint y = get_global_id(1);
    if (i >= layout.count) {
        return;
    }
    global uchar *out =
        luma + corner_of_tile(layout, i) + (size_t)y * layout.scale * layout.width;
    global const float *w = w1 + i / CBX_PANEL * CBX_PANEL_SIZE + i % CBX_PANEL +
                            (1 + y * CBX_SIDE) * CBX_PANEL;
    for (uint x = 0; x < CBX_SIDE; x++) {
        uchar value = on_border(x, y)
                          ? CBX_RED_Y
                          : luma_of_grey(grey_level(w[x * CBX_PANEL], tones[i]));
        for (uint v = 0; v < layout.scale; v++) {
            for (uint u = 0; u < layout.scale; u++) {
                out[(size_t)v * layout.width + x * layout.scale + u] = value;
            }
        }
    }
}

/* As picture_luma, three bytes a pixel. */
kernel void picture_rgb(global const float *restrict w1, global const float4 *restrict tones,
                        cbx_frame_layout layout, global uchar *restrict rgb)
{
    const size_t i = get_global_id(0);
    const uint y = get_global_id(1);
    if (i >= layout.count) {
        return;
    }
    global uchar *out =
        rgb + 3 * (corner_of_tile(layout, i) + (size_t)y * layout.scale * layout.width);
    global const float *w = w1 + i / CBX_PANEL * CBX_PANEL_SIZE + i % CBX_PANEL +
                            (1 + y * CBX_SIDE) * CBX_PANEL;
    for (uint x = 0; x < CBX_SIDE; x++) {
        bool red = on_border(x, y);
        uchar grey = red ? 0 : grey_level(w[x * CBX_PANEL], tones[i]);
        for (uint v = 0; v < layout.scale; v++) {
            for (uint u = 0; u < layout.scale; u++) {
                global uchar *pixel =
                    out + 3 * ((size_t)v * layout.width + x * layout.scale + u);
                pixel[0] = red ? 255 : grey;
                pixel[1] = grey;
                pixel[2] = grey;
            }
        }
    }
}

/* One work-item a chroma sample; cb and cr (height/2, width/2). Global size:
 * (width/2 rounded up to the local size; height/2). */
kernel void picture_chroma(cbx_frame_layout layout, global uchar *restrict cb,
                           global uchar *restrict cr)
{
    const uint x = get_global_id(0);
    const uint y = get_global_id(1);
    if (x >= layout.width / 2) {
        return;
    }
    const uint side = CBX_SIDE * layout.scale;
    uint red = 0;
    for (uint n = 0; n < 4; n++) {
        uint px = 2 * x + n % 2, py = 2 * y + n / 2;
        uint tile = px / side * layout.rows + py / side;
        if (tile < layout.hidden && on_border(px % side / layout.scale, py % side / layout.scale)) {
            red++;
        }
    }
    const size_t at = (size_t)y * (layout.width / 2) + x;
    cb[at] = (red * CBX_RED_CB + (4 - red) * 128 + 2) / 4;
    cr[at] = (red * CBX_RED_CR + (4 - red) * 128 + 2) / 4;
}
