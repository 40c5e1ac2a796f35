/* SPDX-License-Identifier: MIT */
#include "cli/device_trial.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/device_check.h"
#include "cli/options.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "device/known.h"
#include "learn/drawing.h"
#include "learn/encoder.h"

/* A compiler may take a minute, on a busy machine several times that. */
enum { USUAL_SECONDS = 300, MOST_SECONDS = 86400 };

#define TIMEOUT "CLEARBOX_DRIVER_TIMEOUT"

/* 0: it is no such number. */
static unsigned timeout_seconds(void) {
    const char *text = cli_environment(TIMEOUT);
    char *end = NULL;
    if (!text) {
        return USUAL_SECONDS;
    }
    const unsigned long value = strtoul(text, &end, 10);
    return *end || *text < '0' || *text > '9' || value > MOST_SECONDS ? 0 : (unsigned)value;
}

int cli_trial_check(void) {
    return timeout_seconds() > 0
               ? CLI_PARSED
               : cli_fail(CLI_USAGE, TIMEOUT " is '%s'; seconds from 1 to %d are meant",
                          cli_environment(TIMEOUT), MOST_SECONDS);
}

/* All of the run that the driver's work depends on: the networks of the self-test make it build every
 * variant, of whatever size that of the run is. */
static void describe(char *text, size_t size, const cli_check *check) {
    const cbx_learn_settings *settings = check->run;
    snprintf(text, size, "%s %s %s %s%s%s", cbx_family_name(settings->family),
             cbx_arithmetic_name(settings->arithmetic), cbx_schedule_name(settings->schedule),
             cbx_recipe_name(settings->recipe), check->encodes ? ", encodes" : "",
             check->draws ? ", draws" : "");
}

/* What the library says of a device that does not work is a sentence already. */
static cbx_status fail(const cbx_device_info *device, const cli_verdict *found) {
    char spec[CLI_NUMBER], advice[PATH_MAX + 128] = "";
    const char *reason = found->reason ? found->reason : "no memory for what is wrong with it";
    if (found->end == CLI_CHECK_ANSWERED) {
        return cbx_fail(found->status, "%s", reason);
    }
    if (found->end == CLI_CHECK_CRASHED) {
        cli_driver_advice(advice, sizeof advice);
    }
    return cbx_fail(found->status, "device %s %s cannot be used: %s; %s", cli_spec(spec, device),
                    device->name, reason,
                    advice[0] ? advice : "choose another device, or update its driver");
}

cbx_status cli_try_device(void *user, const cbx_device_info *device) {
    const cbx_learn_settings *settings = user;
    char spec[CLI_NUMBER], what[128];
    const cli_check check = {.spec = cli_spec(spec, device),
                             .family = settings->family,
                             .run = settings,
                             .encodes = cbx_learn_asks_encoder(settings),
                             .draws = cbx_drawing_is_checked(settings),
                             .timeout_seconds = timeout_seconds(),
                             .should_stop = cli_should_stop};
    describe(what, sizeof what, &check);
    if (cbx_known_has(device, what)) {
        return CBX_OK;
    }
    cli_verdict found = cli_check_device(&check);
    if (!found.status) {
        if (found.end == CLI_CHECK_ANSWERED) {
            cbx_known_add(device, what);
        }
        return CBX_OK;
    }
    const cbx_status status = fail(device, &found);
    free(found.reason);
    return status;
}
