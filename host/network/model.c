/* SPDX-License-Identifier: MIT */
#include "network/model.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "clearbox/predict.h"
#include "network/weights_file.h"

static int read_number(const char *text, double *out) {
    char *end = NULL;
    *out = text ? strtod(text, &end) : NAN;
    return text && end != text && *end == '\0' && isfinite(*out);
}

static cbx_status read_normalisation(cbx_model *model, const cbx_safetensors *from) {
    const char *mean = cbx_safetensors_string(from, "pixel_mean");
    const char *deviation = cbx_safetensors_string(from, "pixel_deviation");
    if (!mean && !deviation) {
        model->mean = CBX_MNIST_MEAN;
        model->deviation = CBX_MNIST_DEVIATION;
        model->assumed = 1;
        return CBX_OK;
    }
    if (!read_number(mean, &model->mean) || !read_number(deviation, &model->deviation) ||
        model->deviation <= 0) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: \"pixel_mean\" and \"pixel_deviation\" of the metadata do not say how "
                        "pixels are normalised",
                        from->path);
    }
    return CBX_OK;
}

cbx_status cbx_model_read(cbx_model *out, const cbx_safetensors *from) {
    *out = (cbx_model){0};
    const cbx_status status = cbx_network_read(&out->network, from);
    return status ? status : read_normalisation(out, from);
}

cbx_status cbx_model_load(cbx_model *out, const char *path) {
    cbx_safetensors file;
    *out = (cbx_model){0};
    cbx_status status = cbx_safetensors_open(&file, path, "weights", CBX_WEIGHTS_NEEDED);
    if (!status) {
        status = cbx_model_read(out, &file);
    }
    cbx_safetensors_close(&file);
    return status;
}

void cbx_model_clear(cbx_model *model) {
    cbx_network_destroy(model->network);
    *model = (cbx_model){0};
}
