/* SPDX-License-Identifier: MIT */
/* The self-test names each of the fused kernels for GPUs where it is broken. */
#include "support/test.h"

#include "check/specimen.h"
#include "support/fixture.h"
#include "support/mutant.h"
#include "support/refused.h"

/* The formulas of the kernels for GPUs, what they read and where they leave it. */
static const mutation fused_gpu[] = {
    {"turn_batches", "turn.cl", "ink[me] |= words", "ink[me] = words"},
    {"turn_batches", "turn.cl", "count + k - before", "CBX_SLAB - 1 - (k - before)"},
    {"turn_batches", "turn.cl", "(uchar)count", "(uchar)max(count, 1u)"},
    {"turn_batches", "turn.cl", "from[12 *", "from[8 *"},
    {"turn_batches", "turn.cl", "(place * blocks + block)", "(place * blocks)"},
    {"turn_batches", "turn.cl", "uint value = 0;", "uint value = 1;"},
    {"turn_batches", "turn.cl", "first += batch * rows;", ""},
    {"train_gpu_hidden", "blocks_gpu.cl", "- 8388608.0f;", "- 8388607.0f;"},
    {"train_gpu_hidden", "train_gpu.cl", "if (!starts) {", "if (false) {"},
    {"train_gpu_hidden", "train_gpu.cl", "launch.slot * blocks + block)", "launch.slot * blocks)"},
    {"train_gpu_hidden", "train_gpu.cl", "columns += of_slab;", "columns = of_slab;"},
    {"train_gpu_hidden", "train_gpu.cl", "pending_slot * blocks", "slot * blocks"},
    {"train_gpu_hidden", "train_gpu.cl", "GLOBAL4(at), sum[i], errors",
     "GLOBAL4(at), sum[i], 0.0f * errors"},
    {"train_gpu_hidden", "train_gpu.cl", "(float4)(0.0f), s,", "(float4)(0.0f), 0.0f * s,"},
    {"train_gpu_hidden", "train_gpu.cl", "stepped(w1[me], errors[me],", "stepped(w1[me], 0.0f,"},
    {"train_gpu_hidden", "train_gpu.cl", "slice == 0 && launch.recipe == CBX_NLL", "slice == 0"},
    {"train_gpu_hidden", "train_gpu.cl", "gpu(slopes + row * CBX_PANEL,", "gpu(slopes,"},
    {"train_gpu_hidden", "batch_gpu.cl", "float sum = errors[get_local_id(0)];",
     "float sum = 0.0f;"},
    {"train_gpu_hidden", "train_gpu.cl", "derivative_v(a, recipe)", "derivative_v(a, CBX_NLL)"},
    {"train_gpu_hidden", "batch_gpu.cl", "fma((float2)(high[i].y), (float2)(v.s9, w.s9), sum[i])",
     "sum[i]"},
    {"train_gpu_hidden", "batch_gpu.cl", "labels[rows[min(i / 4, launch.pending_rows - 1)]]",
     "labels[min(i / 4, launch.pending_rows - 1)]"},
    {"train_gpu_hidden", "batch_gpu.cl", "LOCAL4(d2 + i * 4) = is_row ?",
     "LOCAL4(d2 + i * 4) = is_row && get_group_id(0) == 0 ?"},
    {"train_gpu_hidden", "batch_gpu.cl", "z[3]), labels[rows[row]]", "z[3]), labels[rows[0]]"},
    {"train_gpu_hidden", "batch_gpu.cl", "* groups + get_group_id(0);", "* groups;"},
    {"train_gpu_hidden", "batch_gpu.cl", "!all(isfinite(z))", "all(isfinite(z))"},
    {"train_gpu_output", "train_gpu.cl", "activate_v(hidden_sum(sum", "exp_v(hidden_sum(sum"},
    {"train_gpu_output", "train_gpu.cl", "sum += slice[i];", "sum = slice[i];"},
    {"train_gpu_output", "train_gpu.cl", "weights += LOCAL4(columns", "weights = LOCAL4(columns"},
    {"train_gpu_output", "train_gpu.cl", "GLOBAL2(w2 + to) = w;", ""},
    {"train_gpu_output", "train_gpu.cl", "stepped(LOCAL2(weights + to), sum[i], (float2)(rate))",
     "LOCAL2(weights + to)"},
    {"train_gpu_output", "train_gpu.cl", "fetch_deltas_gpu(d2, row, rows, CBX_OUTPUT_GROUP",
     "fetch_deltas_gpu(d2, 0, rows, CBX_OUTPUT_GROUP"},
    {"train_gpu_output", "train_gpu.cl", "stepped(w2[get_local_id(0)], sum",
     "stepped(w2[get_local_id(0)], 0.0f"},
    {"train_gpu_output", "train_gpu.cl", "= w2[i % CBX_LANES_OUT];", "= 1.0f;"},
    {"train_gpu_output", "blocks_gpu.cl", "n < CBX_PANEL; n += 4", "n < CBX_PANEL - 4; n += 4"},
    {"train_gpu_delta", "train_gpu.cl", "quarter, launch.recipe);", "quarter, CBX_NLL);"},
    {"train_gpu_delta", "train_gpu.cl", "GLOBAL4(sums + launch.chunks * of_share) + sum", "sum"},
    {"train_gpu_delta", "train_gpu.cl",
     "sums += launch.parity * (launch.chunks + 1) * of_share + row", "sums += row"},
};

