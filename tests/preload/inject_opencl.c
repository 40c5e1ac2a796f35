/* SPDX-License-Identifier: MIT */
/* OpenCL: calls that fail, objects that are given back or not, and how many threads ask. */
#define _GNU_SOURCE
#include "inject.h"

#include <CL/cl.h>

/* Threads that use queues count as what is held. */
static void note_thread(void) {
    static __thread int noted;
    if (!noted) {
        noted = 1;
        inject_hold("thread at a queue", 1);
    }
}

/* An event that a call has given out. */
static void hold_event(cl_int status, const cl_event *event) {
    note_thread();
    if (status == CL_SUCCESS && event && *event) {
        inject_hold("event", 1);
    }
}

static void hold_object(const char *kind, const void *object) {
    if (object) {
        inject_hold(kind, 1);
    }
}

static void give_back(const char *kind, cl_int status) {
    if (status == CL_SUCCESS) {
        inject_hold(kind, -1);
    }
}

#define CL(name, parameters, arguments)                                                            \
    INJECT_PLAIN(cl_int, name, parameters, arguments, return CL_OUT_OF_RESOURCES)
#define CL_QUEUE(name, parameters, arguments)                                                      \
    INJECT(cl_int, name, parameters, arguments, note_thread(), return CL_OUT_OF_RESOURCES)
#define CL_OBJECT(type, kind, name, parameters, arguments)                                         \
    INJECT(type, name, parameters, arguments, hold_object(kind, result),                           \
           *error = CL_OUT_OF_HOST_MEMORY;                                                         \
           return NULL)
/* Ends in `cl_event *e`. */
#define CL_ENQUEUE(name, parameters, arguments)                                                    \
    INJECT(cl_int, name, parameters, arguments, hold_event(result, e), return CL_OUT_OF_RESOURCES)
/* Is never made to fail: nothing could be done about it. */
#define CL_RELEASE(kind, name, type)                                                               \
    INJECT(cl_int, name, (type object), (object), give_back(kind, result), (void)0)

/* ---- platforms and devices ---- */

CL(clGetPlatformIDs, (cl_uint n, cl_platform_id *out, cl_uint *count), (n, out, count))
CL(clGetPlatformInfo, (cl_platform_id p, cl_platform_info w, size_t n, void *out, size_t *got),
   (p, w, n, out, got))
CL(clGetDeviceIDs, (cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id *o, cl_uint *c),
   (p, t, n, o, c))
CL(clGetDeviceInfo, (cl_device_id d, cl_device_info w, size_t n, void *out, size_t *got),
   (d, w, n, out, got))

/* ---- objects ---- */

CL_OBJECT(cl_context, "context", clCreateContext,
          (const cl_context_properties *p, cl_uint n, const cl_device_id *d,
           void(CL_CALLBACK *f)(const char *, const void *, size_t, void *), void *u,
           cl_int *error),
          (p, n, d, f, u, error))
CL_OBJECT(cl_command_queue, "queue", clCreateCommandQueue,
          (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *error),
          (c, d, p, error))
CL_OBJECT(cl_program, "program", clCreateProgramWithSource,
          (cl_context c, cl_uint n, const char **t, const size_t *s, cl_int *error),
          (c, n, t, s, error))
CL_OBJECT(cl_program, "program", clCreateProgramWithBinary,
          (cl_context c, cl_uint n, const cl_device_id *d, const size_t *s, const unsigned char **b,
           cl_int *each, cl_int *error),
          (c, n, d, s, b, each, error))
CL_OBJECT(cl_kernel, "kernel", clCreateKernel, (cl_program p, const char *n, cl_int *error),
          (p, n, error))
CL_OBJECT(cl_mem, "buffer", clCreateBuffer,
          (cl_context c, cl_mem_flags f, size_t n, void *h, cl_int *error), (c, f, n, h, error))

CL_RELEASE("context", clReleaseContext, cl_context)
CL_RELEASE("queue", clReleaseCommandQueue, cl_command_queue)
CL_RELEASE("program", clReleaseProgram, cl_program)
CL_RELEASE("kernel", clReleaseKernel, cl_kernel)
CL_RELEASE("buffer", clReleaseMemObject, cl_mem)
CL_RELEASE("event", clReleaseEvent, cl_event)
INJECT(cl_int, clRetainEvent, (cl_event object), (object), hold_event(result, &object),
       return CL_OUT_OF_RESOURCES)

/* ---- programs and kernels ---- */

