/* SPDX-License-Identifier: MIT */
#include "cli/bench_columns.h"

#include <stdint.h>
#include <string.h>

#include "cli/bench_report.h"
#include "cli/times.h"

#define DEVICE(member) offsetof(cli_bench_device, limits.member)
#define ROW(member) offsetof(cli_bench_row, training.member)
#define FILM(member) offsetof(cli_bench_row, film.member)
#define ENCODER(member) offsetof(cbx_bench_encoder, member)
#define UNSEEN NULL, CLI_AS_IT_IS, 0
#define IN_JSON NULL, UNSEEN

const cli_bench_column cli_bench_device_columns[] = {
    {"peak_flop_per_second", CLI_IS_SPREAD, DEVICE(peak), "", "peak GFLOP/s", CLI_AS_GIGA, 0},
    {"copy_bytes_per_second", CLI_IS_SPREAD, DEVICE(copy), "", "copy GB/s", CLI_AS_GIGA, 0},
    {"read_bytes_per_second", CLI_IS_SPREAD, DEVICE(read), "", "read GB/s", CLI_AS_GIGA, 0},
    {"bandwidth_bytes_per_second", CLI_IS_RATE, DEVICE(bandwidth), IN_JSON},
    {"bandwidth_buffer_bytes", CLI_IS_COUNT, DEVICE(buffer_bytes), IN_JSON},
    {"launch_seconds", CLI_IS_RATE, DEVICE(launch_seconds), "", "launch µs", CLI_AS_MICRO, 7},
    {"round_trip_seconds", CLI_IS_RATE, DEVICE(round_trip_seconds), IN_JSON},
    {0}};

const cli_bench_column cli_bench_row_columns[] = {
    {"images_per_repetition", CLI_IS_COUNT, ROW(images), IN_JSON},
    {"whole_epochs", CLI_IS_FLAG, ROW(whole_epochs), IN_JSON},
    {"epoch_seconds", CLI_IS_RANGE, ROW(epoch_seconds), "", UNSEEN},
    {"epochs_per_second", CLI_IS_RATE, ROW(epochs_per_second), "", UNSEEN},
    {"images_per_second", CLI_IS_RATE, ROW(images_per_second), "", "images/s", CLI_AS_IT_IS, 4},
    {"batch_flop", CLI_IS_NUMBER, ROW(batch_flop), IN_JSON},
    {"flop_per_second", CLI_IS_SPREAD, ROW(flops), "", "GFLOP/s", CLI_AS_GIGA, 1},
    {"peak_flop_per_second", CLI_IS_SPREAD, ROW(peak), "row_", UNSEEN},
    {"share_of_peak", CLI_IS_RATE, ROW(share_of_peak), "", "of peak", CLI_AS_SHARE, 0},
    {"best_share_of_peak", CLI_IS_RATE, ROW(best_share_of_peak), "", UNSEEN},
    {"batch_bytes", CLI_IS_NUMBER, ROW(batch_bytes), IN_JSON},
    {"share_of_bandwidth", CLI_IS_RATE, ROW(share_of_bandwidth), "", "of GB/s", CLI_AS_SHARE, 8},
    {"flop_per_processor_second", CLI_IS_RATE, ROW(flop_per_processor_second), "", UNSEEN},
    {"evaluated_images", CLI_IS_COUNT, ROW(evaluated_images), IN_JSON},
    {"evaluate_seconds", CLI_IS_SPREAD, ROW(evaluate_seconds), IN_JSON},
    {"evaluate_flop_per_second", CLI_IS_RATE, ROW(evaluate_flops), "", "evaluate GFLOP/s",
     CLI_AS_GIGA, 7},
    {"evaluate_share_of_peak", CLI_IS_RATE, ROW(evaluate_share_of_peak), "", "evaluate of peak",
     CLI_AS_SHARE, 3},
    {"draw_frames_per_second", CLI_IS_SPREAD, ROW(frames_per_second), "", "frames/s", CLI_AS_IT_IS,
     6},
    {"speed_up", CLI_IS_RATE, offsetof(cli_bench_row, speed_up), "", "× OpenBLAS", CLI_AS_IT_IS, 0},
    {0}};

