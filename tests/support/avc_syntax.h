/* SPDX-License-Identifier: MIT */
/* Reads what the kernels of kernels/film write, bit by bit: what stands in a sample, and which of all
 * codes occurred. It knows only what they may write; anything else fails the running test, as does
 * what the standard forbids. What becomes of it in pictures is libavcodec's matter. */
#ifndef TEST_SUPPORT_AVC_SYNTAX_H
#define TEST_SUPPORT_AVC_SYNTAX_H

#include "film/coding.h"
#include "film/parameter_sets.h"

/* How often each code was read. */
typedef struct avc_tally {
    uint32_t tokens[5][17][4]; /* by column of Table 9-5, TotalCoeff, TrailingOnes */
    uint32_t zeros[16][16];    /* by TotalCoeff, total_zeros */
    uint32_t chroma_zeros[4][4];
    uint32_t runs[15][15];       /* by zerosLeft, run_before */
    uint32_t prefixes[7][16];    /* by suffixLength, level_prefix */
    uint32_t most_levels[2];     /* +CBX_MOST_LEVEL, -CBX_MOST_LEVEL */
    uint32_t inter_patterns[48]; /* 16 · chroma + luma */
    uint32_t intra_types[2][3];  /* whether luma has AC coefficients, CodedBlockPatternChroma */
    uint32_t pcm[2];             /* in key frames, in others */
    uint32_t longest_skip;       /* the largest mb_skip_run */
    uint32_t inner_skips;        /* those that a coded macroblock follows, above 0 */
    uint32_t most_slices;
    uint32_t emulations[4][4]; /* by place of the byte behind the 3, modulo 4, and its value */
    uint32_t most_bits;        /* of a macroblock */
} avc_tally;

/* A macroblock; levels where kernels/film/coding.h puts them, 0 where there is none. */
typedef struct avc_macroblock {
    int kind, skipped;  /* CBX_INTER … */
    uint8_t counts[24]; /* TotalCoeff of luma, row by row, and chroma */
    int16_t levels[CBX_MB_LEVELS];
    uint8_t pcm[384];
} avc_macroblock;

/* What a picture is by its slices. */
typedef struct avc_picture {
    int key;
    uint32_t number; /* frame_num */
    uint32_t id;     /* idr_pic_id of a key frame */
    int qp;
} avc_picture;

uint32_t avc_macroblocks(const cbx_stream *stream);

/* Reads the sample of a picture; `mbs`, which may be NULL, gets its avc_macroblocks(). */
avc_picture avc_read(const cbx_stream *stream, const uint8_t *sample, size_t bytes,
                     avc_tally *tally, avc_macroblock *mbs);

#endif
