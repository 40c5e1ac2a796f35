/* SPDX-License-Identifier: MIT */
/* NAL units (clause 7.4.1) as an mp4 file holds them, each behind its length.
 *
 *   film_samples   a work-group a frame
 *
 * Emulation prevention: where two bytes of 0 stand before one of at most 3, a 3 is put between. What
 * was put in ends the run of zeros; so within a run it comes before every second byte from the third
 * on, and before what follows an even number of zeros: a matter of the run's length alone.
 */

HELPER uint byte_of(global const uint *words, uint at)
{
    return words[at / 4] >> (24 - at % 4 * 8) & 255;
}

/* Bytes of 0 in front of byte `at`. */
HELPER uint zeros_before(global const uint *words, uint at)
{
    uint run = 0;
    while (run < at && byte_of(words, at - run - 1) == 0) {
        run++;
    }
    return run;
}

HELPER int is_emulation(uint byte, uint zeros)
{
    return byte <= 3 && zeros >= 2 && zeros % 2 == 0;
}

HELPER int has_zero(uint word)
{
    return ((word - 0x01010101u) & ~word & 0x80808080u) != 0;
}

/* Bytes begin … end of a slice with what has to stand between them; returns their number. `out` NULL:
 * only count. */
HELPER uint escape(global const uint *words, uint begin, uint end, global uchar *out)
{
    uint zeros = zeros_before(words, begin), count = 0;
    for (uint at = begin; at < end; ) {
        const uint word = words[at / 4];
        if (at % 4 == 0 && at + 4 <= end && zeros == 0 && !has_zero(word)) {
            if (out) {
                vstore4((uchar4)(word >> 24, word >> 16 & 255, word >> 8 & 255, word & 255), 0,
                        out + count);
            }
            count += 4;
            at += 4;
            continue;
        }
        const uint byte = word >> (24 - at % 4 * 8) & 255;
        if (is_emulation(byte, zeros)) {
            if (out) {
                out[count] = 3;
            }
            count++;
        }
        if (out) {
            out[count] = byte;
        }
        count++;
        zeros = byte ? 0 : zeros + 1;
        at++;
    }
    return count;
}

HELPER void put_nal_header(global uchar *out, uint bytes, int key)
{
    out[0] = bytes >> 24;
    out[1] = bytes >> 16;
    out[2] = bytes >> 8;
    out[3] = bytes;
    out[4] = key ? 0x65 : 0x41; /* nal_ref_idc and nal_unit_type: 3, 5; 2, 1 */
}

/* Work-items take runs of whole words of each slice. Global size: (CBX_FILM_GROUP; count). */
kernel void __attribute__((reqd_work_group_size(CBX_FILM_GROUP, 1, 1)))
film_samples(global const uint *restrict slices, global const uint *restrict bits,
             global uchar *restrict samples, global uint *restrict sizes, cbx_coding coding)
{
    const uint frame = get_global_id(1), item = get_local_id(0), place = coding.place + frame;
    const int key = (coding.number + frame) % coding.group == 0;
    local uint runs[CBX_FILM_GROUP];
    uint done = 0; /* bytes of the slices before */
    bits += (size_t)place * words_of_frame(&coding);
    slices += (size_t)place * CBX_MOST_SLICES;
    samples += place * CBX_SAMPLE_BYTES((size_t)coding.mbs_wide * coding.mbs_high);
    for (uint slice = 0; slice < CBX_MOST_SLICES; slice++) {
        const uint bytes = (slices[slice] + 7) / 8;
        if (bytes == 0) {
            break;
        }
        global const uint *words = bits + words_before_slice(&coding, slice);
        const uint each = ((bytes + 3) / 4 + CBX_FILM_GROUP - 1) / CBX_FILM_GROUP * 4;
        const uint begin = min(item * each, bytes), end = min(begin + each, bytes);
        runs[item] = escape(words, begin, end, 0);
        barrier(CLK_LOCAL_MEM_FENCE);
        uint before = 0, all = 0;
        for (uint i = 0; i < CBX_FILM_GROUP; i++) {
            before += i < item ? runs[i] : 0;
            all += runs[i];
        }
        escape(words, begin, end, samples + done + CBX_NAL_BYTES + before);
        if (item == 0) {
            put_nal_header(samples + done, all + 1, key);
        }
        done += all + CBX_NAL_BYTES;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (item == 0) {
        sizes[place] = done;
    }
}