/* Where groups are large, in the program `wide`. */
static const mutation fused_wide[] = {
    {"train_gpu_hidden", "blocks_gpu.cl", "- 8388608.0f;", "- 8388607.0f;"},
    {"train_gpu_hidden", "train_gpu.cl", "if (!starts) {", "if (false) {"},
    {"train_gpu_hidden", "train_gpu.cl", "columns += of_slab;", "columns = of_slab;"},
    {"train_gpu_hidden", "train_gpu.cl", "(float4)(0.0f), s,", "(float4)(0.0f), 0.0f * s,"},
    {"train_gpu_hidden", "batch_gpu.cl", "sum[i] *= slope[i];", ""},
    {"train_gpu_hidden", "batch_gpu.cl", "z[3]), labels[rows[row]]", "z[3]), labels[rows[0]]"},
};

/* What only shares of many panels reach. */
#define NO_LAST_TERM "count & 1 ? *levels + sum : sum", "sum"
#define NO_OTHER_EIGHT "shares + first * of_share", "shares"

static const mutation deltas_gpu[] = {
    {"train_gpu_delta", "train_gpu.cl", "order[launch.pending_first + row]", "order[row]"},
    {"train_gpu_delta", "train_gpu.cl", "losses[launch.pending_first + row]", "losses[row]"},
    {"train_gpu_delta", "train_gpu.cl", "(launch.chunks + run - 1) / run", "launch.chunks / run"},
    {"train_gpu_delta", "train_gpu.cl", "min(run, launch.chunks - first)", "min(run, 8u)"},
    {"train_gpu_delta", "batch_gpu.cl", NO_LAST_TERM},
    {"train_gpu_delta", "batch_gpu.cl", NO_OTHER_EIGHT},
};

static const mutation sums_gpu[] = {
    {"evaluate_gpu_sums", "batch_gpu.cl", "sum = *levels + sum;", "sum = *levels - sum;"},
    {"evaluate_gpu_sums", "batch_gpu.cl", NO_LAST_TERM},
    {"evaluate_gpu_sums", "batch_gpu.cl", NO_OTHER_EIGHT},
};

static const mutation evaluation_gpu[] = {
    {"judge", "loss.cl", "fmax(z, (float16)(0.0f))", "z"},
    {"turn_batches", "turn.cl", ": first + row + b;", ": row + b;"},
    {"turn_batches", "turn.cl", "all - batch * rows);", "all - batch * rows - (batch > 0));"},
    {"evaluate_gpu", "evaluate_gpu.cl", "activate_v(hidden_sum(q", "exp_v(hidden_sum(q"},
    {"evaluate_gpu", "evaluate_gpu.cl", "q[i] += sum[i];", "q[i] = sum[i];"},
    {"evaluate_gpu", "evaluate_gpu.cl", "q[i] += sum[i];", "q[i] += i == 7 ? sum[6] : sum[i];"},
    {"evaluate_gpu", "evaluate_gpu.cl", "q[i] += sum[i];",
     "q[i] += lane_y() == 7 ? (float4)(0.0f) : sum[i];"},
    {"evaluate_gpu", "evaluate_gpu.cl", "GLOBAL4(u + panel * CBX_PANEL", "GLOBAL4(u"},
    {"evaluate_gpu", "evaluate_gpu.cl", "(1 + panel * CBX_PANEL)", "1"},
    {"evaluate_gpu", "evaluate_gpu.cl", "(panel * blocks + block)", "(panel * blocks)"},
    {"evaluate_gpu_sums", "evaluate_gpu.cl", "(size_t)count * 4)", "(size_t)count * 4 - 4)"},
};

static void refuses_a_broken_fused_kernel_for_gpus(void **state) {
    (void)state;
    assert_refused(REFUSED_ALL(fused_gpu), CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_fused);
    assert_refused_by(mutate_wide, REFUSED_ALL(fused_wide), CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED,
                      cbx_check_fused);
    assert_refused(REFUSED_ALL(deltas_gpu), CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_deltas);
}

static void refuses_a_broken_evaluation_for_gpus(void **state) {
    (void)state;
    assert_refused(REFUSED_ALL(sums_gpu), CBX_FAMILY_GPU, CBX_SCHEDULE_STEPWISE, cbx_check_sums);
    assert_refused(REFUSED_ALL(evaluation_gpu), CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED,
                   cbx_check_evaluation);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_broken_fused_kernel_for_gpus),
        cmocka_unit_test(refuses_a_broken_evaluation_for_gpus),
    };
    return cmocka_run_group_tests_name("self-test: GPUs", tests, fixture_setup, fixture_teardown);
}
