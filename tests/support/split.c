/* SPDX-License-Identifier: MIT */
#include "support/split.h"

#include "support/fixture.h"
#include "support/test.h"

void split_emulate(int on) {
    assert_int_equal(0, on ? setenv("CLEARBOX_EMULATE_MMA", "1", 1)
                           : unsetenv("CLEARBOX_EMULATE_MMA"));
}

cbx_device *split_open(void) {
    cbx_device *device = NULL;
    (void)fixture_device(CBX_FAMILY_AUTO);
    if (cbx_device_open_for(&device, fixture_spec(), CBX_FAMILY_AUTO, CBX_ARITHMETIC_SPLIT_BF16)) {
        split_emulate(1);
        assert_ok(cbx_device_open_for(&device, fixture_spec(), CBX_FAMILY_AUTO,
                                      CBX_ARITHMETIC_SPLIT_BF16));
        split_emulate(0);
    }
    return device;
}
