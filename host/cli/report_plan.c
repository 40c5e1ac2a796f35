/* SPDX-License-Identifier: MIT */
/* What is about to happen. */
#include "cli/report.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/command.h"

static void report_passed_over(const cbx_learn_plan *plan, const char *margin) {
    char spec[CLI_NUMBER];
    for (size_t i = 0; i < plan->passed_over_count; i++) {
        const cbx_passed_over *one = &plan->passed_over[i];
        fprintf(stderr, "%spassed over %s %s: %.*s\n", margin, cli_spec(spec, &one->device),
                one->device.name, (int)strcspn(one->sentence, "\n"), one->sentence);
    }
}

void cli_report_device(const cbx_learn_plan *plan) {
    char spec[CLI_NUMBER];
    report_passed_over(plan, "");
    for (size_t i = 0; i < plan->owner_count; i++) {
        const cbx_device_info *device = plan->owners[i].device;
        fprintf(stderr, "device %s, %s\n", cli_spec(spec, device), device->name);
    }
    if (plan->owner_count == 0) {
        fprintf(stderr, "device %s, %s\n", cli_spec(spec, plan->device), plan->device->name);
    }
}

static void report_film(const cli_report *report, const cbx_learn_plan *plan) {
    const cbx_learn_settings *settings = report->settings;
    char frames[CLI_NUMBER];
    if (!settings->film) {
        return;
    }
    cli_label(report->terminal, "film");
    fprintf(stderr, "%u %s %u pixels, %s at %u a second, %s\n", plan->grid.width,
            report->terminal->utf8 ? "×" : "x", plan->grid.height,
            cli_counted(frames, plan->frames, "frame"), settings->fps,
            plan->encoder ? plan->encoder : "no encoder");
    if (plan->encoder_is_fallback) {
        cli_label(report->terminal, "");
        fprintf(stderr, "%.*s\n", (int)strcspn(plan->encoder_why, "\n"), plan->encoder_why);
    }
    if (plan->caution[0]) {
        cli_label(report->terminal, "");
        fprintf(stderr, "%s\n", plan->caution);
    }
}

static void report_network(const cli_report *report, const cbx_learn_plan *plan) {
    const double first = plan->first_learning_rate_hidden;
    const double second = plan->first_learning_rate_output;
    const char *dash = report->terminal->utf8 ? "–" : "-";
    char weights[CLI_NUMBER];
    cli_label(report->terminal, "network");
    fprintf(stderr, "784%s%u%s10, %s weights, recipe %s, learning rate %g", dash,
            report->settings->hidden, dash, cli_count(weights, plan->parameters),
            cbx_recipe_name(report->settings->recipe), first);
    if (second < first || second > first) {
        fprintf(stderr, " and %g", second);
    }
    fputc('\n', stderr);
}

/* What a rank is, and whether it has a GPU for itself. */
static void report_rank(const cbx_learn_plan *plan, size_t rank) {
    const cbx_owner *owner = &plan->owners[rank];
    const cbx_device_info *device = owner->device;
    unsigned others = 0;
    for (size_t i = 0; i < plan->owner_count; i++) {
        const cbx_device_info *other = plan->owners[i].device;
        others += i != rank && device->kind == CBX_KIND_GPU &&
                  other->platform_index == device->platform_index &&
                  other->device_index == device->device_index && plan->owners[i].host &&
                  strcmp(plan->owners[i].host, owner->host) == 0;
    }
    fprintf(stderr, "rank %zu on %s%s%s%s, ", rank, owner->host,
            *owner->cores ? ", bound to core " : "", owner->cores,
            others ? ", which shares its GPU" : "");
}

/* The neurons of each device, where several train. */
static void report_owners(const cli_report *report, const cbx_learn_plan *plan) {
    enum { MOST_RANKS = 16 };
    const cli_terminal *terminal = report->terminal;
    const char *dash = terminal->utf8 ? "–" : "-";
    char spec[CLI_NUMBER], first[CLI_NUMBER], last[CLI_NUMBER], units[CLI_NUMBER];
    for (size_t i = 0; i < plan->owner_count; i++) {
        const cbx_owner *owner = &plan->owners[i];
        cli_label(terminal, i == 0 ? "devices" : "");
        if (owner->host && i == MOST_RANKS) {
            fprintf(stderr, "and %zu more ranks\n", plan->owner_count - i);
            break;
        }
        fprintf(stderr, "%s%s%s %s, %s\n", cli_bold(terminal), cli_spec(spec, owner->device),
                cli_plain(terminal), owner->device->name,
                cli_counted(units, owner->device->compute_units, "unit"));
        cli_label(terminal, "");
        if (owner->host) {
            report_rank(plan, i);
        }
        if (owner->count > 0) {
            fprintf(stderr, "neurons %s%s%s\n", cli_count(first, (uint64_t)owner->first + 1), dash,
                    cli_count(last, (uint64_t)owner->first + owner->count));
        } else {
            fprintf(stderr, "no neurons: there are fewer panels of 32 than %s\n",
                    owner->host ? "ranks" : "devices");
        }
    }
}

