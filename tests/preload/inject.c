/* SPDX-License-Identifier: MIT */
/* A layer that is loaded before the program's libraries (LD_PRELOAD) and makes one call
 * fail: of the functions below, those that the program itself calls.
 *
 *   CBX_INJECT=NAME:N        the N-th call of NAME fails, counted from 1
 *   CBX_INJECT_COUNTS=FILE   how often each was called is written there at the end, a
 *                            line "NAME COUNT" each
 *
 * What drivers and libraries call among themselves is let through.
 */
#define _GNU_SOURCE
#include <CL/cl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <link.h>
#include <png.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { MOST_FUNCTIONS = 160 };

typedef struct counter {
    const char *name;
    atomic_ulong calls;
} counter;

static counter counters[MOST_FUNCTIONS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t program_begin, program_end;
static char wanted_name[64];
static unsigned long wanted_call;

/* The first object is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
            program_begin = info->dlpi_addr + part->p_vaddr;
            program_end = program_begin + part->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void begin(void) {
    const char *wanted = getenv("CBX_INJECT");
    dl_iterate_phdr(find_program, NULL);
    if (wanted && sscanf(wanted, "%63[^:]:%lu", wanted_name, &wanted_call) != 2) {
        wanted_name[0] = '\0';
    }
}

/* Called at most once for a function. */
static counter *find_counter(const char *name) {
    pthread_mutex_lock(&lock);
    counter *found = counters;
    while (found->name && strcmp(found->name, name) != 0 && found < counters + MOST_FUNCTIONS - 1) {
        found++;
    }
    found->name = name;
    pthread_mutex_unlock(&lock);
    return found;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("CBX_INJECT_COUNTS");
    char line[128];
    int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
    for (const counter *c = counters; file >= 0 && c < counters + MOST_FUNCTIONS; c++) {
        if (c->name && c->calls) {
            int length = snprintf(line, sizeof line, "%s %lu\n", c->name, c->calls);
            (void)!write(file, line, (size_t)length);
        }
    }
    if (file >= 0) {
        close(file);
    }
}

static int fails(counter *on, const void *caller) {
    if ((uintptr_t)caller < program_begin || (uintptr_t)caller >= program_end) {
        return 0;
    }
    return ++on->calls == wanted_call && strcmp(on->name, wanted_name) == 0;
}

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) {
        abort();
    }
    return found;
}

