/* SPDX-License-Identifier: MIT */
/* P pictures on GPUs.
 *
 *   film_change_gpu   a work-item a 4 x 4 block of luma, a work-group some macroblocks, through all
 *                     frames of the launch
 */
#if CBX_FAMILY_GPU

#define CBX_MBS_OF_GROUP (CBX_GPU_FILM_GROUP / 16)

/* Global size: 16 work-items a macroblock, rounded up to whole groups. */
kernel void __attribute__((reqd_work_group_size(CBX_GPU_FILM_GROUP, 1, 1)))
film_change_gpu(global const uchar *restrict luma, global const uchar *restrict chroma,
                global uchar *old, global uchar *old_chroma, global short *levels,
                global uchar *counts, cbx_coding coding)
{
    const quantiser q = quantiser_of(coding.qp), cq = quantiser_of(coding.chroma_qp);
    const uint item = get_local_id(0), block = item % 16, pitch = coding.mbs_wide * CBX_MB;
    const uint first = get_group_id(0) * CBX_MBS_OF_GROUP, all = coding.mbs_wide * coding.mbs_high;
    const uint mb = first + item / 16, column = mb % coding.mbs_wide, row = mb / coding.mbs_wide;
    const uint x = column * CBX_MB + block % 4 * 4, y = row * CBX_MB + block / 4 * 4;
    const int is_seen = mb < all && x < coding.width && y < coding.height;
    global uchar *at = old + (size_t)y * pitch + x;
    /* The first items each do a plane of chroma, then look at a macroblock as a whole. */
    const uint other = first + item / 2, own = first + item;
    for (uint frame = 0; frame < coding.count; frame++) {
        global short *l = levels + place_of_mb(&coding, frame, 0) * CBX_MB_LEVELS;
        global uchar *n = counts + place_of_mb(&coding, frame, 0) * CBX_COUNTS;
        uint count = 0;
        if (mb < all && block < CBX_COUNTS - 16) {
            n[(size_t)mb * CBX_COUNTS + 16 + block] = 0;
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
        if (coding.chroma_bytes && item < 2 * CBX_MBS_OF_GROUP && other < all) {
            change_chroma(chroma, old_chroma, l + (size_t)other * CBX_MB_LEVELS,
                          n + (size_t)other * CBX_COUNTS, &coding, &cq, frame,
                          other % coding.mbs_wide, other / coding.mbs_wide, item % 2);
        }
        if (is_seen) {
            global const uchar *now =
                luma_of(luma, &coding, frame) + (size_t)y * coding.width + x;
            int4 rows[4];
            for (uint v = 0; v < 4; v++) {
                rows[v] = load_row(now + (size_t)v * coding.width) -
                          load_row(at + (size_t)v * pitch);
            }
            forward_transform(rows);
            const int16 c = join_rows(rows);
            if (is_worth_coding(c, &q)) {
                count = code_block(c, &q, l + (size_t)mb * CBX_MB_LEVELS + 16 * block, at, pitch,
                                   n + (size_t)mb * CBX_COUNTS + CBX_COUNT_WILD);
            }
        }
        if (mb < all) {
            n[(size_t)mb * CBX_COUNTS + block] = count;
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
        if (item < CBX_MBS_OF_GROUP && own < all &&
            must_be_pcm(l + (size_t)own * CBX_MB_LEVELS, n + (size_t)own * CBX_COUNTS)) {
            code_pcm(luma, chroma, old, old_chroma, n + (size_t)own * CBX_COUNTS, &coding, frame,
                     own % coding.mbs_wide, own / coding.mbs_wide);
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
}

#endif