/* Between ranks. */
static void report_exchange(const cli_report *report, const cbx_learn_plan *plan) {
    if (plan->exchange_seconds > 0.0) {
        cli_label(report->terminal, "exchange");
        fprintf(stderr, "%.1f %s a batch, %s, between ranks that wait for nothing else\n",
                plan->exchange_seconds * 1e6, report->terminal->utf8 ? "µs" : "us",
                plan->exchange_direct ? "directly" : "by pairs");
    }
}

static void report_device(const cli_report *report, const cbx_learn_plan *plan) {
    char units[CLI_NUMBER], spec[CLI_NUMBER];
    const cbx_device_info *device = plan->device;
    const cli_terminal *terminal = report->terminal;
    cli_label(terminal, "device");
    fprintf(stderr, "%s%s%s %s\n", cli_bold(terminal), cli_spec(spec, device), cli_plain(terminal),
            device->name);
    cli_label(terminal, "");
    fprintf(stderr, "%s, %s, %s, driver %.*s\n", cli_kind_name(device->kind),
            cli_counted(units, device->compute_units, "unit"), device->platform,
            (int)strcspn(device->driver, " "), device->driver);
}

static void report_machine(const cli_report *report, const cbx_learn_plan *plan) {
    char train[CLI_NUMBER], validate[CLI_NUMBER], test[CLI_NUMBER];
    const cli_terminal *terminal = report->terminal;
    report_passed_over(plan, "  ");
    (plan->owner_count > 0 ? report_owners : report_device)(report, plan);
    if (plan->arithmetic != CBX_ARITHMETIC_CANON) {
        cli_label(terminal, "");
        fprintf(stderr, "%s arithmetic: the bits are this device's own\n",
                cbx_arithmetic_name(plan->arithmetic));
    } else if (!plan->fuses) {
        cli_label(terminal, "");
        fprintf(stderr, "no fast fused multiply-add; --arithmetic plain does without, and is\n");
        cli_label(terminal, "");
        fprintf(stderr, "many times faster, but its bits are this device's own\n");
    }
    report_exchange(report, plan);
    report_network(report, plan);
    cli_label(terminal, "images");
    fprintf(stderr, "%s to train, %s to validate, %s to test\n",
            cli_count(train, plan->training_images), cli_count(validate, plan->validation_images),
            cli_count(test, plan->test_images));
    cli_label(terminal, "schedule");
    fputs(cbx_schedule_name(plan->schedule), stderr);
    if (plan->schedule == CBX_SCHEDULE_SPARSE) {
        fprintf(stderr, ", over the %.0f %% of the pixels that are not 0", 100.0 * plan->ink);
    }
    fputc('\n', stderr);
    report_film(report, plan);
}

/* Files that a checkpoint names, perhaps one that somebody else gave: they will be replaced. */
static void report_named_files(const cli_report *report) {
    const char *label = "writes";
    for (unsigned i = 0; i < CBX_LEARN_CHECKPOINT; i++) {
        const char *path = cbx_learn_output_path(report->settings, i);
        if (path) {
            cli_label_path(report->terminal, label, path);
            label = "";
        }
    }
}

/* What there is of this run, or of another that was killed. */
static void report_before(const cli_report *report, const cbx_learn_plan *plan) {
    const cbx_learn_settings *settings = report->settings;
    char done[CLI_NUMBER], all[CLI_NUMBER];
    if (plan->resumed > 0) {
        cli_label(report->terminal, "resumed");
        cli_print_printable(stderr, settings->resume, 0);
        fprintf(stderr, ", after batch %s of %s\n", cli_count(done, plan->resumed),
                cli_count(all, plan->batches));
        report_named_files(report);
    }
    if (plan->left_behind > 0) {
        const char *const words[] = {"recover", settings->film, "-o", "OTHER"};
        cli_label(report->terminal, "left");
        fputs("a run that was killed left frames of this film; until this one is over,\n", stderr);
        cli_label(report->terminal, "");
        cli_print_command_line(sizeof words / sizeof *words, words);
        fputs(" makes a film of them\n", stderr);
    }
}

void cli_report_plan(const cli_report *report, const cbx_learn_plan *plan) {
    report_machine(report, plan);
    report_before(report, plan);
}
