/* SPDX-License-Identifier: MIT */
/* Devices for the arithmetic split-bf16. */
#ifndef TEST_SUPPORT_SPLIT_H
#define TEST_SUPPORT_SPLIT_H

#include "device/device.h"

/* The device of fixture_spec() by its tensor cores, or with the instruction emulated where it has none.
 * Skips the running test where there is no device at all. The caller's. */
cbx_device *split_open(void);

/* Asks for the emulation from now on, or no more. */
void split_emulate(int on);

#endif
