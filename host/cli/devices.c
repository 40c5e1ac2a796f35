/* clearbox devices: lists and checks every OpenCL device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "clearbox/device.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/terminal.h"

typedef struct devices_options {
    int json;
} devices_options;

typedef struct verdict {
    cbx_status status;
    double open_seconds, test_seconds;
    char *reason; /* NULL: it passed */
} verdict;

static const cli_command_text text = {
    "devices", "devices [FLAGS]",
    "Lists the OpenCL devices and runs every kernel on each, on small odd sizes,\n"
    "against the host's double-precision answer.\n",
    "The first column is what --device takes. Exits 0 when at least one passed.\n"};

static const cli_flag flags[] = {{"json", 0, CLI_SWITCH, offsetof(devices_options, json), 0,
                                  "print a JSON array instead", 0, 0, 0},
                                 {0, 0, CLI_HEADING, 0, 0, 0, 0, 0, 0}};

static void spec_of(const cbx_device_info *info, char spec[CLI_NUMBER]) {
    snprintf(spec, CLI_NUMBER, "%u:%u", info->platform_index, info->device_index);
}

static verdict check(const cbx_device_info *info) {
    verdict found = {0};
    cbx_device *device = NULL;
    char spec[CLI_NUMBER];

    spec_of(info, spec);
    double begun = cbx_clock_seconds();
    found.status = cbx_device_open(&device, spec, CBX_FAMILY_AUTO);
    double opened = cbx_clock_seconds();
    found.open_seconds = opened - begun;
    if (found.status == CBX_OK) {
        found.status = cbx_device_self_test(device);
        found.test_seconds = cbx_clock_seconds() - opened;
    }
    if (found.status != CBX_OK) {
        found.reason = strdup(cbx_last_error());
    }
    cbx_device_close(device);
    return found;
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
    enum { OTHERS = 54, LEAST = 12 }; /* columns of everything but name and driver */
    widths wide = {4, 6};
    for (size_t i = 0; i < count; i++) {
        int name = (int)strlen(devices[i].name), driver = (int)strlen(devices[i].driver);
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
    printf("%s%-6s  %-5s  %-*s  %5s  %10s  %-*s  self-test%s\n", terminal->colour ? "\033[2m" : "",
           "device", "kind", wide.name, "name", "units", "memory", wide.driver, "driver",
           terminal->colour ? "\033[0m" : "");
}

static void print_row(const cbx_device_info *info, const verdict *found, widths wide) {
    char spec[CLI_NUMBER], memory[CLI_NUMBER];
    spec_of(info, spec);
    printf("%-6s  %-5s  %-*.*s  %5u  %10s  %-*.*s  ", spec, cli_kind_name(info->kind), wide.name,
           wide.name, info->name, info->compute_units, cli_bytes(memory, info->global_memory_bytes),
           wide.driver, wide.driver, info->driver);
    if (found->status == CBX_OK) {
        printf("passed, %.0f ms\n", found->test_seconds * 1000);
    } else {
        printf("failed\n        %s\n",
               found->reason ? found->reason : cbx_status_text(found->status));
    }
    fflush(stdout);
}

/* ---- JSON ---- */

static json_t *device_object(const cbx_device_info *info, const verdict *found) {
    char spec[CLI_NUMBER];
    spec_of(info, spec);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o,"
        " s:o, s:o}",
        "spec", cli_json_string(spec), "kind", cli_json_string(cli_kind_name(info->kind)), "name",
        cli_json_string(info->name), "platform", cli_json_string(info->platform), "vendor",
        cli_json_string(info->vendor), "version", cli_json_string(info->version), "driver",
        cli_json_string(info->driver), "compute_units", (json_int_t)info->compute_units,
        "clock_mhz", (json_int_t)info->clock_mhz, "global_memory_bytes",
        (json_int_t)info->global_memory_bytes, "largest_buffer_bytes",
        (json_int_t)info->largest_buffer_bytes, "local_memory_bytes",
        (json_int_t)info->local_memory_bytes, "largest_group", (json_int_t)info->largest_group,
        "passed", found->status == CBX_OK, "reason", cli_json_string(found->reason),
        "open_milliseconds", cli_json_number(found->open_seconds * 1000), "self_test_milliseconds",
        cli_json_number(found->test_seconds * 1000));
}

static int print_json(const cbx_device_info *devices, const verdict *verdicts, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(array, device_object(&devices[i], &verdicts[i])) != 0) {
            json_decref(array);
            return cli_fail(CLI_SOFTWARE, "no memory for the list of devices");
        }
    }
    int failed = json_dumpf(array, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0;
    json_decref(array);
    putchar('\n');
    return failed ? cli_fail(CLI_CANNOT_WRITE, "cannot write to standard output") : CLI_DONE;
}

/* ---- the command ---- */

/* 0 when a device works; else what is wrong with the first. */
static int judge(const verdict *verdicts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i].status == CBX_OK) {
            return CLI_DONE;
        }
    }
    return count > 0 ? cli_exit_code(verdicts[0].status) : CLI_UNAVAILABLE;
}

static int check_all(const cbx_device_info *devices, size_t count, int json) {
    cli_terminal terminal;
    verdict *verdicts = NULL;
    cbx_status status = cbx_new(&verdicts, count);
    int code = CLI_DONE;
    if (status != CBX_OK) {
        return cli_fail_status(status);
    }
    cli_terminal_look(&terminal, stdout);
    widths wide = measure(devices, count, &terminal);
    if (!json) {
        print_head(wide, &terminal);
    }
    for (size_t i = 0; i < count; i++) {
        verdicts[i] = check(&devices[i]);
        if (!json) {
            print_row(&devices[i], &verdicts[i], wide);
        }
    }
    if (json) {
        code = print_json(devices, verdicts, count);
    }
    code = cli_flush(code == CLI_DONE ? judge(verdicts, count) : code);
    for (size_t i = 0; i < count; i++) {
        free(verdicts[i].reason);
    }
    free(verdicts);
    return code;
}

int cli_devices(int argc, char **argv) {
    devices_options options = {0};
    cbx_device_info *devices = NULL;
    size_t count = 0;
    int code = cli_parse(argc, argv, &text, flags, &options);
    if (code != CLI_PARSED) {
        return code;
    }
    cbx_status status = cbx_device_list(&devices, &count);
    if (status != CBX_OK) {
        return cli_fail_status(status);
    }
    code = check_all(devices, count, options.json);
    cbx_device_list_free(devices);
    return code;
}
