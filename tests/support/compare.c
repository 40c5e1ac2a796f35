/* SPDX-License-Identifier: MIT */
#include "support/compare.h"

#include <math.h>
#include <string.h>

#include "support/test.h"

/* |a − b|, infinite when that is not a number: inf − inf included, since no
 * reference of ours expects an infinity. */
static double distance(double a, double b) {
    double difference = fabs(a - b);
    return isnan(difference) ? (double)INFINITY : difference;
}

comparison compare_arrays(const float *actual, const double *expected, size_t count) {
    comparison result = {0};
    for (size_t i = 0; i < count; i++) {
        double error = distance((double)actual[i], expected[i]);
        double magnitude = fabs(expected[i]);
        if (error > result.max_abs) {
            result.max_abs = error;
            result.worst = i;
        }
        if (magnitude > 0 && error / magnitude > result.max_rel) {
            result.max_rel = error / magnitude;
        }
        if (magnitude > result.largest) {
            result.largest = magnitude;
        }
    }
    return result;
}

double largest_magnitude(const double *a, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, distance(a[i], 0));
    }
    return largest;
}

double largest_difference(const double *a, const double *b, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, distance(a[i], b[i]));
    }
    return largest;
}

void compare_assert_close(const float *actual, const double *expected, size_t rows, size_t columns,
                          double tolerance, const char *what, const char *file, int line) {
    comparison found = compare_arrays(actual, expected, rows * columns);
    if (!(found.max_abs <= tolerance)) {
        print_error("%s: element (%zu, %zu) of (%zu, %zu) is %.9g, expected %.9g\n"
                    "  largest error %.3g, allowed %.3g; largest relative error %.3g; "
                    "largest expected %.3g\n",
                    what, found.worst / columns, found.worst % columns, rows, columns,
                    (double)actual[found.worst], expected[found.worst], found.max_abs, tolerance,
                    found.max_rel, found.largest);
        _fail(file, line);
    }
}

void compare_assert_same_bits(const float *actual, const float *expected, size_t rows,
                              size_t columns, const char *what, const char *file, int line) {
    for (size_t i = 0; i < rows * columns; i++) {
        if (memcmp(&actual[i], &expected[i], sizeof actual[i]) != 0) {
            print_error(
                "%s: element (%zu, %zu) of (%zu, %zu) is %a, expected the same bits as %a\n", what,
                i / columns, i % columns, rows, columns, (double)actual[i], (double)expected[i]);
            _fail(file, line);
        }
    }
}

void compare_assert_number(double actual, double expected, double tolerance, const char *what,
                           const char *file, int line) {
    double error = distance(actual, expected);
    if (!(error <= tolerance)) {
        print_error("%s is %.9g, expected %.9g; error %.3g, allowed %.3g\n", what, actual, expected,
                    error, tolerance);
        _fail(file, line);
    }
}
