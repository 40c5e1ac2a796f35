/* SPDX-License-Identifier: MIT */
/* How fast a device trains, evaluates and draws, beside what it could do at best.
 *
 * Everything is measured by the wall clock, after warming up. Machines are noisy:
 * the best multiply-add rate is measured again before and after every repetition,
 * and each repetition is compared with its own neighbours.
 *
 * What counts as useful arithmetic, B rows in a batch, H hidden neurons:
 *   a batch      2·B·H·(2·785 + 3·10) FLOP: both layers forward (785, 10), the hidden
 *                error (10), both gradients with their update (785, 10)
 *   evaluation   2·n·H·(785 + 10) FLOP for n images
 * The scalar functions are left out. What a batch must move at least: W1 read and
 * written once, and its images: 2·785·H·4 + B·784·4 bytes.
 */
#ifndef CBX_BENCH_BENCH_H
#define CBX_BENCH_BENCH_H

#include <stdint.h>

#include "clearbox/dataset.h"
#include "clearbox/device.h"
#include "clearbox/learn.h"
#include "clearbox/status.h"
#include "clearbox/trainer.h"

#define CBX_BENCH_MOST_REPETITIONS 1000u

/* Of several measurements. */
typedef struct cbx_spread {
    double median, least, most;
} cbx_spread;

/* Asked between repetitions and blocks of work of about a quarter of a second (a launch
 * that takes longer is not divided); nonzero ends the measurement with CBX_INTERRUPTED.
 * A NULL function: never. */
typedef struct cbx_bench_stop {
    int (*asked)(void *user);
    void *user;
} cbx_bench_stop;

typedef struct cbx_bench_settings {
    uint32_t hidden, batch; /* 64, 64 */
    cbx_recipe recipe;      /* lesson */
    cbx_schedule schedule;  /* fused */
    uint32_t repetitions;   /* 5; 1…CBX_BENCH_MOST_REPETITIONS */
    /* About how long training is measured, all repetitions together; evaluation
     * gets as much, drawing less. A repetition is as many whole epochs as fit, or
     * as many batches when an epoch does not. 3.0 */
    double seconds;
    cbx_bench_stop stop;
} cbx_bench_settings;

/* What the device can do at best. */
typedef struct cbx_bench_limits {
    cbx_spread peak;           /* FLOP/s of independent multiply-adds */
    cbx_spread copy, read;     /* bytes/s, read and written bytes counted alike */
    double bandwidth;          /* bytes/s, the better median of the two */
    uint64_t buffer_bytes;     /* of each buffer that was copied or read */
    double launch_seconds;     /* of a kernel among many that are enqueued at once */
    double round_trip_seconds; /* to enqueue one kernel and wait for it */
} cbx_bench_limits;

/* Rates come from medians; shares are fractions. */
typedef struct cbx_bench_training {
    uint64_t images;          /* trained in one repetition */
    int whole_epochs;         /* whether that was one or more whole epochs */
    cbx_spread epoch_seconds; /* of one epoch; scaled from batches if it did not fit */
    double epochs_per_second;
    double images_per_second;
    double batch_flop;         /* useful arithmetic of a full batch */
    cbx_spread flops;          /* FLOP/s of useful arithmetic */
    cbx_spread peak;           /* FLOP/s of multiply-adds, between the repetitions; 0: unknown */
    double share_of_peak;      /* median of each repetition / the better of its two peaks */
    double best_share_of_peak; /* best repetition / best peak */
    double batch_bytes;        /* that a full batch must move */
    double share_of_bandwidth; /* 0: unknown. Above 1 where the weights stay in caches */
    double flop_per_processor_second; /* of the whole process, its waiting included */

    uint64_t evaluated_images; /* training and validation images, or only the latter
                                  when the former took too long */
    cbx_spread evaluate_seconds;
    double evaluate_flops; /* FLOP/s */
    double evaluate_share_of_peak;

    cbx_spread frames_per_second; /* drawn in separate launches, not read back */
} cbx_bench_training;

