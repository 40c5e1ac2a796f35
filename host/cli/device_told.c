/* SPDX-License-Identifier: MIT */
#include "cli/device_told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"
#include "base/names.h"

void cli_tell(cli_told *out, const cli_check *check) {
    const cbx_learn_settings *run = check->run;
    const char *argv[] = {"clearbox", "devices", CLI_CHECK_ARGUMENT, check->spec,
                          cbx_family_name(check->family)};
    memset(out, 0, sizeof *out);
    memcpy(out->argv, argv, sizeof argv);
    if (run) {
        const size_t first = sizeof argv / sizeof *argv;
        const char *more[] = {cbx_arithmetic_name(run->arithmetic),
                              cbx_schedule_name(run->schedule),
                              cbx_recipe_name(run->recipe),
                              out->hidden,
                              out->batch,
                              check->encodes ? "encodes" : "no-encoding",
                              check->draws ? "draws" : "no-drawing"};
        snprintf(out->hidden, sizeof out->hidden, "%u", run->hidden);
        snprintf(out->batch, sizeof out->batch, "%u", run->batch);
        memcpy(out->argv + first, more, sizeof more);
    }
}

int cli_told_value(const char *const *names, const char *name) {
    const int value = cbx_choice_find(names, name);
    return value < 0 ? 0 : value;
}

cli_check cli_hear(int argc, char **argv, cbx_learn_settings *run) {
    cli_check check = {.spec = argv[0],
                       .family = (cbx_family)cli_told_value(cbx_family_names, argv[1])};
    if (argc > 2) {
        cbx_learn_defaults(run);
        run->family = check.family;
        run->arithmetic = (cbx_arithmetic)cli_told_value(cbx_arithmetic_names, argv[2]);
        run->schedule = (cbx_schedule)cli_told_value(cbx_schedule_names, argv[3]);
        run->recipe = (cbx_recipe)cli_told_value(cbx_recipe_names, argv[4]);
        run->hidden = (uint32_t)strtoul(argv[5], NULL, 10);
        run->batch = (uint32_t)strtoul(argv[6], NULL, 10);
        check.encodes = strcmp(argv[7], "encodes") == 0;
        check.draws = strcmp(argv[8], "draws") == 0;
        check.run = run;
    }
    return check;
}
