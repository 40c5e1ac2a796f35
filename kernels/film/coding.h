/* SPDX-License-Identifier: MIT */
/* What the kernels that encode films and the host agree on.
 *
 * The stream is H.264 (ITU-T Rec. H.264; clauses are named where they are followed), Constrained
 * Baseline: a key frame of Intra_16x16 macroblocks, predicted by their mean, begins each closed
 * group; in the other frames every macroblock is P_L0_16x16 or P_Skip with a vector of zero, for
 * nothing moves in these pictures. Deblocking is off, the quantisers are constant. So what becomes
 * of a macroblock depends on the same macroblock of the frame before, and on nothing else of a
 * frame than its neighbours' numbers of coefficients: all macroblocks of all frames of a launch
 * are worked on at once. Where coefficients would take more bits than the standard allows for a
 * macroblock, or greater numbers, its samples stand there themselves: I_PCM.
 *
 *   key.cl, change_*.cl   prediction, transform, quantisation, reconstruction → levels, counts
 *   slice.cl              their bits: macroblock.cl, cavlc.cl, bits.cl
 *   samples.cl            emulation prevention; what an mp4 file holds of each frame
 *
 * Everything is integers: the bytes are the same on every device.
 *
 * Buffers. A frame of `width` x `height` pixels, both multiples of 4, has M = mbs_wide · mbs_high
 * macroblocks of 16 x 16, counted row by row; what they cover beyond the picture is never coded
 * again after the key frame, and cropped by who plays it. F: the most frames of a launch.
 *
 *   luma      [F][height][width]          bytes, and 32 more: the pictures
 *   chroma    [F or 1][2][height/2][width/2]  bytes, Cb and Cr; one where they never change
 *   old       [16·mbs_high][CBX_PITCH]    bytes: luma as a decoder has it
 *   old_chroma [2][8·mbs_high][8·mbs_wide] bytes, likewise
 *   levels    [F][M][CBX_MB_LEVELS]       short, quantised coefficients in the order of the
 *                                         zig-zag scan; valid where counts say so
 *   counts    [F][M][CBX_COUNTS]          bytes, how many are not 0
 *   shares    [F][S]                      cbx_share
 *   slices    [F][CBX_MOST_SLICES]        uint, bits of each slice
 *   bits      [F][CBX_FRAME_WORDS]        uint, the first bit is the highest; slice by slice
 *   samples   [F][CBX_SAMPLE_BYTES]       bytes
 *   sizes     [F]                         uint, bytes of each sample
 */
#ifndef CBX_CODING_H
#define CBX_CODING_H

#ifndef __OPENCL_VERSION__
#include "layout.h"
#endif

#define CBX_MB 16       /* pixels of a macroblock, each way */
#define CBX_CHROMA_MB 8 /* samples of one of its chroma blocks, each way */

/* From row to row of `old`: whole pairs of macroblocks, which processors read at once. */
#define CBX_PITCH(mbs_wide) (((mbs_wide) + 1) / 2 * 2 * CBX_MB)

/* Players may stop at a few slices a picture. */
#define CBX_MOST_SLICES 8

/* Where the levels of a macroblock are. A 4 x 4 block has 16 places; where its DC coefficient
 * travels with those of other blocks, the first is not used. Luma blocks are counted row by row. */
#define CBX_LEVELS_OF_CHROMA 256    /* four blocks of Cb, four of Cr */
#define CBX_LEVELS_OF_DC 384        /* Intra16x16DCLevel */
#define CBX_LEVELS_OF_CHROMA_DC 400 /* four of Cb, four of Cr */
#define CBX_MB_LEVELS 408

/* And their numbers; all are 0 in P_Skip. 16 in every block of I_PCM. */
#define CBX_COUNTS_OF_CHROMA 16
#define CBX_COUNT_OF_DC 24
#define CBX_COUNTS_OF_CHROMA_DC 25 /* Cb, Cr */
#define CBX_COUNT_KIND 27          /* CBX_INTER … */
#define CBX_COUNT_WILD 28          /* 1: not to be decoded in 16 bits, see transform.cl */
#define CBX_COUNTS 32

#define CBX_INTER 0
#define CBX_INTRA 1
#define CBX_PCM 2

/* A macroblock may take this many bits (clause A.3.1), and a coefficient be so large
 * (level_prefix 15, clause 9.2.2.1). */
#define CBX_MB_BITS 3200
#define CBX_MOST_LEVEL 2063

/* Words that a macroblock may take, and a slice beyond those: header, last run, stop bit. */
#define CBX_MB_WORDS 101
#define CBX_SLICE_WORDS 8
/* And so a frame of so many macroblocks; of its sample a third may be there to prevent emulation. */
#define CBX_FRAME_WORDS(mbs) ((mbs) * CBX_MB_WORDS + CBX_MOST_SLICES * CBX_SLICE_WORDS)
#define CBX_SAMPLE_BYTES(mbs) (CBX_FRAME_WORDS(mbs) * 6)
/* Bytes in a sample before a slice's payload: its length, and the NAL unit's header. */
#define CBX_NAL_BYTES 5

/* What film/parameter_sets.c says of the slices: frame_num has so many bits, slice_qp_delta counts
 * from this QP. */
#define CBX_FRAME_NUM_BITS 8
#define CBX_INITIAL_QP 26

/* Work-items of the groups that put slices and samples together. On a processor one does it all. */
#define CBX_GPU_FILM_GROUP 64
#ifndef CBX_FILM_GROUP
#if CBX_FAMILY_CPU
#define CBX_FILM_GROUP 1
#else
#define CBX_FILM_GROUP CBX_GPU_FILM_GROUP
#endif
#endif

/* One launch. */
typedef struct cbx_coding {
    cbx_u32 width, height; /* pixels */
    cbx_u32 mbs_wide, mbs_high;
    cbx_u32 qp, key_qp;               /* QP'Y of P pictures and of key frames */
    cbx_u32 chroma_qp, key_chroma_qp; /* QP'C */
    cbx_u32 slice_rows;               /* rows of macroblocks in a slice of a key frame */
    cbx_u32 group;                    /* frames in a group */
    cbx_u32 number;                   /* of the first frame, in the film */
    cbx_u32 first;                    /* its place in luma and chroma */
    cbx_u32 count;                    /* frames */
    cbx_u32 place;                    /* of the first frame in all other buffers */
    cbx_u32 share_mbs; /* macroblocks that are written by one work-item; 0: a slice */
    cbx_u32 shares;    /* S, in a frame; where a slice is a share, CBX_MOST_SLICES */
    cbx_u32 chroma_bytes; /* from one frame's chroma to the next one's; 0: it never changes */
} cbx_coding;

/* Bits of a share: `before`; and, where a macroblock of it begins its samples at a whole byte, as
 * many as it takes to get there, then `after`. */
typedef struct cbx_share {
    cbx_u32 before, aligned, after;
    cbx_u32 start; /* the first bit, in its slice */
} cbx_share;

#endif
