#include "cli/report.h"

#include <string.h>

#include "cli/learn_options.h"

static const char *bold(const cli_terminal *terminal) {
    return terminal->colour ? "\033[1m" : "";
}

static const char *dim(const cli_terminal *terminal) {
    return terminal->colour ? "\033[2m" : "";
}

static const char *end(const cli_terminal *terminal) {
    return terminal->colour ? "\033[0m" : "";
}

static void label(const cli_terminal *terminal, const char *name) {
    fprintf(stderr, "  %s%-9s%s ", dim(terminal), name, end(terminal));
}

const char *cli_kind_name(cbx_device_kind kind) {
    switch (kind) {
    case CBX_KIND_CPU:
        return "CPU";
    case CBX_KIND_GPU:
        return "GPU";
    default:
        return "other";
    }
}

/* ---- before ---- */

static void report_passed_over(const cbx_learn_plan *plan, const char *margin) {
    for (size_t i = 0; i < plan->passed_over_count; i++) {
        const cbx_passed_over *one = &plan->passed_over[i];
        fprintf(stderr, "%spassed over %u:%u %s: %.*s\n", margin, one->device.platform_index,
                one->device.device_index, one->device.name, (int)strcspn(one->sentence, "\n"),
                one->sentence);
    }
}

void cli_report_device(const cbx_learn_plan *plan) {
    report_passed_over(plan, "");
    fprintf(stderr, "device %u:%u, %s\n", plan->device->platform_index, plan->device->device_index,
            plan->device->name);
}

static void report_film(const cli_terminal *terminal, const cbx_learn_settings *settings,
                        const cbx_learn_plan *plan) {
    char frames[CLI_NUMBER];
    if (!settings->film) {
        return;
    }
    label(terminal, "film");
    fprintf(stderr, "%u %s %u pixels, %s frames at %u a second, %s\n", plan->grid.width,
            terminal->utf8 ? "×" : "x", plan->grid.height, cli_count(frames, plan->frames),
            settings->fps, plan->encoder ? plan->encoder : "no encoder");
    if (plan->encoder_is_fallback) {
        label(terminal, "");
        fprintf(stderr, "as MPEG-4: the linked libavcodec has no H.264 encoder\n");
    }
}

static void report_network(const cli_terminal *terminal, const cbx_learn_settings *settings,
                           const cbx_learn_plan *plan) {
    char weights[CLI_NUMBER];
    const char *dash = terminal->utf8 ? "–" : "-";
    label(terminal, "network");
    fprintf(stderr, "784%s%u%s10, %s weights, recipe %s, learning rate %g", dash, settings->hidden,
            dash, cli_count(weights, plan->parameters), cli_recipe_names[settings->recipe],
            plan->first_learning_rate_hidden);
    if (plan->first_learning_rate_output < plan->first_learning_rate_hidden ||
        plan->first_learning_rate_output > plan->first_learning_rate_hidden) {
        fprintf(stderr, " and %g", plan->first_learning_rate_output);
    }
    fputc('\n', stderr);
}

void cli_report_plan(const cli_terminal *terminal, const cbx_learn_settings *settings,
                     const cbx_learn_plan *plan) {
    char train[CLI_NUMBER], validate[CLI_NUMBER], test[CLI_NUMBER];
    const cbx_device_info *device = plan->device;

    report_passed_over(plan, "  ");
    label(terminal, "device");
    fprintf(stderr, "%s%u:%u%s %s\n", bold(terminal), device->platform_index, device->device_index,
            end(terminal), device->name);
    label(terminal, "");
    fprintf(stderr, "%s, %u units, %s, driver %.*s\n", cli_kind_name(device->kind),
            device->compute_units, device->platform, (int)strcspn(device->driver, " "),
            device->driver);
    if (!plan->fuses) {
        label(terminal, "");
        fprintf(stderr, "slow or no fused multiply-add: multiplies, then adds\n");
    }
    report_network(terminal, settings, plan);
    label(terminal, "images");
    fprintf(stderr, "%s to train, %s to validate, %s to test\n",
            cli_count(train, plan->training_images), cli_count(validate, plan->validation_images),
            cli_count(test, plan->test_images));
    report_film(terminal, settings, plan);
}

/* ---- epochs ---- */

