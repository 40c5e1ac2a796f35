/* SPDX-License-Identifier: MIT */
/* The schedule `stepwise`: one kernel for each formula, in the order of the text. */
#include "network/stepwise.h"

#include "network/launch.h"
#include "network/watch.h"

typedef enum kernel {
    COLUMN_SUMS,
    BIASED_MATMUL_HIDDEN,
    MATMUL_OUTPUT,
    ADD_OUTPUT_BIAS,
    OUTPUT_LOSS,
    SIGMOID,
    SIGMOID_DERIVATIVE,
    OUTPUT_DELTA,
    HIDDEN_DELTA,
    WEIGHT_UPDATE_HIDDEN,
    WEIGHT_UPDATE_OUTPUT,
} kernel;

static cbx_status enqueue(cbx_trainer *trainer, kernel id, const cbx_argument *arguments,
                          cl_uint count, size_t items, size_t panels) {
    return cbx_enqueue_bound(trainer->device->queue, trainer->kernels[id], &trainer->bound[id],
                             arguments, count, cbx_launch_range(trainer, items, panels), NULL,
                             NULL);
}

#define RUN(id, items, panels, ...)                                                                \
    do {                                                                                           \
        const cbx_argument arguments_[] = {__VA_ARGS__};                                           \
        cbx_status status_ =                                                                       \
            enqueue(trainer, id, arguments_, CBX_COUNT(arguments_), (items), (panels));            \
        if (status_) {                                                                             \
            return status_;                                                                        \
        }                                                                                          \
    } while (0)

cbx_status cbx_stepwise_sums(cbx_trainer *trainer, const cbx_batch *batch) {
    const cbx_stepwise *own = trainer->own;
    const unsigned vector = trainer->device->built.vector;
    const uint32_t rows = batch->rows, stride = trainer->stride, panels = trainer->panels;
    const uint32_t hidden_vectors = panels * stride * CBX_PANEL / vector;
    const size_t row_blocks = (rows + CBX_STEP_ROWS - 1) / CBX_STEP_ROWS;
    const size_t vectors = CBX_PANEL / vector;

    RUN(COLUMN_SUMS, panels * vectors, 1, ARG(trainer->w1), ARG(panels), ARG(trainer->u));
    RUN(BIASED_MATMUL_HIDDEN, row_blocks * vectors, panels, ARG(trainer->images),
        ARG(trainer->normal), ARG(trainer->order), ARG(batch->first), ARG(rows), ARG(stride),
        ARG(trainer->w1), ARG(trainer->u), ARG(trainer->a1));
    RUN(SIGMOID, hidden_vectors, 1, ARG(trainer->a1), ARG(hidden_vectors));
    for (uint32_t i = 0; i < trainer->node_count; i++) {
        RUN(MATMUL_OUTPUT, rows, 1, ARG(trainer->a1), ARG(trainer->nodes[i]), ARG(rows),
            ARG(stride), ARG(trainer->w2), ARG(own->z2));
    }
    const cbx_sums sums = {
        .buffer = own->z2, .shares = trainer->node_count, .stride = stride, .rows = rows};
    const cbx_status status =
        cbx_exchange_sums(&trainer->meeting, trainer->device, &sums, &sums, NULL);
    if (status) {
        return status;
    }
    cbx_watch_exchange(trainer->watch, batch->number, rows);
    RUN(ADD_OUTPUT_BIAS, rows, 1, ARG(trainer->w2), ARG(rows), ARG(batch->number), ARG(own->z2),
        ARG(trainer->fault));
    if (trainer->keeps_losses) {
        RUN(OUTPUT_LOSS, rows, 1, ARG(own->z2), ARG(trainer->labels), ARG(trainer->order),
            ARG(batch->first), ARG(rows), ARG(trainer->losses));
    }
    return CBX_OK;
}

cbx_status cbx_stepwise_outputs(cbx_trainer *trainer) {
    const cbx_stepwise *own = trainer->own;
    const uint32_t vectors = trainer->stride * CBX_LANES_OUT / trainer->device->built.vector;
    RUN(SIGMOID, vectors, 1, ARG(own->z2), ARG(vectors));
    return CBX_OK;
}

