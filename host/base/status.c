/* SPDX-License-Identifier: MIT */
#include "clearbox/status.h"

const char *cbx_status_text(cbx_status status) {
    switch (status) {
    case CBX_OK:
        return "done";
    case CBX_BAD_ARGUMENT:
        return "bad argument";
    case CBX_NO_MEMORY:
        return "out of memory";
    case CBX_BAD_DATA:
        return "bad data";
    case CBX_MISSING_INPUT:
        return "missing input";
    case CBX_NO_DEVICE:
        return "no device";
    case CBX_NO_ENCODER:
        return "no encoder";
    case CBX_BAD_KERNEL:
        return "bad kernel";
    case CBX_DEVICE_FAULT:
        return "device fault";
    case CBX_CANNOT_CREATE:
        return "cannot create output";
    case CBX_CANNOT_WRITE:
        return "cannot write output";
    case CBX_INTERRUPTED:
        return "interrupted";
    case CBX_DIVERGED:
        return "training diverged";
    case CBX_TOO_LARGE:
        return "too large for the device";
    }
    return "unknown status";
}
