/* SPDX-License-Identifier: MIT */
#ifndef CBX_BASE_THREAD_H
#define CBX_BASE_THREAD_H

#include <pthread.h>

/* pthread_create() of a thread that gets no signals but those of its own crashes: they stay with the
 * caller's threads, where a handler may want to run. 0, or an errno. */
int cbx_thread_start(pthread_t *thread, void *(*work)(void *user), void *user);

#endif
