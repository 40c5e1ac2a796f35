/* SPDX-License-Identifier: MIT */
/* Where the samples of pictures are, beyond whose edges the last ones go on. */

HELPER global const uchar *luma_of(global const uchar *luma, const cbx_coding *c, uint frame)
{
    return luma + (size_t)(c->first + frame) * c->width * c->height;
}

/* plane: 0 Cb, 1 Cr */
HELPER global const uchar *chroma_of(global const uchar *chroma, const cbx_coding *c, uint frame,
                                     uint plane)
{
    return chroma + (size_t)(c->first + frame) * c->chroma_bytes +
           (size_t)plane * (c->width / 2) * (c->height / 2);
}

/* Where a plane begins in what a decoder has. */
HELPER size_t plane_of_old(const cbx_coding *c, uint plane)
{
    return (size_t)plane * c->mbs_wide * c->mbs_high * CBX_CHROMA_MB * CBX_CHROMA_MB;
}

HELPER size_t place_of_mb(const cbx_coding *c, uint frame, uint mb)
{
    return (size_t)(c->place + frame) * c->mbs_wide * c->mbs_high + mb;
}

/* Four samples at (x, y) of a plane of (height, width). */
HELPER int4 source_row(global const uchar *plane, uint width, uint height, uint x, uint y)
{
    global const uchar *row = plane + (size_t)min(y, height - 1) * width;
    if (x + 4 <= width) {
        return load_row(row + x);
    }
    const uint last = width - 1;
    return (int4)(row[min(x, last)], row[min(x + 1, last)], row[min(x + 2, last)], row[last]);
}

HELPER uint source_sample(global const uchar *plane, uint width, uint height, uint x, uint y)
{
    return plane[(size_t)min(y, height - 1) * width + min(x, width - 1)];
}

/* A square block of `side` samples at (x, y) becomes what the picture has there. */
HELPER void copy_source(global const uchar *plane, uint width, uint height, uint x, uint y,
                        uint side, global uchar *old, uint pitch)
{
    for (uint v = 0; v < side; v++) {
        for (uint u = 0; u < side; u += 4) {
            store_row(old + (size_t)(y + v) * pitch + x + u,
                      source_row(plane, width, height, x + u, y + v));
        }
    }
}

/* A macroblock whose samples stand in the stream themselves. */
HELPER void code_pcm(global const uchar *luma, global const uchar *chroma, global uchar *old,
                     global uchar *old_chroma, global uchar *counts, const cbx_coding *c,
                     uint frame, uint column, uint row)
{
    copy_source(luma_of(luma, c, frame), c->width, c->height, column * CBX_MB, row * CBX_MB, CBX_MB,
                old, CBX_PITCH(c->mbs_wide));
    for (uint plane = 0; plane < 2; plane++) {
        copy_source(chroma_of(chroma, c, frame, plane), c->width / 2, c->height / 2,
                    column * CBX_CHROMA_MB, row * CBX_CHROMA_MB, CBX_CHROMA_MB,
                    old_chroma + plane_of_old(c, plane),
                    c->mbs_wide * CBX_CHROMA_MB);
    }
    for (uint i = 0; i < CBX_COUNTS_OF_CHROMA + 8; i++) {
        counts[i] = 16;
    }
    counts[CBX_COUNT_KIND] = CBX_PCM;
}
