/* SPDX-License-Identifier: MIT */
#include "bench/tally.h"

#include <math.h>

/* Bytes whose squares a 32-bit sum has room for. */
enum { BLOCK = 1 << 15 };

double cbx_squared_error(const uint8_t *a, const uint8_t *b, size_t bytes) {
    double sum = 0.0;
    for (size_t at = 0; at < bytes; at += BLOCK) {
        const size_t end = bytes - at < BLOCK ? bytes : at + BLOCK;
        uint32_t part = 0;
        for (size_t i = at; i < end; i++) {
            const int by = a[i] - b[i];
            part += (uint32_t)(by * by);
        }
        sum += part;
    }
    return sum;
}

/* A frame's part of a sum over key frames and one over others, in a group. */
static double mean(const double sums[2], const uint64_t frames[2], uint32_t group) {
    const double keys = frames[0] > 0 ? sums[0] / (double)frames[0] : 0.0;
    const double others = frames[1] > 0 ? sums[1] / (double)frames[1] : keys;
    return (keys + (group - 1.0) * others) / group;
}

cbx_bench_encoded cbx_tally_encoded(const cbx_tally tallies[CBX_EXCERPTS], double qp,
                                    const cbx_excerpts *excerpts, uint32_t group) {
    cbx_bench_encoded out = {.qp = qp};
    double error = 0.0, keys = 0.0;
    for (uint32_t i = 0; i < CBX_EXCERPTS; i++) {
        const cbx_tally *tally = &tallies[i];
        const double share =
            cbx_excerpts_share(excerpts, i, excerpts->run) / (double)excerpts->plane;
        const double processor = mean(tally->processor_seconds, tally->frames, group);
        out.excerpt_ns[i] = 1e9 * processor / (double)excerpts->plane;
        out.processor_ns += 1e9 * share * processor;
        out.device_ns += 1e9 * share * mean(tally->device_seconds, tally->frames, group);
        out.bits += 8.0 * share * mean(tally->bytes, tally->frames, group);
        keys += 8.0 * share * mean((const double[]){tally->bytes[0], 0.0}, tally->frames, group);
        error += share * mean(tally->error, tally->frames, group);
    }
    out.keys = keys / out.bits;
    out.psnr = error > 0.0 ? 10.0 * log10(255.0 * 255.0 / error) : 0.0;
    return out;
}

static double between(double from, double to, double share) {
    return from + share * (to - from);
}

cbx_bench_encoded cbx_encoded_between(const cbx_bench_encoded *finer,
                                      const cbx_bench_encoded *coarser, double psnr) {
    const double gap = finer->psnr - coarser->psnr;
    const double share = gap > 0.0 ? (finer->psnr - psnr) / gap : 0.0;
    cbx_bench_encoded out = {.qp = between(finer->qp, coarser->qp, share),
                             .keys = between(finer->keys, coarser->keys, share),
                             .processor_ns =
                                 between(finer->processor_ns, coarser->processor_ns, share),
                             .device_ns = between(finer->device_ns, coarser->device_ns, share),
                             .bits = exp(between(log(finer->bits), log(coarser->bits), share)),
                             .psnr = psnr};
    for (int i = 0; i < CBX_EXCERPTS; i++) {
        out.excerpt_ns[i] = between(finer->excerpt_ns[i], coarser->excerpt_ns[i], share);
    }
    return out;
}
