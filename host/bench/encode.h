/* SPDX-License-Identifier: MIT */
/* How films are encoded: what each encoder makes of the same frames, and how long it takes.
 *
 * Two excerpts of a run are encoded, without a file, by the device's own kernels at their usual
 * quantiser, and by x264 with all settings of a film but preset and quantiser. The first is the
 * run's beginning and stands for itself, the second is from its middle and stands for all the rest.
 * x264 is compared at equal PSNR: it encodes at the two whole quantisers between which the device's
 * PSNR lies, and bits (their logarithm) and time are interpolated linearly in dB.
 *
 * Times are processor seconds of the whole process for the device, of the thread for x264, which
 * has but one; opening an encoder for each group, as a film does, counts, uploading and decoding do
 * not. Bits are those of the samples, without the file's index. PSNR is that of luma after
 * libavcodec's decoder, from the mean square error of all frames. Of pictures too large to be kept
 * the upper part is encoded as if it were all.
 */
#ifndef CBX_BENCH_ENCODE_H
#define CBX_BENCH_ENCODE_H

#include "bench/bench.h"

/* x264's last has the groups, the preset and the quantiser of a film by libx264, and its own PSNR;
 * all others have the device's groups. */
typedef enum cbx_bench_encoder_name {
    CBX_BENCH_DEVICE,
    CBX_BENCH_ULTRAFAST,
    CBX_BENCH_SUPERFAST,
    CBX_BENCH_MEDIUM,
    CBX_BENCH_FILM,
    CBX_BENCH_ENCODERS
} cbx_bench_encoder_name;

enum { CBX_EXCERPTS = 2 };

/* Of the film, a pixel. */
typedef struct cbx_bench_encoded {
    double qp;           /* not a whole one where it was interpolated; 0: nothing was measured */
    double processor_ns; /* of all threads */
    double excerpt_ns[CBX_EXCERPTS]; /* the same of each excerpt */
    double device_ns;                /* by the clock of a device; 0: not on one */
    double bits;
    double keys; /* share of them that is key frames' */
    double psnr; /* dB; 0: there is no error at all */
} cbx_bench_encoded;

typedef struct cbx_bench_encoder {
    const char *encoder; /* static; NULL: it is not there, and all else is 0 */
    const char *preset;  /* static, or NULL: it has none */
    uint64_t group;      /* frames */
    cbx_bench_encoded at;
    cbx_bench_encoded finer, coarser; /* `at` lies between them; or 0, where it was measured */
    double size;                      /* bits over those of the first; 0: the PSNR is another */
    double share; /* of a whole job's processor time, were it the job's encoder; 0: unknown */
} cbx_bench_encoder;

typedef struct cbx_bench_encoding {
    uint64_t width, height; /* pixels */
    uint64_t rows;          /* of them, the upper ones, that were encoded */
    uint64_t frames;        /* of both excerpts */
    uint64_t second;        /* batches before the second; the first has none before it */
    cbx_bench_encoder encoders[CBX_BENCH_ENCODERS];
    char reason[512]; /* why the device does not encode; "": it does */
} cbx_bench_encoding;

/* A name for each, static: "device", "x264 ultrafast" …, "x264 film". */
extern const char *const cbx_bench_encoder_names[CBX_BENCH_ENCODERS];

/* The network is that of `settings`, `film` a job with it, or NULL. Without the device the first
 * preset of x264 is measured at its usual quantiser, and the others at its PSNR. CBX_NO_ENCODER:
 * libavcodec cannot decode. */
cbx_status cbx_bench_measure_encoding(cbx_bench *bench, const cbx_bench_settings *settings,
                                      const cbx_bench_film *film, cbx_bench_encoding *out);

#endif
