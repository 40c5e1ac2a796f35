/* SPDX-License-Identifier: MIT */
#include "bench/statistics.h"

#include <stdlib.h>

uint64_t cbx_meter_scale(uint64_t count, double took, double wanted) {
    const double factor = took > 0.0 ? wanted / took : 16.0;
    const double scaled = (double)count * (factor < 16.0 ? factor : 16.0);
    return scaled < (double)count + 1.0 ? count + 1 : (uint64_t)scaled;
}

static int compare(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

cbx_spread cbx_spread_of(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    const cbx_spread spread = {
        .median = (values[(count - 1) / 2] + values[count / 2]) / 2.0,
        .least = values[0],
        .most = values[count - 1],
    };
    return spread;
}

cbx_spread cbx_spread_rate(double amount, const cbx_spread *seconds) {
    const cbx_spread rate = {
        .median = amount / seconds->median,
        .least = amount / seconds->most,
        .most = amount / seconds->least,
    };
    return rate;
}
