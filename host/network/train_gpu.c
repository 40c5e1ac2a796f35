#include "network/trainer.h"
#include "base/error.h"
cbx_status cbx_train_gpu_batch(cbx_trainer *trainer, const cbx_batch *batch)
{
    (void)trainer; (void)batch;
    return cbx_fail(CBX_DEVICE_FAULT, "not yet");
}
