/* SPDX-License-Identifier: MIT */
#include "device/copy.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

struct cbx_copy {
    cbx_device *device;
    cl_mem buffer;
    size_t bytes, filled;
    cl_event last;    /* of the copies that were enqueued */
    cl_event fetched; /* the host has them then */
    cl_event ended;   /* the device has its buffer back, before the next copies */
    void *mapped;
};

size_t cbx_copy_room(size_t bytes) {
    return (bytes + CBX_COPY_ALIGNMENT - 1) / CBX_COPY_ALIGNMENT * CBX_COPY_ALIGNMENT;
}

cbx_status cbx_copy_create(cbx_copy **out, cbx_device *device, size_t bytes) {
    cbx_copy *copy = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&copy, 1);
    if (status) {
        return status;
    }
    copy->device = device;
    copy->bytes = bytes;
    status = cbx_buffer_create(device, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes,
                               "a copy of the weights", &copy->buffer);
    if (status) {
        free(copy);
        return status;
    }
    *out = copy;
    return CBX_OK;
}

void cbx_copy_destroy(cbx_copy *copy) {
    if (!copy) {
        return;
    }
    (void)cbx_copy_end(copy);
    clFinish(copy->device->queue); /* which may still fill it */
    clFinish(copy->device->transfers);
    cbx_event_release(&copy->last);
    cbx_event_release(&copy->ended);
    cbx_buffer_release(copy->buffer);
    free(copy);
}

void cbx_copy_begin(cbx_copy *copy) {
    cbx_event_release(&copy->last);
    copy->filled = 0;
}

cbx_status cbx_copy_add(cbx_copy *copy, cl_mem from, size_t bytes) {
    const cl_uint first = copy->filled == 0 && copy->ended;
    if (cbx_copy_room(bytes) > copy->bytes - copy->filled) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a copy has no room for %zu more bytes", bytes);
    }
    cbx_event_release(&copy->last);
    cbx_status status =
        cbx_cl_check(clEnqueueCopyBuffer(copy->device->queue, from, copy->buffer, 0, copy->filled,
                                         bytes, first, first ? &copy->ended : NULL, &copy->last),
                     "copying a buffer");
    if (first) {
        cbx_event_release(&copy->ended);
    }
    copy->filled += cbx_copy_room(bytes);
    return status ? status : cbx_cl_check(clFlush(copy->device->queue), "submitting work");
}

cbx_status cbx_copy_fetch(cbx_copy *copy) {
    cl_int error = CL_SUCCESS;
    copy->mapped = clEnqueueMapBuffer(copy->device->transfers, copy->buffer, CL_FALSE, CL_MAP_READ,
                                      0, copy->filled, 1, &copy->last, &copy->fetched, &error);
    const cbx_status status = cbx_cl_check(error, "reading a copy");
    return status ? status : cbx_cl_check(clFlush(copy->device->transfers), "submitting work");
}

cbx_status cbx_copy_look(cbx_copy *copy, int wait, const uint8_t **bytes) {
    int there = 0;
    const cbx_status status = cbx_event_look(copy->fetched, wait, &there, "reading a copy");
    *bytes = !status && there ? copy->mapped : NULL;
    return status;
}

cbx_status cbx_copy_end(cbx_copy *copy) {
    cbx_status status = CBX_OK;
    if (copy->mapped) {
        cbx_event_release(&copy->ended);
        status = cbx_cl_check(clEnqueueUnmapMemObject(copy->device->transfers, copy->buffer,
                                                      copy->mapped, 0, NULL, &copy->ended),
                              "reading a copy");
        copy->mapped = NULL;
        cbx_event_release(&copy->fetched);
        status =
            status ? status : cbx_cl_check(clFlush(copy->device->transfers), "submitting work");
    }
    return status;
}
