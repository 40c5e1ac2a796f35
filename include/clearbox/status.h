/* SPDX-License-Identifier: MIT */
/* Status codes and the last error message.
 *
 * Every function of libclearbox that can fail returns a cbx_status: CBX_OK (0)
 * or a negative code. The sentence for people is recorded once, where the fault
 * is seen, for the calling thread; cbx_last_error() returns it. The library
 * never prints and never exits.
 */
#ifndef CLEARBOX_STATUS_H
#define CLEARBOX_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* In front of every function of these headers: a shared library shows no other. */
#if defined(__GNUC__)
#define CBX_API __attribute__((visibility("default")))
#else
#define CBX_API
#endif

typedef enum cbx_status {
    CBX_OK = 0,
    CBX_BAD_ARGUMENT = -1,  /* a setting is out of range or contradicts another  */
    CBX_NO_MEMORY = -2,     /* the host has no memory left                       */
    CBX_BAD_DATA = -3,      /* an input file is damaged or of the wrong shape    */
    CBX_MISSING_INPUT = -4, /* an input file or folder cannot be opened          */
    CBX_NO_DEVICE = -5,     /* no OpenCL device fits, or a choice is ambiguous   */
    CBX_NO_ENCODER = -6,    /* libavcodec lacks the encoder asked for            */
    CBX_BAD_KERNEL = -7,    /* a kernel does not build, or computes wrongly      */
    CBX_DEVICE_FAULT = -8,  /* an OpenCL call failed while running               */
    CBX_CANNOT_CREATE = -9, /* an output file cannot be created                  */
    CBX_CANNOT_WRITE = -10, /* writing an output failed, the disk is full        */
    CBX_INTERRUPTED = -11,  /* the caller asked to stop; outputs are valid       */
    CBX_DIVERGED = -12,     /* training left the finite numbers                  */
    CBX_TOO_LARGE = -13     /* a buffer exceeds what the device can hold         */
} cbx_status;

/* The sentence that belongs to the last failure on the calling thread, UTF-8,
 * without a final newline; several lines only for a kernel's build log. "" when
 * nothing failed yet. Owned by the library, valid until the next failure on the
 * same thread. */
CBX_API const char *cbx_last_error(void);

/* "bad argument", "no device" …: static, never NULL. */
CBX_API const char *cbx_status_text(cbx_status status);

#ifdef __cplusplus
}
#endif
#endif
