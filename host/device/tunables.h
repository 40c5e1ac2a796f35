/* SPDX-License-Identifier: MIT */
/* Block sizes of the kernels that tuning may change: what the kernels compute does not depend
 * on them. A new one is an #ifndef in the kernels, which says what it means, and a row in
 * tunables.c. */
#ifndef CBX_DEVICE_TUNABLES_H
#define CBX_DEVICE_TUNABLES_H

#include <stddef.h>

#include "clearbox/device.h"

enum { CBX_MOST_TUNABLES = 8, CBX_MOST_TRIED = 8 };

/* In the order of the family's rows; 0 behind them. */
typedef struct cbx_tunables {
    unsigned values[CBX_MOST_TUNABLES];
} cbx_tunables;

/* Places of those that the host asks for. */
enum { CBX_CPU_VECTOR, CBX_CPU_FORWARD_ROWS };
enum { CBX_GPU_FORWARD_DEPTH };

typedef struct cbx_tunable {
    const char *key;   /* "update_rows": in files, and with spaces in messages */
    const char *macro; /* "CBX_UPDATE_ROWS" */
    unsigned least, most;
    unsigned divides;                   /* a value must divide it; 0: all do */
    unsigned usual[3];                  /* for natural vectors of 4, 8 and 16 floats */
    unsigned tried[CBX_MOST_TRIED + 1]; /* by tuning, then 0; empty: half of the usual */
} cbx_tunable;

/* The rows of a family, not AUTO; the last has no key. Static. */
const cbx_tunable *cbx_tunables_of(cbx_family family);

/* What fits the registers of devices like this. */
cbx_tunables cbx_tunables_usual(const cbx_device *device);
int cbx_tunables_valid(const cbx_tunables *tunables, cbx_family family);

/* "vector 16, forward rows 13, …" */
void cbx_tunables_describe(const cbx_tunables *tunables, cbx_family family, char *out, size_t size);

/* Reads what cbx_tunables_keep() wrote for this device, driver and kernels; 0 when
 * there is nothing of use, or CLEARBOX_NO_TUNE says so. */
int cbx_tunables_recall(const cbx_device *device, cbx_tunables *out);
int cbx_tunables_recall_for(const cbx_device_info *device, cbx_family family, cbx_tunables *out);

/* Writes a small file into the user's cache folder; its name goes to `path`. */
cbx_status cbx_tunables_keep(const cbx_device *device, const cbx_tunables *tunables, char *path,
                             size_t size);

#endif
