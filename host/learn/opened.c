/* SPDX-License-Identifier: MIT */
#include "learn/opened.h"

#include <stdlib.h>

#include "base/memory.h"
#include "learn/job.h"

/* A job that gets no further than to its device. */
struct cbx_opened {
    cbx_job job;
    cbx_learn_result result;
};

cbx_status cbx_opened_open(cbx_opened **out, const cbx_learn_settings *settings) {
    cbx_opened *opened = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&opened, 1);
    if (status) {
        return status;
    }
    opened->job.settings = settings;
    opened->job.result = &opened->result;
    status = cbx_job_start_device(&opened->job);
    if (status) {
        cbx_opened_close(opened);
        return status;
    }
    cbx_job_describe_device(&opened->job);
    *out = opened;
    return CBX_OK;
}

void cbx_opened_close(cbx_opened *opened) {
    if (opened) {
        cbx_job_clear(&opened->job);
        free(opened);
    }
}

cbx_device *cbx_opened_device(const cbx_opened *opened) {
    return opened->job.device;
}

const cbx_learn_plan *cbx_opened_plan(const cbx_opened *opened) {
    return &opened->job.plan;
}
