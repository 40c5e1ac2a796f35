/* SPDX-License-Identifier: MIT */
/* clearbox devices: lists and checks every OpenCL device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "clearbox/device.h"
#include "cli/cli.h"
#include "cli/cut.h"
#include "cli/device_check.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "device/device.h"

typedef struct devices_options {
    int list, json, format, no_clobber;
    const char *output; /* NULL: standard output */
    uint32_t timeout;   /* seconds */
} devices_options;

enum { FAMILIES = 2 };

/* A device with the verdicts on both families; the first is the one that AUTO takes. */
typedef struct checked_device {
    const cbx_device_info *info;
    cli_verdict verdicts[FAMILIES];
} checked_device;

static const cli_command_text text = {
    "devices", "devices [FLAGS]",
    "Lists the OpenCL devices and runs every kernel on each, on small odd sizes,\n"
    "against the host's double-precision answer.\n",
    "The first column is what --device takes. Both families of kernels are checked,\n"
    "first the one that --family auto takes; exits 0 when that passed on a device.\n",
    "clearbox devices\n"
    "clearbox devices --list\n"
    "clearbox devices --json | jq '.[] | select(.passed) | .spec'\n"};

#define AT(member) offsetof(devices_options, member)

static const cli_flag flags[] = {
    {"list", 0, CLI_SWITCH, AT(list), 0, 0, 0, 0,
     "only say which there are, and check none: a line\n"
     "each of spec, kind and name, with tabs between"},
    {"timeout", 0, CLI_WHOLE, AT(timeout), "N", 0, 1, 86400,
     "seconds that a driver has to build and run the\n"
     "kernels of a family [120]"},
    {"output", 'o', CLI_OUTPUT, AT(output), "FILE", 0, 0, 0, "write there [standard output]"},
    {"format", 0, CLI_CHOICE, AT(format), 0, cli_report_formats, 0, 0,
     "a list, or a JSON array [text]"},
    {"json", 0, CLI_SWITCH, AT(json), 0, 0, 0, 0, "the same as --format json"},
    {"no-clobber", 0, CLI_SWITCH, AT(no_clobber), 0, 0, 0, 0, "stop rather than replace a file"},
    CLI_HELP_FLAG,
    {0}};

const cli_syntax cli_devices_syntax = {&text, flags, NULL, NULL};

static void check(checked_device *device, const cbx_device_info *info, uint32_t timeout,
                  int index) {
    cli_verdict *verdict = &device->verdicts[index];
    cbx_family family = CBX_FAMILY_AUTO;
    char spec[CLI_NUMBER];
    if (index > 0) {
        family = device->verdicts[0].family == CBX_FAMILY_CPU ? CBX_FAMILY_GPU : CBX_FAMILY_CPU;
    }
    device->info = info;
    *verdict = cli_check_device(
        &(cli_check){.spec = cli_spec(spec, info), .family = family, .timeout_seconds = timeout});
    if (verdict->family == CBX_FAMILY_AUTO) {
        verdict->family = cbx_device_usual_family(info);
    }
}

/* ---- the table ---- */

typedef struct widths {
    int name, driver;
} widths;

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* Columns as wide as the longest entry; on a terminal names give way to its width. */
static widths measure(const cbx_device_info *devices, size_t count, const cli_terminal *terminal) {
    enum { OTHERS = 36, LEAST = 12 }; /* columns of everything but name and driver */
    widths wide = {4, 6};
    for (size_t i = 0; i < count; i++) {
        int name = cli_width(devices[i].name), driver = cli_width(devices[i].driver);
        wide.name = name > wide.name ? name : wide.name;
        wide.driver = driver > wide.driver ? driver : wide.driver;
    }
    if (terminal->is_terminal) {
        int room = (int)terminal->columns - OTHERS;
        wide.driver = smaller(wide.driver, LEAST);
        wide.name = smaller(wide.name, room - wide.driver);
        wide.name = wide.name < LEAST ? LEAST : wide.name;
    }
    return wide;
}

