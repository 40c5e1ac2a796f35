/* SPDX-License-Identifier: MIT */
/* The library through which OpenCL is reached. */
#ifndef CBX_DEVICE_LOADER_H
#define CBX_DEVICE_LOADER_H

#include <stddef.h>

/* Writes the loader's file and the version of the interface that is used. Asks the
 * dynamic linker only: no driver is loaded, and none can fail. */
void cbx_opencl_loader(char *out, size_t size);

#endif
