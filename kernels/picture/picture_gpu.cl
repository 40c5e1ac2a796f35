/* SPDX-License-Identifier: MIT */
/* The luma plane in one launch, the picture of picture.cl at scale 1: for GPUs.
 *
 * A work-group draws the 32 tiles of a panel. Work-item (quad, part) = (me mod 8, me div 8) reads
 * four neurons of a row of W1, so that eight of them read its 128 bytes: first for the smallest
 * and the largest weight of each neuron, several rows at a time, then for the tiles. These go
 * through local memory, some rows of all tiles at a time, because the panel is stored pixel by
 * pixel and a tile row by row: work-items that follow each other write words that do.
 */
#if CBX_FAMILY_GPU

#define CBX_QUADS (CBX_PANEL / 4)
#define CBX_READS 7   /* rows of W1 that a work-item has on their way */
#define CBX_STRIPE 7  /* rows of the tiles that are in local memory; divides 28 */
#define CBX_STRIPE_WORDS (CBX_STRIPE * CBX_WORDS) /* of a tile; odd, for the banks */

/* How the weights of four neurons become grey levels: as tone_from(). */
typedef struct tones_4 {
    float4 shift, mul;
    float base;
} tones_4;

HELPER tones_4 tones_from(float4 smallest, float4 largest, uint tone)
{
    const float4 a = tone_from(smallest.x, largest.x, tone);
    const float4 b = tone_from(smallest.y, largest.y, tone);
    const float4 c = tone_from(smallest.z, largest.z, tone);
    const float4 d = tone_from(smallest.w, largest.w, tone);
    const tones_4 tones = {(float4)(a.x, b.x, c.x, d.x), (float4)(a.y, b.y, c.y, d.y), a.z};
    return tones;
}

/* One weight of each of the four: luma_of_grey(grey_level()). */
HELPER uint4 luma_of_4(float4 v, const tones_4 *tones)
{
    float4 level = fma(v - tones->shift, tones->mul, (float4)(tones->base));
    level = fmin(fmax(level, (float4)(0.0f)), (float4)(255.0f));
    const float4 grey = convert_float4(convert_uint4(level));
    return convert_uint4(fma(grey, (float4)(219.0f / 255.0f), (float4)(16.5f)));
}

/* Four pixels of four tiles, from pixel (4·word, y) on. w: the first of these in the panel. */
HELPER uint4 word_of_4(global const float4 *w, uint word, uint y, const tones_4 *tones)
{
    uint4 packed = luma_of_4(w[0], tones);
    packed |= luma_of_4(w[CBX_QUADS], tones) << 8;
    packed |= luma_of_4(w[2 * CBX_QUADS], tones) << 16;
    packed |= luma_of_4(w[3 * CBX_QUADS], tones) << 24;
    if (word == 0) {
        packed = (packed & 0xffffff00u) | CBX_RED_Y;
    } else if (word == CBX_WORDS - 1) {
        packed = (packed & 0x00ffffffu) | ((uint)CBX_RED_Y << 24);
    }
    return y == 0 || y == CBX_SIDE - 1 ? (uint4)(CBX_RED_Y * 0x01010101u) : packed;
}

/* Of the rows part, part + parts … of the panel, whose pixels begin at w: of four neurons each. A
 * row that is looked at twice changes nothing, so none are missing from the last reads. */
HELPER void find_extremes(global const float4 *w, uint part, uint parts,
                          float4 *smallest, float4 *largest)
{
    float4 least = w[part * CBX_QUADS], most = least;
    for (uint k = part; k < CBX_PIXELS; k += CBX_READS * parts) {
        float4 v[CBX_READS];
        UNROLL for (uint i = 0; i < CBX_READS; i++) {
            v[i] = w[min(k + i * parts, (uint)(CBX_PIXELS - 1)) * CBX_QUADS];
        }
        UNROLL for (uint i = 0; i < CBX_READS; i++) {
            least = fmin(least, v[i]);
            most = fmax(most, v[i]);
        }
    }
    *smallest = least;
    *largest = most;
}

/* Global size: ⌈count/32⌉ groups of a power of two of work-items, from 8 to CBX_DRAW_GROUP. */
kernel void picture_luma_gpu(global const float *restrict w1, cbx_frame_layout layout,
                             global uchar *restrict luma)
{
    local float4 least[CBX_DRAW_GROUP], most[CBX_DRAW_GROUP]; /* [part][quad] */
    local uint words[CBX_PANEL * CBX_STRIPE_WORDS];           /* [tile][row][word] */
    local ulong corners[CBX_PANEL];
    const uint me = get_local_id(0), size = get_local_size(0), first = get_group_id(0) * CBX_PANEL;
    const uint quad = me % CBX_QUADS, part = me / CBX_QUADS, parts = size / CBX_QUADS;
    const uint tiles = min((uint)CBX_PANEL, layout.count - first);
    global const float4 *w =
        (global const float4 *)(w1 + (size_t)get_group_id(0) * CBX_PANEL_SIZE + CBX_PANEL) + quad;
    float4 smallest, largest;
    find_extremes(w, part, parts, &smallest, &largest);
    least[me] = smallest;
    most[me] = largest;
    for (uint i = me; i < tiles; i += size) {
        corners[i] = corner_of_tile(layout, first + i);
    }
    for (uint other = size / 2; other >= CBX_QUADS; other /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (me < other) {
            least[me] = fmin(least[me], least[me + other]);
            most[me] = fmax(most[me], most[me + other]);
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    const tones_4 tones = tones_from(least[quad], most[quad], layout.tone);
    for (uint top = 0; top < CBX_SIDE; top += CBX_STRIPE) {
        for (uint n = part; n < CBX_STRIPE_WORDS; n += parts) {
            const uint word = n % CBX_WORDS, y = top + n / CBX_WORDS;
            const uint4 packed =
                word_of_4(w + (y * CBX_SIDE + 4 * word) * CBX_QUADS, word, y, &tones);
            local uint *to = words + 4 * quad * CBX_STRIPE_WORDS + n;
            to[0] = packed.x;
            to[CBX_STRIPE_WORDS] = packed.y;
            to[2 * CBX_STRIPE_WORDS] = packed.z;
            to[3 * CBX_STRIPE_WORDS] = packed.w;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint i = me; i < tiles * CBX_STRIPE_WORDS; i += size) {
            const uint tile = i / CBX_STRIPE_WORDS, n = i % CBX_STRIPE_WORDS;
            const size_t row = (size_t)(top + n / CBX_WORDS) * layout.width;
            *(global uint *)(luma + corners[tile] + row + 4 * (n % CBX_WORDS)) = words[i];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

#endif
