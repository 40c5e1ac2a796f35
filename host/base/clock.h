/* SPDX-License-Identifier: MIT */
/* Time for measurements. */
#ifndef CBX_BASE_CLOCK_H
#define CBX_BASE_CLOCK_H

/* Seconds since some fixed point, never going back. */
double cbx_clock_seconds(void);

/* Processor seconds of the calling thread, and of the whole process. */
double cbx_clock_thread_seconds(void);
double cbx_clock_process_seconds(void);

#endif
