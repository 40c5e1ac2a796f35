/* SPDX-License-Identifier: MIT */
/* Any bytes as a safetensors file with a network. One that is accepted is written again and read: the
 * same weights and the same normalisation, to the bit. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clearbox/dataset.h"
#include "network/model.h"
#include "network/weights.h"
#include "network/weights_file.h"

static void write_model(const cbx_model *model, FILE *file) {
    char mean[40], deviation[40];
    cbx_output output;
    const cbx_setting settings[] = {{"pixel_mean", mean}, {"pixel_deviation", deviation}};
    snprintf(mean, sizeof mean, "%.17g", model->mean);
    snprintf(deviation, sizeof deviation, "%.17g", model->deviation);
    FUZZ_REQUIRE(cbx_output_open_descriptor(&output, dup(fileno(file)), "again") == CBX_OK);
    cbx_network_weights weights = {.network = model->network};
    const cbx_pieces pieces = {cbx_network_weights_next, &weights};
    FUZZ_REQUIRE(cbx_weights_write(model->network->hidden, &pieces, &output, settings, 2) ==
                 CBX_OK);
    FUZZ_REQUIRE(cbx_output_flush(&output) == CBX_OK);
    cbx_output_discard(&output);
}

static int is_same(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static void require_the_same_again(const cbx_model *model) {
    const size_t hidden = model->network->hidden;
    cbx_model again;
    uint32_t measured = 0;
    const char *path = fuzz_file(NULL, 0);
    write_model(model, fuzz_stream(NULL, 0));
    FUZZ_REQUIRE(cbx_model_load(&again, path) == CBX_OK);
    FUZZ_REQUIRE(cbx_network_measure(&measured, path) == CBX_OK && measured == hidden);
    FUZZ_REQUIRE(again.network->hidden == hidden && !again.assumed);
    FUZZ_REQUIRE(is_same(again.mean, model->mean) && is_same(again.deviation, model->deviation));
    FUZZ_REQUIRE(
        memcmp(again.network->w1, model->network->w1, CBX_W1_ROWS * hidden * sizeof(float)) == 0);
    FUZZ_REQUIRE(memcmp(again.network->w2, model->network->w2,
                        (hidden + 1) * CBX_CLASSES * sizeof(float)) == 0);
    cbx_model_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    cbx_model model;
    fuzz_begin();
    const cbx_status status = cbx_model_load(&model, fuzz_file(bytes, size));
    fuzz_require_told(status);
    if (!status) {
        FUZZ_REQUIRE(isfinite(model.mean) && isfinite(model.deviation) && model.deviation > 0);
        require_the_same_again(&model);
    }
    cbx_model_clear(&model);
    return 0;
}
