/* SPDX-License-Identifier: MIT */
/* How fast the device reads and copies memory, a vector at a time.
 *
 *   from, to  `count` vectors `piece`; count need not divide by anything
 *   sums      one `piece` a work-item: what it read, added up, so that the reads
 *             cannot be left out
 *
 * Processors: one work-item a work-group, each takes one stretch of the buffer.
 * GPUs: neighbours take neighbouring vectors, all work-items stride through it.
 */
#if CBX_BENCH_CPU
typedef floatv piece;
#define FIRST(count) ((count) * get_global_id(0) / get_global_size(0))
#define END(count) ((count) * (get_global_id(0) + 1) / get_global_size(0))
#define STRIDE 1
#else
typedef float4 piece;
#define FIRST(count) get_global_id(0)
#define END(count) (count)
#define STRIDE get_global_size(0)
#endif

kernel void bench_copy(global const piece *restrict from, global piece *restrict to, ulong count)
{
    const ulong end = END(count);
    for (ulong i = FIRST(count); i < end; i += STRIDE) {
        to[i] = from[i];
    }
}

kernel void bench_read(global const piece *restrict from, ulong count,
                       global piece *restrict sums)
{
    const ulong end = END(count);
    piece sum[4];
    UNROLL for (uint i = 0; i < 4; i++) {
        sum[i] = (piece)(0.0f);
    }
    ulong i = FIRST(count);
    for (; i + 3 * STRIDE < end; i += 4 * STRIDE) {
        UNROLL for (uint j = 0; j < 4; j++) {
            sum[j] += from[i + j * STRIDE];
        }
    }
    for (; i < end; i += STRIDE) {
        sum[0] += from[i];
    }
    sums[get_global_id(0)] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
}