/* D2 = (Y − A2)…, D1 = (D2·W2[1:]ᵀ)… */
static cbx_status deltas(cbx_trainer *trainer, const cbx_batch *batch) {
    const cbx_stepwise *own = trainer->own;
    const uint32_t rows = batch->rows, stride = trainer->stride, panels = trainer->panels;
    const uint32_t hidden_vectors = panels * stride * CBX_PANEL / trainer->device->built.vector;
    const uint32_t output_vectors = stride * CBX_LANES_OUT / trainer->device->built.vector;
    const uint32_t recipe = (cbx_u32)trainer->settings.recipe;

    RUN(SIGMOID_DERIVATIVE, output_vectors, 1, ARG(own->z2), ARG(output_vectors), ARG(recipe),
        ARG(own->s2));
    RUN(OUTPUT_DELTA, rows, 1, ARG(own->z2), ARG(own->s2), ARG(trainer->labels),
        ARG(trainer->order), ARG(batch->first), ARG(rows), ARG(recipe), ARG(trainer->d2));
    RUN(SIGMOID_DERIVATIVE, hidden_vectors, 1, ARG(trainer->a1), ARG(hidden_vectors), ARG(recipe),
        ARG(own->s1));
    RUN(HIDDEN_DELTA, rows, panels, ARG(trainer->d2), ARG(trainer->w2), ARG(own->s1), ARG(rows),
        ARG(stride), ARG(trainer->d1));
    return CBX_OK;
}

/* W2 += η₂·A1ᵀD2, W1 += η₁·XᵀD1 */
static cbx_status updates(cbx_trainer *trainer, const cbx_batch *batch) {
    const unsigned vector = trainer->device->built.vector;
    const uint32_t rows = batch->rows, stride = trainer->stride, panels = trainer->panels;
    const uint32_t recipe = (cbx_u32)trainer->settings.recipe;
    const size_t blocks = CBX_IMAGE_PIXELS / CBX_STEP_ROWS * (CBX_PANEL / vector);
    const cbx_step_sizes steps = cbx_launch_steps(trainer, batch->rates);

    RUN(WEIGHT_UPDATE_OUTPUT, 1 + (size_t)panels * CBX_PANEL, 1, ARG(trainer->a1), ARG(trainer->d2),
        ARG(panels), ARG(rows), ARG(stride), ARG(batch->rates.output), ARG(recipe),
        ARG(trainer->w2));
    RUN(WEIGHT_UPDATE_HIDDEN, blocks, panels, ARG(trainer->images), ARG(trainer->order),
        ARG(batch->first), ARG(rows), ARG(stride), ARG(trainer->d1), ARG(steps), ARG(recipe),
        ARG(trainer->w1));
    return CBX_OK;
}

/* Nothing is ever pending. */
static cbx_status run(cbx_trainer *trainer, const cbx_batch *batch, uint32_t count) {
    (void)count; /* 1 */
    cbx_status status = cbx_stepwise_sums(trainer, batch);
    if (!status) {
        status = cbx_stepwise_outputs(trainer);
    }
    if (!status) {
        status = deltas(trainer, batch);
    }
    if (!status) {
        status = updates(trainer, batch);
    }
    if (!status && trainer->easel && cbx_pictures_due(batch, 1) > 0) {
        status = cbx_easel_draw(trainer->easel, trainer->w1);
    }
    return status;
}

static cbx_buffer_rows buffers(cbx_trainer *trainer) {
    static const cl_uint zero = 0;
    cbx_stepwise *own = trainer->own;
    const uint64_t output = (uint64_t)trainer->stride * CBX_LANES_OUT * sizeof(float);
    const uint64_t hidden = (uint64_t)trainer->panels * trainer->stride * CBX_PANEL * sizeof(float);
    return (cbx_buffer_rows){{
        {&trainer->d1, hidden, "D1", NULL},
        {&trainer->d2, output, "D2", NULL},
        {&own->s1, hidden, "s(A1)", NULL},
        {&own->z2, trainer->node_count * output, "Z2", &zero},
        {&own->s2, output, "s(A2)", NULL},
    }};
}

const cbx_schedule_ops cbx_stepwise_ops = {
    .kernels = {[COLUMN_SUMS] = "column_sums",
                [BIASED_MATMUL_HIDDEN] = "biased_matmul_hidden",
                [MATMUL_OUTPUT] = "matmul_output",
                [ADD_OUTPUT_BIAS] = "add_output_bias",
                [OUTPUT_LOSS] = "output_loss",
                [SIGMOID] = "sigmoid",
                [SIGMOID_DERIVATIVE] = "sigmoid_derivative",
                [OUTPUT_DELTA] = "output_delta",
                [HIDDEN_DELTA] = "hidden_delta",
                [WEIGHT_UPDATE_HIDDEN] = "weight_update_hidden",
                [WEIGHT_UPDATE_OUTPUT] = "weight_update_output"},
    .own_bytes = sizeof(cbx_stepwise),
    .buffers = buffers,
    .run = run,
};
