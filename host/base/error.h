/* SPDX-License-Identifier: MIT */
/* Recording failures: one sentence per thread. */
#ifndef CBX_BASE_ERROR_H
#define CBX_BASE_ERROR_H

#include "clearbox/status.h"

#if defined(__GNUC__)
#define CBX_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define CBX_PRINTF(format_index, first)
#endif

/* Records the sentence for cbx_last_error() and returns `status`. Long texts
 * (build logs) are kept whole as far as memory allows. */
cbx_status cbx_fail(cbx_status status, const char *format, ...) CBX_PRINTF(2, 3);

#ifdef __clang_analyzer__ /* which sees no further than a file, and else asks: what if that is CBX_OK? */
#define cbx_fail(status, ...) ((void)(cbx_fail)(status, __VA_ARGS__), (status))
#endif

/* A failure on its way to another thread, or past calls that would replace its
 * sentence. Zeroed: none. */
typedef struct cbx_fault {
    cbx_status status;
    char text[1024]; /* cut to fit */
} cbx_fault;

/* Keeps `status` with the calling thread's last sentence, unless it is CBX_OK or
 * another failure was kept before. */
void cbx_fault_take(cbx_fault *fault, cbx_status status);

/* Makes it the calling thread's last failure, and returns its status. */
cbx_status cbx_fault_raise(const cbx_fault *fault);

#endif
