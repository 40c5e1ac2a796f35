/* SPDX-License-Identifier: MIT */
/* Buffers for launching kernels directly, with guard bands.
 *
 * Every buffer lies between two bands of a pattern, within one larger buffer, and
 * starts as that pattern where it is not given content. The pattern is a NaN as a
 * float and far out of range as a row number, so that reading beyond an edge, or what
 * nobody has written, shows in the results; writing beyond an edge, or into a buffer
 * that is only read, fails the running test after the launch.
 *
 * Where CBX_TEST_WATCHED is set in the environment there are no bands: a tool that
 * watches every access, such as Oclgrind, is to see where buffers really end.
 */
#ifndef TEST_SUPPORT_BANDS_H
#define TEST_SUPPORT_BANDS_H

#include <stddef.h>
#include <stdint.h>

#include "device/device.h"

typedef struct bands bands;

/* Whether such a tool watches: then tests also do less, because it is slow. */
int bands_watched(void);

/* Freed with bands_close(). The running test fails when anything goes wrong. */
bands *bands_open(cbx_device *device);
void bands_close(bands *b);

/* A buffer that kernels only read: checked to be unchanged after every launch. */
cl_mem bands_input(bands *b, const char *what, const void *content, size_t bytes);

/* A buffer that kernels change, with the given content, or NULL: the pattern. */
cl_mem bands_output(bands *b, const char *what, const void *content, size_t bytes);

/* Launches the kernel of that name, waits, and checks all bands and inputs. */
void bands_launch(bands *b, const char *kernel, const cbx_argument *arguments, cl_uint count,
                  cbx_range range);

/* The same of a kernel of another program than the device's own. */
void bands_launch_in(bands *b, cl_program program, const char *kernel,
                     const cbx_argument *arguments, cl_uint count, cbx_range range);

/* Waits for what others have launched, and checks the same; `who` was it. */
void bands_check(bands *b, const char *who);

#define BANDS_LAUNCH(b, kernel, range, ...)                                                        \
    bands_launch((b), (kernel), (const cbx_argument[]){__VA_ARGS__},                               \
                 CBX_COUNT(((const cbx_argument[]){__VA_ARGS__})), (range))

/* The content of a buffer, for free(). */
void *bands_read(bands *b, cl_mem buffer);

/* Whether the number at `at` is still the pattern: nobody wrote it. */
int bands_untouched(const float *at);

/* The range of `items` × `panels` work-items in the groups of `stepwise`. */
cbx_range bands_range(const bands *b, size_t items, size_t panels);

#endif
