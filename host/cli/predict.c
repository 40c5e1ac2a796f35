/* SPDX-License-Identifier: MIT */
/* clearbox predict: what a network says about pictures, or about all test images. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "clearbox/predict.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/predict_options.h"
#include "cli/predict_report.h"
#include "cli/report.h"
#include "cli/stop.h"
#include "data/dataset.h"
#include "film/still.h"
#include "learn/opened.h"
#include "network/model.h"

/* The pictures that could be read, in their order. */
typedef struct session {
    const cli_predict_options *options;
    cbx_model model;
    cbx_opened *opened;  /* NULL: no device yet */
    uint8_t *pixels;     /* (count, 784) */
    cli_answer *answers; /* (count) */
    size_t count;
    int code; /* of the first picture that failed; CLI_DONE: none did */
} session;

/* ---- pictures ---- */

static cbx_status take_as_is(const cbx_still *still, const char *name, uint8_t *pixels) {
    if (still->width != CBX_IMAGE_SIDE || still->height != CBX_IMAGE_SIDE) {
        return cbx_fail(CBX_BAD_DATA, "%s is %u x %u pixels; only 28 x 28 can be taken as they are",
                        name, still->width, still->height);
    }
    for (size_t i = 0; i < CBX_IMAGE_PIXELS; i++) {
        pixels[i] = still->grey[i];
    }
    return CBX_OK;
}

static cbx_status read_picture(const session *state, const char *path, uint8_t *pixels,
                               cli_answer *answer) {
    cbx_still still;
    *answer = (cli_answer){.file = path, .look = {.as_it_is = 1}};
    cbx_status status = cbx_still_read(&still, path);
    if (!status) {
        answer->width = still.width;
        answer->height = still.height;
        status = state->options->as_is ? take_as_is(&still, path, pixels)
                                       : cbx_digit_fit(still.grey, still.width, still.height, path,
                                                       pixels, &answer->look);
    }
    free(still.grey);
    return status;
}

/* One that fails is told, and the others go on. */
static cbx_status read_pictures(session *state) {
    const cli_words *files = &state->options->pictures;
    cbx_status status = cbx_allocate(&state->pixels, files->count, CBX_IMAGE_PIXELS);
    if (!status) {
        status = cbx_new(&state->answers, files->count);
    }
    for (size_t i = 0; i < files->count && !status; i++) {
        const cbx_status failed =
            read_picture(state, files->values[i], state->pixels + state->count * CBX_IMAGE_PIXELS,
                         &state->answers[state->count]);
        if (!failed) {
            state->count++;
        } else {
            const int code = cli_fail_status(failed);
            state->code = state->code != CLI_DONE ? state->code : code;
        }
    }
    return status;
}

/* ---- the network ---- */

static void tell_normalisation(const session *state) {
    if (state->model.assumed) {
        cli_print_printable(stderr, state->options->model, 0);
        fprintf(stderr,
                " does not say how pixels are normalised; MNIST's %.3f and %.3f are taken\n",
                state->model.mean, state->model.deviation);
    }
}

static cbx_status open_device(session *state) {
    cbx_status status = cbx_opened_open(&state->opened, &state->options->settings);
    if (!status) {
        cli_report_device(cbx_opened_plan(state->opened));
    }
    return status;
}

/* Each answer gets its rows of what came out, which is for free(). */
static cbx_status ask(session *state, cbx_prediction *out) {
    const cbx_model *model = &state->model;
    const size_t hidden = model->network->hidden;
    cbx_status status = cbx_allocate(&out->activations, state->count, hidden * sizeof(float));
    if (!status) {
        status = cbx_allocate(&out->sums, state->count, CBX_CLASSES * sizeof(float));
    }
    if (!status) {
        status = cbx_allocate(&out->outputs, state->count, CBX_CLASSES * sizeof(float));
    }
    if (!status) {
        status =
            cbx_network_predict(model->network, cbx_opened_device(state->opened), state->pixels,
                                state->count, model->mean, model->deviation, out);
    }
    for (size_t i = 0; i < state->count && !status; i++) {
        state->answers[i].network = model->network;
        state->answers[i].activations = out->activations + i * hidden;
        state->answers[i].sums = out->sums + i * CBX_CLASSES;
        state->answers[i].outputs = out->outputs + i * CBX_CLASSES;
    }
    return status;
}

