#include "clearbox/device.h"
cbx_status cbx_device_self_test(cbx_device *device)
{
    (void)device;
    return CBX_OK;
}
