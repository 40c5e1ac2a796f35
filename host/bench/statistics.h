/* SPDX-License-Identifier: MIT */
/* Numbers about numbers that were measured. */
#ifndef CBX_BENCH_STATISTICS_H
#define CBX_BENCH_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "bench/bench.h"

/* Rounds of a measurement that has to last `wanted` seconds when `count` of them took
 * `took`: at least one more, at most 16 times as many. */
uint64_t cbx_meter_scale(uint64_t count, double took, double wanted);

/* Sorts values[0 … count), count > 0. */
cbx_spread cbx_spread_of(double *values, size_t count);

/* How much a second, where `amount` took so long. */
cbx_spread cbx_spread_rate(double amount, const cbx_spread *seconds);

#endif