/* TYPE NAME(PARAMETERS): on failure runs INSTEAD, which returns. */
#define WRAP(type, name, parameters, arguments, ...)                                               \
    type name parameters {                                                                         \
        static type(*real) parameters;                                                             \
        static counter *on;                                                                        \
        if (!on) {                                                                                 \
            real = (type(*) parameters)next(#name);                                                \
            on = find_counter(#name);                                                              \
        }                                                                                          \
        if (fails(on, __builtin_return_address(0))) {                                              \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
        return real arguments;                                                                     \
    }

/* ---- OpenCL ---- */

#define CL(name, parameters, arguments)                                                            \
    WRAP(cl_int, name, parameters, arguments, return CL_OUT_OF_RESOURCES)
#define CL_OBJECT(type, name, parameters, arguments)                                               \
    WRAP(type, name, parameters, arguments, *error = CL_OUT_OF_HOST_MEMORY; return NULL)

CL(clGetPlatformIDs, (cl_uint n, cl_platform_id *out, cl_uint *count), (n, out, count))
CL(clGetPlatformInfo, (cl_platform_id p, cl_platform_info w, size_t n, void *out, size_t *got),
   (p, w, n, out, got))
CL(clGetDeviceIDs, (cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id *o, cl_uint *c),
   (p, t, n, o, c))
CL(clGetDeviceInfo, (cl_device_id d, cl_device_info w, size_t n, void *out, size_t *got),
   (d, w, n, out, got))
CL_OBJECT(cl_context, clCreateContext,
          (const cl_context_properties *p, cl_uint n, const cl_device_id *d,
           void(CL_CALLBACK *f)(const char *, const void *, size_t, void *), void *u,
           cl_int *error),
          (p, n, d, f, u, error))
CL_OBJECT(cl_command_queue, clCreateCommandQueue,
          (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *error),
          (c, d, p, error))
CL_OBJECT(cl_program, clCreateProgramWithSource,
          (cl_context c, cl_uint n, const char **t, const size_t *s, cl_int *error),
          (c, n, t, s, error))
CL(clBuildProgram,
   (cl_program p, cl_uint n, const cl_device_id *d, const char *o,
    void(CL_CALLBACK *f)(cl_program, void *), void *u),
   (p, n, d, o, f, u))
CL(clGetProgramBuildInfo,
   (cl_program p, cl_device_id d, cl_program_build_info w, size_t n, void *out, size_t *got),
   (p, d, w, n, out, got))
CL_OBJECT(cl_kernel, clCreateKernel, (cl_program p, const char *n, cl_int *error), (p, n, error))
CL(clGetKernelWorkGroupInfo,
   (cl_kernel k, cl_device_id d, cl_kernel_work_group_info w, size_t n, void *out, size_t *got),
   (k, d, w, n, out, got))
CL(clSetKernelArg, (cl_kernel k, cl_uint i, size_t n, const void *v), (k, i, n, v))
CL_OBJECT(cl_mem, clCreateBuffer, (cl_context c, cl_mem_flags f, size_t n, void *h, cl_int *error),
          (c, f, n, h, error))
CL(clEnqueueNDRangeKernel,
   (cl_command_queue q, cl_kernel k, cl_uint d, const size_t *o, const size_t *g, const size_t *l,
    cl_uint n, const cl_event *w, cl_event *e),
   (q, k, d, o, g, l, n, w, e))
CL(clEnqueueReadBuffer,
   (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, void *p, cl_uint n,
    const cl_event *w, cl_event *e),
   (q, m, b, o, s, p, n, w, e))
CL(clEnqueueWriteBuffer,
   (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, const void *p, cl_uint n,
    const cl_event *w, cl_event *e),
   (q, m, b, o, s, p, n, w, e))
CL(clEnqueueCopyBuffer,
   (cl_command_queue q, cl_mem from, cl_mem to, size_t fo, size_t o, size_t s, cl_uint n,
    const cl_event *w, cl_event *e),
   (q, from, to, fo, o, s, n, w, e))
CL(clEnqueueFillBuffer,
   (cl_command_queue q, cl_mem m, const void *p, size_t ps, size_t o, size_t s, cl_uint n,
    const cl_event *w, cl_event *e),
   (q, m, p, ps, o, s, n, w, e))
CL_OBJECT(void *, clEnqueueMapBuffer,
          (cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t s, cl_uint n,
           const cl_event *w, cl_event *e, cl_int *error),
          (q, m, b, f, o, s, n, w, e, error))
CL(clEnqueueUnmapMemObject,
   (cl_command_queue q, cl_mem m, void *p, cl_uint n, const cl_event *w, cl_event *e),
   (q, m, p, n, w, e))
CL(clEnqueueMarkerWithWaitList, (cl_command_queue q, cl_uint n, const cl_event *w, cl_event *e),
   (q, n, w, e))
CL(clWaitForEvents, (cl_uint n, const cl_event *e), (n, e))
CL(clGetEventInfo, (cl_event e, cl_event_info w, size_t n, void *out, size_t *got),
   (e, w, n, out, got))
CL(clGetEventProfilingInfo, (cl_event e, cl_profiling_info w, size_t n, void *out, size_t *got),
   (e, w, n, out, got))
CL(clFlush, (cl_command_queue q), (q))
CL(clFinish, (cl_command_queue q), (q))

/* ---- libav ---- */

#define AV(name, parameters, arguments)                                                            \
    WRAP(int, name, parameters, arguments, return AVERROR(ENOMEM))
#define POINTER(type, name, parameters, arguments)                                                 \
    WRAP(type, name, parameters, arguments, errno = ENOMEM; return NULL)

POINTER(const AVCodec *, avcodec_find_encoder_by_name, (const char *n), (n))
POINTER(AVCodecContext *, avcodec_alloc_context3, (const AVCodec *c), (c))
AV(avcodec_open2, (AVCodecContext * c, const AVCodec *d, AVDictionary **o), (c, d, o))
AV(avcodec_send_frame, (AVCodecContext * c, const AVFrame *f), (c, f))
AV(avcodec_receive_packet, (AVCodecContext * c, AVPacket *p), (c, p))
POINTER(AVCodecParameters *, avcodec_parameters_alloc, (void), ())
AV(avcodec_parameters_copy, (AVCodecParameters * a, const AVCodecParameters *b), (a, b))
AV(avcodec_parameters_from_context, (AVCodecParameters * a, const AVCodecContext *b), (a, b))
POINTER(AVFrame *, av_frame_alloc, (void), ())
POINTER(AVPacket *, av_packet_alloc, (void), ())
AV(av_packet_ref, (AVPacket * a, const AVPacket *b), (a, b))
POINTER(AVBufferRef *, av_buffer_alloc, (size_t n), (n))
POINTER(AVBufferRef *, av_buffer_create,
        (uint8_t * d, size_t n, void (*f)(void *, uint8_t *), void *o, int g), (d, n, f, o, g))
POINTER(AVBufferRef *, av_buffer_ref, (const AVBufferRef *b), (b))
AV(av_dict_set, (AVDictionary * *d, const char *k, const char *v, int f), (d, k, v, f))
AV(av_dict_set_int, (AVDictionary * *d, const char *k, int64_t v, int f), (d, k, v, f))
AV(avformat_alloc_output_context2,
   (AVFormatContext * *c, const AVOutputFormat *f, const char *n, const char *p), (c, f, n, p))
POINTER(AVStream *, avformat_new_stream, (AVFormatContext * c, const AVCodec *d), (c, d))
AV(avio_open, (AVIOContext * *c, const char *u, int f), (c, u, f))
AV(avformat_write_header, (AVFormatContext * c, AVDictionary **o), (c, o))
AV(av_write_frame, (AVFormatContext * c, AVPacket *p), (c, p))
AV(av_write_trailer, (AVFormatContext * c), (c))

/* ---- zlib, libpng, jansson ---- */

WRAP(int, inflateInit2_, (z_streamp z, int w, const char *v, int n), (z, w, v, n),
     return Z_MEM_ERROR)
WRAP(int, inflate, (z_streamp z, int f), (z, f), return Z_MEM_ERROR)
POINTER(png_structp, png_create_write_struct,
        (png_const_charp v, png_voidp e, png_error_ptr f, png_error_ptr w), (v, e, f, w))
POINTER(png_infop, png_create_info_struct, (png_const_structrp p), (p))
POINTER(json_t *, json_object, (void), ())
POINTER(json_t *, json_string, (const char *t), (t))
POINTER(json_t *, json_real, (double v), (v))
POINTER(char *, json_dumps, (const json_t *j, size_t f), (j, f))
POINTER(json_t *, json_loadb, (const char *t, size_t n, size_t f, json_error_t *e), (t, n, f, e))

json_t *json_pack(const char *format, ...) {
    static counter *on;
    va_list arguments;
    if (!on) {
        on = find_counter("json_pack");
    }
    if (fails(on, __builtin_return_address(0))) {
        return NULL;
    }
    va_start(arguments, format);
    json_t *packed = json_vpack_ex(NULL, 0, format, arguments);
    va_end(arguments);
    return packed;
}

/* ---- the C library ---- */

#define SYSTEM(name, parameters, arguments, why)                                                   \
    WRAP(int, name, parameters, arguments, errno = why; return -1)
#define THREAD(name, parameters, arguments) WRAP(int, name, parameters, arguments, return EAGAIN)

POINTER(void *, malloc, (size_t n), (n))
POINTER(void *, realloc, (void *p, size_t n), (p, n))
POINTER(char *, strdup, (const char *t), (t))
POINTER(FILE *, fdopen, (int f, const char *m), (f, m))
WRAP(size_t, fwrite, (const void *p, size_t s, size_t n, FILE *f), (p, s, n, f), errno = ENOSPC;
     return 0)
WRAP(size_t, fread, (void *p, size_t s, size_t n, FILE *f), (p, s, n, f), errno = EIO; return 0)
WRAP(int, fflush, (FILE * f), (f), errno = ENOSPC; return EOF)
SYSTEM(fsync, (int f), (f), EIO)
SYSTEM(rename, (const char *a, const char *b), (a, b), EACCES)
SYSTEM(link, (const char *a, const char *b), (a, b), EPERM)
SYSTEM(unlink, (const char *a), (a), EACCES)
SYSTEM(flock, (int f, int o), (f, o), ENOLCK)
SYSTEM(fchmod, (int f, mode_t m), (f, m), EPERM)
SYSTEM(fchown, (int f, uid_t u, gid_t g), (f, u, g), EPERM)
SYSTEM(faccessat, (int d, const char *p, int m, int f), (d, p, m, f), EACCES)
WRAP(ssize_t, read, (int f, void *p, size_t n), (f, p, n), errno = EIO; return -1)
WRAP(char *, realpath, (const char *p, char *o), (p, o), errno = ELOOP; return NULL)
SYSTEM(stat64, (const char *p, struct stat64 *o), (p, o), EIO)
SYSTEM(lstat64, (const char *p, struct stat64 *o), (p, o), EIO)
SYSTEM(fstat64, (int f, struct stat64 *o), (f, o), EIO)
THREAD(pthread_create, (pthread_t * t, const pthread_attr_t *a, void *(*f)(void *), void *u),
       (t, a, f, u))
THREAD(pthread_mutex_init, (pthread_mutex_t * m, const pthread_mutexattr_t *a), (m, a))
THREAD(pthread_cond_init, (pthread_cond_t * c, const pthread_condattr_t *a), (c, a))

/* Is called before anything stands, by dlsym() itself. */
void *calloc(size_t count, size_t size) {
    extern void *__libc_calloc(size_t, size_t);
    static counter on = {.name = "calloc"};
    if (fails(&on, __builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    if (on.calls == 1 && !counters[MOST_FUNCTIONS - 1].name) {
        counters[MOST_FUNCTIONS - 1].name = on.name;
    }
    counters[MOST_FUNCTIONS - 1].calls = on.calls;
    return __libc_calloc(count, size);
}

int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    static counter *on;
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (!on) {
        real = (int (*)(const char *, int, ...))next("open64");
        on = find_counter("open64");
    }
    if (fails(on, __builtin_return_address(0))) {
        errno = EMFILE;
        return -1;
    }
    return real(path, flags, mode);
}
