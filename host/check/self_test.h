/* SPDX-License-Identifier: MIT */
/* The self-test for those who know what they will run. */
#ifndef CBX_CHECK_SELF_TEST_H
#define CBX_CHECK_SELF_TEST_H

#include "clearbox/device.h"
#include "clearbox/trainer.h"

/* cbx_device_self_test() of the kernels that training with `schedule` uses, and of no
 * other: what a device cannot run does not matter where it is not asked to. */
cbx_status cbx_self_test_schedule(cbx_device *device, cbx_schedule schedule);

/* The same, and of a network and batches like those of a run with these settings. */
cbx_status cbx_self_test_run(cbx_device *device, const cbx_trainer_settings *settings);

#endif