static int print_answers(const session *state) {
    cli_terminal terminal;
    int code = CLI_DONE;
    cli_terminal_look(&terminal, stdout);
    for (size_t i = 0; i < state->count && code == CLI_DONE; i++) {
        code = state->options->json ? cli_answer_json(&state->answers[i])
                                    : cli_answer_print(&state->answers[i], &terminal);
    }
    return code;
}

static int predict_pictures(session *state) {
    cbx_prediction out = {0};
    cbx_status status = read_pictures(state);
    if (!status && state->count > 0) {
        tell_normalisation(state);
        cli_guard_begin();
        status = open_device(state);
        status = status ? status : ask(state, &out);
        cli_guard_end();
    }
    int code = status ? cli_fail_status(status) : print_answers(state);
    free(out.activations);
    free(out.sums);
    free(out.outputs);
    return code != CLI_DONE ? code : state->code;
}

/* ---- test images ---- */

static cbx_status evaluate(session *state, const cbx_dataset *dataset, cbx_evaluation *out) {
    const cbx_trainer_settings settings = {.hidden = state->model.network->hidden,
                                           .batch = 1,
                                           .recipe = CBX_RECIPE_NLL,
                                           .schedule = state->options->settings.schedule};
    cbx_trainer *trainer = NULL;
    cbx_status status =
        cbx_trainer_create(&trainer, cbx_opened_device(state->opened), dataset, &settings);
    if (!status) {
        status = cbx_trainer_set_weights(trainer, state->model.network);
    }
    if (!status) {
        status = cbx_trainer_evaluate(trainer, CBX_TEST, out);
    }
    cbx_trainer_destroy(trainer);
    return status == CBX_DIVERGED
               ? cbx_fail(CBX_BAD_DATA, "%s: with these weights the loss is not finite",
                          state->options->model)
               : status;
}

static int predict_test_images(session *state) {
    const char *data = state->options->settings.data;
    cbx_dataset *dataset = NULL;
    cbx_evaluation evaluation;
    cli_terminal terminal;
    cbx_status status = cbx_dataset_load(&dataset, data);
    if (!status) {
        status = cbx_dataset_normalise_by(dataset, state->model.mean, state->model.deviation);
    }
    if (!status) {
        tell_normalisation(state);
        cli_guard_begin();
        status = open_device(state);
        status = status ? status : evaluate(state, dataset, &evaluation);
        cli_guard_end();
    }
    cbx_dataset_destroy(dataset);
    if (status) {
        return cli_fail_status(status);
    }
    cli_terminal_look(&terminal, stdout);
    return state->options->json ? cli_evaluation_json(&evaluation, data)
                                : cli_evaluation_print(&evaluation, data, &terminal);
}

int cli_predict(int argc, char **argv) {
    cli_predict_options options;
    session state = {.options = &options};
    cli_output output;
    int code = cli_predict_parse(argc, argv, &options);
    if (code == CLI_PARSED) {
        code = cli_output_begin(&output, options.output, options.no_clobber);
    }
    if (code != CLI_PARSED) {
        return code;
    }
    const cbx_status status = cbx_model_load(&state.model, options.model);
    if (status) {
        code = cli_fail_status(status);
    } else {
        code = options.pictures.count > 0 ? predict_pictures(&state) : predict_test_images(&state);
    }
    code = cli_output_end(&output, code);
    cbx_opened_close(state.opened);
    cbx_model_clear(&state.model);
    free(state.pixels);
    free(state.answers);
    return code;
}
