/* SPDX-License-Identifier: MIT */
/* Comparing arrays of floats with their double-precision reference. */
#ifndef TEST_SUPPORT_COMPARE_H
#define TEST_SUPPORT_COMPARE_H

#include <stddef.h>

/* How far `actual` is from `expected`. A NaN on either side counts as an
 * infinite error. */
typedef struct comparison {
    double max_abs; /* largest |actual − expected| */
    double max_rel; /* largest |actual − expected| / |expected|, where expected ≠ 0 */
    double largest; /* largest |expected| */
    size_t worst;   /* index of the element with max_abs */
} comparison;

/* actual, expected: `count` elements each. */
comparison compare_arrays(const float *actual, const double *expected, size_t count);

/* Largest |a| and largest |a − b| of `count` elements; infinite if any is NaN. */
double largest_magnitude(const double *a, size_t count);
double largest_difference(const double *a, const double *b, size_t count);

/* Fails the running test unless every |actual − expected| ≤ tolerance, naming
 * `what`, the worst element's row and column, both values and the errors.
 * Both arrays are (rows, columns), row-major. */
#define assert_arrays_close(actual, expected, rows, columns, tolerance, what)                      \
    compare_assert_close((actual), (expected), (rows), (columns), (tolerance), (what), __FILE__,   \
                         __LINE__)

/* Fails unless both arrays hold the same bits, naming the first difference. */
#define assert_same_bits(actual, expected, rows, columns, what)                                    \
    compare_assert_same_bits((actual), (expected), (rows), (columns), (what), __FILE__, __LINE__)

/* Fails unless |actual − expected| ≤ tolerance; NaN fails. */
#define assert_number_close(actual, expected, tolerance, what)                                     \
    compare_assert_number((actual), (expected), (tolerance), (what), __FILE__, __LINE__)

void compare_assert_close(const float *actual, const double *expected, size_t rows, size_t columns,
                          double tolerance, const char *what, const char *file, int line);
void compare_assert_same_bits(const float *actual, const float *expected, size_t rows,
                              size_t columns, const char *what, const char *file, int line);
void compare_assert_number(double actual, double expected, double tolerance, const char *what,
                           const char *file, int line);

#endif