static void print_head(widths wide, const cli_terminal *terminal) {
    printf("%s%-6s  %-5s  %-*s  %5s  %10s  %s%s\n", terminal->colour ? "\033[2m" : "", "device",
           "kind", wide.name, "name", "units", "memory", "driver",
           terminal->colour ? "\033[0m" : "");
}

static void print_device(const cbx_device_info *info, widths wide, const cli_terminal *terminal) {
    char spec[CLI_NUMBER], memory[CLI_NUMBER], name[sizeof info->name + 4];
    char driver[sizeof info->driver + 4];
    cli_cut(name, sizeof name, info->name, wide.name, terminal->utf8);
    cli_cut(driver, sizeof driver, info->driver, wide.driver, terminal->utf8);
    printf("%-6s  %-5s  %s%*s  %5u  %10s  %s\n", cli_spec(spec, info), cli_kind_name(info->kind),
           name, wide.name - cli_width(name), "", info->compute_units,
           cli_bytes(memory, info->global_memory_bytes), driver);
    fflush(stdout);
}

/* A line for each family, below the device's. */
static void print_verdict(const cli_verdict *verdict, int index) {
    printf("        %s kernels", cbx_family_name(verdict->family));
    if (!verdict->status) {
        printf(" passed, %.0f ms%s%s\n", verdict->test_seconds * 1000,
               verdict->fuses ? "" : ", no fast fused multiply-add", index > 0 ? "" : " (auto)");
    } else {
        printf(" failed%s: %s\n", index > 0 ? "" : " (auto)",
               verdict->reason ? verdict->reason : cbx_status_text(verdict->status));
    }
    fflush(stdout);
}

/* ---- JSON ---- */

static json_t *verdict_object(const cli_verdict *verdict) {
    const int passed = !verdict->status;
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "family", cbx_family_name(verdict->family),
                     "passed", passed, "reason", cbx_json_string(verdict->reason), "fuses",
                     passed ? json_boolean(verdict->fuses) : json_null(), "open_milliseconds",
                     cbx_json_number(verdict->open_seconds * 1000), "self_test_milliseconds",
                     cbx_json_number(verdict->test_seconds * 1000));
}

static json_t *info_object(const cbx_device_info *info) {
    char spec[CLI_NUMBER];
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "spec",
        cbx_json_string(cli_spec(spec, info)), "kind", cbx_json_string(cli_kind_name(info->kind)),
        "name", cbx_json_string(info->name), "platform", cbx_json_string(info->platform), "vendor",
        cbx_json_string(info->vendor), "version", cbx_json_string(info->version), "driver",
        cbx_json_string(info->driver), "compute_units", (json_int_t)info->compute_units,
        "clock_mhz", (json_int_t)info->clock_mhz, "global_memory_bytes",
        (json_int_t)info->global_memory_bytes, "largest_buffer_bytes",
        (json_int_t)info->largest_buffer_bytes, "local_memory_bytes",
        (json_int_t)info->local_memory_bytes, "largest_group", (json_int_t)info->largest_group);
}