/* A whole job with film, split into its parts. */
typedef struct cbx_bench_film {
    cbx_learn_result job;
    double processor_seconds; /* of the whole process meanwhile */
    double frames_per_second; /* frames / the seconds from the first batch to the film */
} cbx_bench_film;

typedef struct cbx_bench cbx_bench;

void cbx_bench_defaults(cbx_bench_settings *settings);

/* CBX_BAD_ARGUMENT when a setting makes no sense. */
cbx_status cbx_bench_check(const cbx_bench_settings *settings);

/* Builds the measuring kernels and takes some device memory. Device and dataset
 * (NULL where only limits are measured) must outlive *out, which is the caller's, for cbx_bench_close(). */
cbx_status cbx_bench_open(cbx_bench **out, cbx_device *device, const cbx_dataset *dataset);
void cbx_bench_close(cbx_bench *bench);

/* Of valid settings, repetitions and stop count. `most_bytes` bounds the buffers of the
 * bandwidth, 0: four times what the caches hold, as far as the device's memory allows.
 * Waits. */
cbx_status cbx_bench_measure_limits(cbx_bench *bench, const cbx_bench_settings *settings,
                                    uint64_t most_bytes, cbx_bench_limits *out);

/* Trains, evaluates and draws a network of settings->hidden neurons. The share of
 * the bandwidth is known only after cbx_bench_measure_limits(). Waits.
 * CBX_TOO_LARGE: beyond the device's memory. */
cbx_status cbx_bench_train(cbx_bench *bench, const cbx_bench_settings *settings,
                           cbx_bench_training *out);

/* The same training on the host's processors through OpenBLAS, which is loaded when
 * it is first asked for: libopenblas.so.0, or what CLEARBOX_OPENBLAS names. */
typedef struct cbx_blas cbx_blas;

/* CBX_MISSING_INPUT: there is no OpenBLAS. *out is the caller's. */
cbx_status cbx_blas_open(cbx_blas **out);
void cbx_blas_close(cbx_blas *blas);

/* Its own words about version and processor, and the threads it uses: all. Owned by
 * `blas`. */
const char *cbx_blas_about(const cbx_blas *blas);
unsigned cbx_blas_threads(const cbx_blas *blas);

/* The peak is measured through `bench`, the processor as an OpenCL device; NULL: it
 * stays 0, and so do the shares. Nothing is drawn. */
cbx_status cbx_bench_train_blas(cbx_blas *blas, cbx_bench *bench, const cbx_dataset *dataset,
                                const cbx_bench_settings *settings, cbx_bench_training *out);

/* What tuning found. */
typedef struct cbx_bench_tuning {
    uint32_t tried;     /* variants that were built and timed; 0: none */
    double usual_flops; /* FLOP/s of useful arithmetic as it comes */
    double best_flops;  /* of the best, in turns with the former */
    char best[256];     /* its sizes: "vector 16, forward rows 13, …" */
    char path[4096];    /* the file that was written */
} cbx_bench_tuning;

/* Times training with other block sizes and keeps the best in the user's cache folder,
 * where cbx_device_open() finds it from then on. Every variant computes the same
 * weights. *out is all zero where the dataset has no whole batch. Takes some seconds for
 * each variant that the driver has not compiled yet; `stop`, or NULL, is asked between them,
 * and nothing is kept then. CBX_CANNOT_CREATE, CBX_CANNOT_WRITE: the file. */
cbx_status cbx_bench_tune(const char *spec, cbx_family family, const cbx_dataset *dataset,
                          const cbx_bench_stop *stop, cbx_bench_tuning *out);

/* Runs cbx_learn() with a film in $TMPDIR or /tmp, which is gone afterwards, and stops it
 * in good order after about `seconds`, 0: never, but not before there is a frame.
 * settings->film is ignored. CBX_INTERRUPTED when `stop`, or NULL, ended it. */
cbx_status cbx_bench_measure_film(const cbx_learn_settings *settings, double seconds,
                                  const cbx_bench_stop *stop, cbx_bench_film *out);

/* Whether a film can be created there, by this encoder, as of cbx_learn_settings:
 * CBX_CANNOT_CREATE, CBX_NO_ENCODER. */
cbx_status cbx_bench_check_film(const char *encoder);

#endif