CL(clBuildProgram,
   (cl_program p, cl_uint n, const cl_device_id *d, const char *o,
    void(CL_CALLBACK *f)(cl_program, void *), void *u),
   (p, n, d, o, f, u))
CL(clGetProgramInfo, (cl_program p, cl_program_info w, size_t n, void *out, size_t *got),
   (p, w, n, out, got))
CL(clGetProgramBuildInfo,
   (cl_program p, cl_device_id d, cl_program_build_info w, size_t n, void *out, size_t *got),
   (p, d, w, n, out, got))
CL(clGetKernelInfo, (cl_kernel k, cl_kernel_info w, size_t n, void *out, size_t *got),
   (k, w, n, out, got))
CL(clGetKernelWorkGroupInfo,
   (cl_kernel k, cl_device_id d, cl_kernel_work_group_info w, size_t n, void *out, size_t *got),
   (k, d, w, n, out, got))
CL(clSetKernelArg, (cl_kernel k, cl_uint i, size_t n, const void *v), (k, i, n, v))

/* ---- queues ---- */

CL_ENQUEUE(clEnqueueNDRangeKernel,
           (cl_command_queue q, cl_kernel k, cl_uint d, const size_t *o, const size_t *g,
            const size_t *l, cl_uint n, const cl_event *w, cl_event *e),
           (q, k, d, o, g, l, n, w, e))
CL_ENQUEUE(clEnqueueReadBuffer,
           (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, void *p, cl_uint n,
            const cl_event *w, cl_event *e),
           (q, m, b, o, s, p, n, w, e))
CL_ENQUEUE(clEnqueueReadBufferRect,
           (cl_command_queue q, cl_mem m, cl_bool b, const size_t *bo, const size_t *ho,
            const size_t *r, size_t br, size_t bs, size_t hr, size_t hs, void *p, cl_uint n,
            const cl_event *w, cl_event *e),
           (q, m, b, bo, ho, r, br, bs, hr, hs, p, n, w, e))
CL_ENQUEUE(clEnqueueWriteBuffer,
           (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, const void *p, cl_uint n,
            const cl_event *w, cl_event *e),
           (q, m, b, o, s, p, n, w, e))
CL_ENQUEUE(clEnqueueWriteBufferRect,
           (cl_command_queue q, cl_mem m, cl_bool b, const size_t *bo, const size_t *ho,
            const size_t *r, size_t br, size_t bs, size_t hr, size_t hs, const void *p, cl_uint n,
            const cl_event *w, cl_event *e),
           (q, m, b, bo, ho, r, br, bs, hr, hs, p, n, w, e))
CL_ENQUEUE(clEnqueueCopyBuffer,
           (cl_command_queue q, cl_mem from, cl_mem to, size_t fo, size_t o, size_t s, cl_uint n,
            const cl_event *w, cl_event *e),
           (q, from, to, fo, o, s, n, w, e))
CL_ENQUEUE(clEnqueueFillBuffer,
           (cl_command_queue q, cl_mem m, const void *p, size_t ps, size_t o, size_t s, cl_uint n,
            const cl_event *w, cl_event *e),
           (q, m, p, ps, o, s, n, w, e))
INJECT(void *, clEnqueueMapBuffer,
       (cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t s, cl_uint n,
        const cl_event *w, cl_event *e, cl_int *error),
       (q, m, b, f, o, s, n, w, e, error), hold_object("mapping", result);
       hold_event(result ? CL_SUCCESS : CL_OUT_OF_RESOURCES, e), *error = CL_OUT_OF_HOST_MEMORY;
       return NULL)
INJECT(cl_int, clEnqueueUnmapMemObject,
       (cl_command_queue q, cl_mem m, void *p, cl_uint n, const cl_event *w, cl_event *e),
       (q, m, p, n, w, e), give_back("mapping", result);
       hold_event(result, e), return CL_OUT_OF_RESOURCES)
CL_ENQUEUE(clEnqueueMarkerWithWaitList,
           (cl_command_queue q, cl_uint n, const cl_event *w, cl_event *e), (q, n, w, e))
CL_QUEUE(clWaitForEvents, (cl_uint n, const cl_event *e), (n, e))
CL_QUEUE(clGetEventInfo, (cl_event e, cl_event_info w, size_t n, void *out, size_t *got),
         (e, w, n, out, got))
CL(clGetEventProfilingInfo, (cl_event e, cl_profiling_info w, size_t n, void *out, size_t *got),
   (e, w, n, out, got))
CL_QUEUE(clFlush, (cl_command_queue q), (q))
CL_QUEUE(clFinish, (cl_command_queue q), (q))
