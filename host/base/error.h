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

#endif
