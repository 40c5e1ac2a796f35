/* SPDX-License-Identifier: MIT */
/* Bytes on their way from one thread to another, in order. */
#ifndef CBX_TEAM_PIPE_H
#define CBX_TEAM_PIPE_H

#include <pthread.h>
#include <stddef.h>

#include "clearbox/status.h"

typedef struct cbx_pipe {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *bytes; /* (room), a ring */
    size_t room, first, used;
    int closed;
} cbx_pipe;

/* CBX_NO_MEMORY. To be cleared in every case. */
cbx_status cbx_pipe_open(cbx_pipe *out, size_t room);
void cbx_pipe_clear(cbx_pipe *pipe);

/* Both wait, one thread each. CBX_DEVICE_FAULT: the pipe was closed. */
cbx_status cbx_pipe_send(cbx_pipe *pipe, const void *bytes, size_t size);
cbx_status cbx_pipe_receive(cbx_pipe *pipe, void *bytes, size_t size);

/* From any thread: nobody waits any more, and nothing can be sent; what was can be received. */
void cbx_pipe_close(cbx_pipe *pipe);

#endif
