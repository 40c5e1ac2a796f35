/* SPDX-License-Identifier: MIT */
/* Draws the tiles of one panel into the luma plane, the picture of picture.cl at
 * scale 1, while the panel's weights are still in the cache.
 *
 * A panel is stored pixel by pixel, its 32 tiles side by side; a tile is stored
 * row by row. Four pixels of all tiles are packed into one vector of words, and
 * each tile then picks its seven words of a row.
 */
#if CBX_FAMILY_CPU

#define CBX_CHAINS 4 /* of comparisons side by side: each waits for the one before it */
#define CBX_AHEAD 2  /* rows of tiles that are fetched early, to be written */
typedef CBX_JOIN(uint, CBX_VECTOR) uintv;
#define as_uintv CBX_JOIN(as_uint, CBX_VECTOR)

/* Grey levels of one vector of weights, as luma. */
HELPER uintv luma_of_weights(floatv v, floatv shift, floatv mul, floatv base)
{
    floatv level = fmin(fmax(fma(v - shift, mul, base), (floatv)(0.0f)), (floatv)(255.0f));
    floatv grey = convert_floatv(convert_intv(level));
    return as_uintv(convert_intv(fma(grey, (floatv)(219.0f / 255.0f), (floatv)(16.5f))));
}

/* w: the panel's first pixel row. first: number of its first neuron in w1. */
HELPER void draw_panel(global const float *restrict w, uint first, cbx_frame_layout layout,
                       global uchar *restrict luma)
{
    const uint tiles = min((uint)CBX_PANEL, layout.count - first);
    size_t at[CBX_PANEL];
    for (uint lane = 0; lane < tiles; lane++) {
        at[lane] = corner_of_tile(layout, first + lane);
    }
    float shift[CBX_PANEL] __attribute__((aligned(64)));
    float mul[CBX_PANEL] __attribute__((aligned(64)));
    float base[CBX_PANEL] __attribute__((aligned(64)));
    for (uint part = 0; part < CBX_PANEL; part += CBX_VECTOR) {
        floatv least[CBX_CHAINS], most[CBX_CHAINS];
        UNROLL for (uint i = 0; i < CBX_CHAINS; i++) {
            least[i] = most[i] = LOAD(w + i * CBX_PANEL + part);
        }
        for (uint k = CBX_CHAINS; k < CBX_PIXELS; k += CBX_CHAINS) {
            UNROLL for (uint i = 0; i < CBX_CHAINS; i++) {
                floatv v = LOAD(w + (k + i) * CBX_PANEL + part);
                least[i] = fmin(least[i], v);
                most[i] = fmax(most[i], v);
            }
        }
        floatv smallest = fmin(fmin(least[0], least[1]), fmin(least[2], least[3]));
        floatv largest = fmax(fmax(most[0], most[1]), fmax(most[2], most[3]));
        const float *low = (const float *)&smallest, *high = (const float *)&largest;
        for (uint lane = 0; lane < CBX_VECTOR; lane++) {
            float4 tone = tone_from(low[lane], high[lane], layout.tone);
            shift[part + lane] = tone.x;
            mul[part + lane] = tone.y;
            base[part + lane] = tone.z;
        }
    }
    for (uint y = 0; y < CBX_SIDE; y++) {
        uint words[CBX_WORDS][CBX_PANEL] __attribute__((aligned(64)));
        for (uint part = 0; part < CBX_PANEL; part += CBX_VECTOR) {
            const floatv s = *(const floatv *)(shift + part);
            const floatv m = *(const floatv *)(mul + part);
            const floatv b = *(const floatv *)(base + part);
            for (uint word = 0; word < CBX_WORDS; word++) {
                global const float *v = w + (y * CBX_SIDE + word * 4) * CBX_PANEL + part;
                uintv packed = luma_of_weights(LOAD(v), s, m, b);
                packed |= luma_of_weights(LOAD(v + CBX_PANEL), s, m, b) << 8;
                packed |= luma_of_weights(LOAD(v + 2 * CBX_PANEL), s, m, b) << 16;
                packed |= luma_of_weights(LOAD(v + 3 * CBX_PANEL), s, m, b) << 24;
                if (word == 0) {
                    packed = (packed & 0xffffff00u) | CBX_RED_Y;
                } else if (word == CBX_WORDS - 1) {
                    packed = (packed & 0x00ffffffu) | ((uint)CBX_RED_Y << 24);
                }
                if (y == 0 || y == CBX_SIDE - 1) {
                    packed = (uintv)(CBX_RED_Y * 0x01010101u);
                }
                *(uintv *)(words[word] + part) = packed;
            }
        }
        for (uint lane = 0; lane < tiles && y + CBX_AHEAD < CBX_SIDE; lane++) {
            PREFETCH(luma + at[lane] + (size_t)(y + CBX_AHEAD) * layout.width);
        }
        for (uint lane = 0; lane < tiles; lane++) {
            global uint *row = (global uint *)(luma + at[lane] + (size_t)y * layout.width);
            UNROLL for (uint word = 0; word < CBX_WORDS; word++) {
                row[word] = words[word][lane];
            }
        }
    }
}

/* The picture of a w1 that nobody trains in this launch: a work-item for each panel. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void picture_luma_cpu(global const float *restrict w1, cbx_frame_layout layout,
                      global uchar *restrict luma)
{
    const uint panel = get_group_id(0);
    draw_panel(w1 + (size_t)panel * CBX_PANEL_SIZE + CBX_PANEL, panel * CBX_PANEL, layout, luma);
}

#endif