/* The verdict on the device is that on the family that AUTO takes. */
static json_t *device_object(const checked_device *device) {
    json_t *object = info_object(device->info);
    json_t *families = json_pack("[o, o]", verdict_object(&device->verdicts[0]),
                                 verdict_object(&device->verdicts[1]));
    if (json_object_update(object, json_array_get(families, 0)) != 0 ||
        json_object_set(object, "families", families) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(families);
    return object;
}

/* Takes the array, NULL where there was no memory for it. */
static int print_json(json_t *array) {
    if (!array) {
        return cli_fail(CLI_SOFTWARE, "no memory for the list of devices");
    }
    int failed = json_dumpf(array, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0;
    json_decref(array);
    putchar('\n');
    return failed ? cli_fail(CLI_CANNOT_WRITE, "cannot write to standard output") : CLI_DONE;
}

/* With what the checks said, unless `devices` is NULL. NULL: no memory. */
static json_t *array_of(const cbx_device_info *infos, const checked_device *devices, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count && array; i++) {
        json_t *object = devices ? device_object(&devices[i]) : info_object(&infos[i]);
        if (json_array_append_new(array, object) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

/* ---- the list alone ---- */

static int print_list(const cbx_device_info *infos, size_t count) {
    char spec[CLI_NUMBER];
    for (size_t i = 0; i < count; i++) {
        printf("%s\t%s\t%s\n", cli_spec(spec, &infos[i]), cli_kind_name(infos[i].kind),
               infos[i].name);
    }
    return CLI_DONE;
}

/* ---- the command ---- */

/* A line each. */
static void tell_mute(const cbx_device_info *mute, size_t count) {
    char spec[CLI_NUMBER];
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "device %s of %s is left out: it does not answer, its driver is broken\n",
                cli_spec(spec, &mute[i]), mute[i].platform);
    }
}

/* 0 when a device works; else what is wrong with the first. */
static int judge(const checked_device *devices, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!devices[i].verdicts[0].status) {
            return CLI_DONE;
        }
    }
    return count > 0 ? cli_exit_code(devices[0].verdicts[0].status) : CLI_UNAVAILABLE;
}

static int check_all(const cbx_device_info *infos, size_t count, const devices_options *options) {
    cli_terminal terminal;
    checked_device *devices = NULL;
    cbx_status status = cbx_new(&devices, count);
    int code = CLI_DONE;
    if (status) {
        return cli_fail_status(status);
    }
    cli_terminal_look(&terminal, stdout);
    widths wide = measure(infos, count, &terminal);
    if (!options->json) {
        print_head(wide, &terminal);
    }
    for (size_t i = 0; i < count; i++) {
        if (!options->json) {
            print_device(&infos[i], wide, &terminal);
        }
        for (int k = 0; k < FAMILIES; k++) {
            check(&devices[i], &infos[i], options->timeout, k);
            if (!options->json) {
                print_verdict(&devices[i].verdicts[k], k);
            }
        }
    }
    if (options->json) {
        code = print_json(array_of(infos, devices, count));
    }
    code = cli_flush(code == CLI_DONE ? judge(devices, count) : code);
    for (size_t i = 0; i < count * FAMILIES; i++) {
        free(devices[i / FAMILIES].verdicts[i % FAMILIES].reason);
    }
    free(devices);
    return code;
}

int cli_devices(int argc, char **argv) {
    devices_options options = {.timeout = 120, .format = CLI_REPORT_UNSET};
    cbx_device_info *devices = NULL, *mute = NULL;
    cli_output output;
    size_t count = 0, mutes = 0;
    if (argc > 1 && strcmp(argv[1], CLI_CHECK_ARGUMENT) == 0) {
        return cli_check_as_child(argc, argv);
    }
    int code = cli_parse(argc, argv, &text, flags, &options);
    if (code != CLI_PARSED) {
        return code;
    }
    code = cli_settle_json(options.format, &options.json);
    if (code == CLI_PARSED) {
        code = cli_output_begin(&output, options.output, options.no_clobber);
    }
    if (code != CLI_PARSED) {
        return code;
    }
    cli_guard_begin(); /* a driver may end the program when it is asked for devices */
    cbx_status status = cbx_device_list_apart(&devices, &count, &mute, &mutes);
    cli_guard_end();
    if (status) {
        return cli_output_end(&output, cli_fail_status(status));
    }
    tell_mute(mute, mutes);
    cbx_device_list_free(mute);
    if (!options.list) {
        code = check_all(devices, count, &options);
    } else {
        code =
            options.json ? print_json(array_of(devices, NULL, count)) : print_list(devices, count);
        code = cli_flush(code);
    }
    code = cli_output_end(&output, code);
    cbx_device_list_free(devices);
    return code;
}
