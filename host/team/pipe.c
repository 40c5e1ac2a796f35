/* SPDX-License-Identifier: MIT */
#include "team/pipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

cbx_status cbx_pipe_open(cbx_pipe *out, size_t room) {
    *out = (cbx_pipe){
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .room = room};
    return cbx_new(&out->bytes, room);
}

void cbx_pipe_clear(cbx_pipe *pipe) {
    free(pipe->bytes);
    pipe->bytes = NULL;
    pthread_cond_destroy(&pipe->changed);
    pthread_mutex_destroy(&pipe->lock);
}

static size_t least(size_t a, size_t b, size_t c) {
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static cbx_status fail_closed(void) {
    return cbx_fail(CBX_DEVICE_FAULT, "another device of this run failed");
}

/* As many as fit, and not over the ring's end. */
static size_t put(cbx_pipe *pipe, const char *bytes, size_t size) {
    const size_t at = (pipe->first + pipe->used) % pipe->room;
    const size_t count = least(size, pipe->room - pipe->used, pipe->room - at);
    memcpy(pipe->bytes + at, bytes, count);
    pipe->used += count;
    return count;
}

static size_t take(cbx_pipe *pipe, char *bytes, size_t size) {
    const size_t count = least(size, pipe->used, pipe->room - pipe->first);
    memcpy(bytes, pipe->bytes + pipe->first, count);
    pipe->first = (pipe->first + count) % pipe->room;
    pipe->used -= count;
    return count;
}

/* Tells the other side that so many bytes moved; where none did, waits for it. */
static void meet(cbx_pipe *pipe, size_t count) {
    if (count > 0) {
        pthread_cond_broadcast(&pipe->changed);
    } else {
        pthread_cond_wait(&pipe->changed, &pipe->lock);
    }
}

cbx_status cbx_pipe_send(cbx_pipe *pipe, const void *bytes, size_t size) {
    const char *next = bytes;
    pthread_mutex_lock(&pipe->lock);
    while (size > 0 && !pipe->closed) {
        const size_t count = put(pipe, next, size);
        next += count;
        size -= count;
        meet(pipe, count);
    }
    pthread_mutex_unlock(&pipe->lock);
    return size > 0 ? fail_closed() : CBX_OK;
}

cbx_status cbx_pipe_receive(cbx_pipe *pipe, void *bytes, size_t size) {
    char *next = bytes;
    pthread_mutex_lock(&pipe->lock);
    while (size > 0 && (pipe->used > 0 || !pipe->closed)) {
        const size_t count = take(pipe, next, size);
        next += count;
        size -= count;
        meet(pipe, count);
    }
    pthread_mutex_unlock(&pipe->lock);
    return size > 0 ? fail_closed() : CBX_OK;
}

void cbx_pipe_close(cbx_pipe *pipe) {
    pthread_mutex_lock(&pipe->lock);
    pipe->closed = 1;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
}