void cli_report_head(const cli_terminal *terminal) {
    fprintf(stderr, "\n  %s%5s %15s %17s %21s %9s%s\n", dim(terminal), "epoch", "training loss",
            "validation loss", "validation accuracy", "seconds", end(terminal));
}

void cli_report_epoch(const cbx_epoch_report *report) {
    fprintf(stderr, "  %5u %15.4f %17.4f %19.2f %% %9.2f\n", report->epoch, report->train_loss,
            report->validation_loss, report->validation_accuracy * 100, report->seconds);
}

/* ---- after ---- */

static void report_outputs(const cli_terminal *terminal, const cbx_learn_settings *settings,
                           const char *metrics, const cbx_learn_result *result) {
    char frames[CLI_NUMBER], bytes[CLI_NUMBER];
    if (settings->film && result->film.frames > 0) {
        label(terminal, "film");
        fprintf(stderr, "%s%s%s, %s frames, %.1f s, %s\n", bold(terminal), settings->film,
                end(terminal), cli_count(frames, result->film.frames),
                (double)result->film.frames / settings->fps, cli_bytes(bytes, result->film.bytes));
    }
    if (settings->picture) {
        label(terminal, "picture");
        fprintf(stderr, "%s\n", settings->picture);
    }
    if (settings->save) {
        label(terminal, "weights");
        fprintf(stderr, "%s\n", settings->save);
    }
    if (metrics) {
        label(terminal, "metrics");
        fprintf(stderr, "%s\n", metrics);
    }
}

static void time_row(const char *name, double seconds, double total, const char *note) {
    double share = total > 0 ? seconds / total * 100 : 0;
    fprintf(stderr, "  %-13s %9.2f s %7.1f %%%s%s\n", name, seconds, share, note[0] ? "   " : "",
            note);
}

static void report_times(const cli_terminal *terminal, const cbx_learn_settings *settings,
                         const cbx_learn_times *times) {
    double total = times->total;
    fprintf(stderr, "\n  %s%-13s %11s %9s%s\n", dim(terminal), "what took", "time", "share",
            end(terminal));
    time_row("load", times->load, total, "images, alongside the start");
    time_row("start", times->start, total, "device, kernels, self-test, upload");
    time_row("train", times->train, total, "");
    if (settings->film) {
        time_row("  draw", times->draw, total, "alongside, on the device");
        time_row("  read back", times->read_back, total, "alongside");
        time_row("  encode", times->encode, total, "alongside, processor time");
        time_row("  held back", times->waited, total, "training waited for encoders");
    }
    time_row("evaluate", times->evaluate, total, "");
    time_row("finish", times->finish, total, "");
    time_row("total", total, total, "");
}

void cli_report_result(const cli_terminal *terminal, const cbx_learn_settings *settings,
                       const char *metrics, const cbx_learn_result *result) {
    fputc('\n', stderr);
    label(terminal, "test");
    fprintf(stderr, "accuracy %s%.2f %%%s, loss %.4f\n", bold(terminal),
            result->test_accuracy * 100, end(terminal), result->test_loss);
    report_outputs(terminal, settings, metrics, result);
    report_times(terminal, settings, &result->times);
}

static void add_kept(int *kept, const char *path) {
    fprintf(stderr, "%s%s", (*kept)++ ? ", " : "; kept ", path);
}

void cli_report_interrupted(const cbx_learn_settings *settings, const char *metrics,
                            uint64_t batches, const cbx_learn_result *result) {
    char done[CLI_NUMBER], all[CLI_NUMBER], frames[CLI_NUMBER];
    int kept = 0;
    if (result->batches == 0) {
        fputs("clearbox: interrupted before the first batch", stderr);
    } else {
        fprintf(stderr, "clearbox: interrupted after batch %s of %s",
                cli_count(done, result->batches), cli_count(all, batches));
    }
    if (settings->film && result->film.frames > 0) {
        add_kept(&kept, settings->film);
        fprintf(stderr, " (%s frames, %.1f s)", cli_count(frames, result->film.frames),
                (double)result->film.frames / settings->fps);
    }
    if (settings->picture && result->batches > 0) {
        add_kept(&kept, settings->picture);
    }
    if (settings->save && result->batches > 0) {
        add_kept(&kept, settings->save);
    }
    if (metrics) {
        add_kept(&kept, metrics);
    }
    fputs(kept ? "\n" : "; nothing was kept\n", stderr);
}