/* NOLINTBEGIN(bugprone-macro-parentheses): the name of a member has none */
#define BRACKET(side)                                                                              \
    {#side "_qp", CLI_IS_RATE, ENCODER(side.qp), IN_JSON},                                         \
        {#side "_processor_ns_per_pixel", CLI_IS_RATE, ENCODER(side.processor_ns), IN_JSON},       \
        {#side "_bits_per_pixel", CLI_IS_RATE, ENCODER(side.bits), IN_JSON}, {                     \
#side "_psnr_db", CLI_IS_RATE, ENCODER(side.psnr), IN_JSON                                 \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

const cli_bench_column cli_bench_encoder_columns[] = {
    {"encoder", CLI_IS_TEXT, ENCODER(encoder), IN_JSON},
    {"preset", CLI_IS_TEXT, ENCODER(preset), IN_JSON},
    {"group_frames", CLI_IS_COUNT, ENCODER(group), "", UNSEEN},
    {"qp", CLI_IS_RATE, ENCODER(at.qp), "", "QP", CLI_AS_TENTHS, 1},
    {"processor_ns_per_pixel", CLI_IS_RATE, ENCODER(at.processor_ns), "", "CPU ns/px", CLI_AS_IT_IS,
     0},
    {"device_ns_per_pixel", CLI_IS_RATE, ENCODER(at.device_ns), "", "device ns/px", CLI_AS_IT_IS,
     4},
    {"bits_per_pixel", CLI_IS_RATE, ENCODER(at.bits), "", "bits/px", CLI_AS_IT_IS, 0},
    {"key_frames_share", CLI_IS_RATE, ENCODER(at.keys), "", "key frames", CLI_AS_SHARE, 3},
    {"psnr_db", CLI_IS_RATE, ENCODER(at.psnr), "", "PSNR dB", CLI_AS_HUNDREDTHS, 0},
    {"size", CLI_IS_RATE, ENCODER(size), "", "size", CLI_AS_RATIO, 0},
    {"share_of_job", CLI_IS_RATE, ENCODER(share), "", "of job", CLI_AS_SHARE, 2},
    BRACKET(finer),
    BRACKET(coarser),
    {0}};

/* In front of the times, and behind them. */
static const cli_bench_column of_film[] = {
    {"batches", CLI_IS_COUNT, FILM(job.batches), IN_JSON},
    {"frames", CLI_IS_COUNT, FILM(job.film.frames), "film_", "frames", CLI_AS_COUNT, 0},
    {"frames_per_second", CLI_IS_NUMBER, FILM(frames_per_second), "film_", "frames/s", CLI_AS_IT_IS,
     2},
    {"bytes", CLI_IS_COUNT, FILM(job.film.bytes), "film_", UNSEEN},
    {"encoder", CLI_IS_TEXT, FILM(job.film.encoder), "film_", UNSEEN}};
static const cli_bench_column of_process[] = {{"processor_seconds", CLI_IS_NUMBER,
                                               FILM(processor_seconds), "film_", "CPU s",
                                               CLI_AS_SECONDS, 11},
                                              {0}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

const cli_bench_column *cli_bench_film_columns(void) {
    static cli_bench_column all[COUNT(of_film) + CLI_TIMES + COUNT(of_process)];
    cli_bench_column *to = all + COUNT(of_film);
    memcpy(all, of_film, sizeof of_film);
    for (size_t i = 0; i < CLI_TIMES; i++) {
        const cli_time *time = &cli_times[(CLI_TIMES - 1 + i) % CLI_TIMES]; /* the total first */
        *to++ = (cli_bench_column){time->whole_key,
                                   CLI_IS_NUMBER,
                                   FILM(job.times) + time->at,
                                   time->head ? "film_" : NULL,
                                   time->head,
                                   CLI_AS_SECONDS,
                                   time->spare};
    }
    memcpy(to, of_process, sizeof of_process);
    return all;
}

double cli_bench_value(const cli_bench_column *column, const void *record) {
    const void *value = (const char *)record + column->at;
    switch (column->kind) {
    case CLI_IS_COUNT:
        return (double)*(const uint64_t *)value;
    case CLI_IS_NUMBER:
    case CLI_IS_RATE:
        return *(const double *)value;
    case CLI_IS_SPREAD:
    case CLI_IS_RANGE:
        return ((const cbx_spread *)value)->median;
    case CLI_IS_FLAG:
    case CLI_IS_TEXT:
        break;
    }
    return 0.0;
}
