/* SPDX-License-Identifier: MIT */
/* The self-test passes a device that computes rightly, and names the kernel where it
 * does not: every kernel is broken in turn. */
#include <stdio.h>
#include <string.h>

#include "check/self_test.h"
#include "check/specimen.h"
#include "device/device.h"
#include "support/fixture.h"
#include "support/mutant.h"
#include "support/test.h"

typedef struct mutation {
    const char *kernel; /* that must be named */
    const char *file, *from, *to;
} mutation;

static const mutation sigmoids[] = {
    {"sigmoid", "sigmoid.cl", "activate_v(LOAD", "exp_v(LOAD"},
    {"sigmoid", "activation.cl", "(1.0f + e)) + (z - z);", "(1.0f + e));"},
    {"sigmoid", "activation.cl", "isless(fabs(v), (FLOAT)(CBX_TINY))", "isnan(v)"},
};

#define TREE_OF_PANELS                                                                             \
    "tree_add(tree, panel, sum);\n    }\n"                                                         \
    "    STORE_OUT(z2 + (size_t)row * CBX_LANES_OUT, tree_sum(tree, panels));"
#define ROW_OF_PANELS                                                                              \
    "tree[0] = panel > 0 ? tree[0] + sum : sum;\n    }\n"                                          \
    "    STORE_OUT(z2 + (size_t)row * CBX_LANES_OUT, tree[0]);"

static const mutation stepwise[] = {
    {"biased_matmul_hidden", "biased_matmul.cl", "weights, bias, normal)",
     "weights, q[i], normal)"},
    {"biased_matmul_hidden", "biased_matmul.cl", "hidden_sum(q[i], weights,",
     "hidden_sum(q[i], q[i],"},
    {"biased_matmul_hidden", "biased_matmul.cl", "sum += of_slab;", "sum = of_slab + 0.0f * sum;"},
    {"biased_matmul_hidden", "biased_matmul.cl",
     "uint slab = 0; slab < CBX_PIXELS; slab += CBX_SLAB",
     "uint slab = CBX_PIXELS - CBX_SLAB; slab < CBX_PIXELS; slab -= CBX_SLAB"},
    {"matmul_output", "biased_matmul.cl", "lane < CBX_PANEL;", "lane < CBX_PANEL - 1;"},
    {"matmul_output", "biased_matmul.cl", TREE_OF_PANELS, ROW_OF_PANELS},
    {"matmul_output", "tree.cl", "sum = tree[level] + sum;", "sum = tree[level] - sum;"},
    {"matmul_output", "biased_matmul.cl", "LOAD_OUT(w2) + LOAD_OUT(z2", "LOAD_OUT(z2"},
    {"sigmoid_derivative", "sigmoid.cl", "CBX_VECTOR), recipe)", "CBX_VECTOR), CBX_NLL)"},
    {"output_delta", "delta.cl", "(miss, LOAD", "(1.001f * miss, LOAD"},
    {"output_loss", "loss.cl", "losses[first + row]", "losses[row]"},
    {"output_loss", "loss.cl", "labels[order[first + row]]", "labels[first + row]"},
    {"hidden_delta", "delta.cl", "* s1[at + lane]", "* NAN"},
    {"weight_update_output", "weight_update.cl", "(h == 0 && recipe == CBX_LESSON)", "false"},
    {"weight_update_hidden", "weight_update.cl", "k == 0 && recipe == CBX_NLL", "k == 0"},
    {"weight_update_hidden", "weight_update.cl", "errors += delta;", "errors = delta;"},
    {"weight_update_hidden", "weight_update.cl", "(floatv)(rate.shift)", "(floatv)(0.0f)"},
};

static const mutation pictures[] = {
    {"tone_of_tiles", "picture.cl", "largest = fmax(largest, v);", "largest = v;"},
    {"picture_luma", "picture.cl", "? CBX_RED_Y", "? CBX_RED_Y + 1"},
    {"picture_rgb", "picture.cl", "pixel[2] = grey;", "pixel[2] = 0;"},
    {"picture_chroma", "picture.cl", "red * CBX_RED_CB", "red * CBX_RED_CR"},
    {"picture_luma_gpu", "picture_gpu.cl", "other >= CBX_QUADS", "other > CBX_QUADS"},
    {"picture_luma_gpu", "picture_gpu.cl", "i < CBX_READS", "i < CBX_READS - 1"},
    {"picture_luma_gpu", "picture_gpu.cl", "a.z};", "a.z + 1.0f};"},
    {"picture_luma_gpu", "picture_gpu.cl", "(float4)(a.x, b.x, c.x, d.x)",
     "(float4)(a.x, b.x, c.x, c.x)"},
    {"picture_luma_gpu", "picture_gpu.cl", "word == CBX_WORDS - 1", "word == CBX_WORDS"},
    {"picture_luma_gpu", "picture_gpu.cl", "y == CBX_SIDE - 1 ?", "y == CBX_SIDE ?"},
    {"picture_luma_gpu", "picture_gpu.cl", "to[3 * CBX_STRIPE_WORDS] = packed.w",
     "to[3 * CBX_STRIPE_WORDS] = packed.z"},
    {"picture_luma_gpu", "picture_gpu.cl", "corner_of_tile(layout, first + i)",
     "corner_of_tile(layout, i)"},
};

static const mutation fused_cpu[] = {
    {"train_cpu", "batch_cpu.cl", "activate_v(hidden_sum(", "(hidden_sum("},
    {"train_cpu", "train_cpu.cl", "d2, finish_rows, rate.output,", "d2, finish_rows, rate.hidden,"},
    {"train_cpu", "train_cpu.cl", "*held != ticket", "false"},
    {"train_cpu", "blocks_cpu.cl", "sum[i][side], s, (floatv)(rate.scale)",
     "sum[i][side], s, (floatv)(NAN)"},
    {"train_cpu", "blocks_cpu.cl", "sum[i][side], s,", "sum[i][side], (floatv)(0.0f),"},
    {"train_cpu", "blocks_cpu.cl", "(float16)(1.0f)", "(float16)(0.0f)"},
    {"train_cpu", "train_cpu.cl", "uint slab = 0; slab < CBX_SLABS; slab++",
     "uint slab = CBX_SLABS - 1; slab < CBX_SLABS; slab--"},
    {"train_cpu", "batch_cpu.cl", "+ tree_sum(tree, chunks)", "+ tree[0]"},
    {"train_cpu", "batch_cpu.cl", "at, z2[i]);", "0, z2[i]);"},
    {"train_cpu", "batch_cpu.cl", "LOAD_OUT(sums + chunks * of_share)", "(float16)(0.0f)"},
    {"train_cpu", "batch_cpu.cl", "UNROLL_BY(1) for (uint o = 0; o < CBX_OUTPUTS; o++)",
     "UNROLL_BY(1) for (uint o = CBX_OUTPUTS - 1; o < CBX_OUTPUTS; o--)"},
    {"train_cpu", "picture_cpu.cl", "CBX_RED_Y * 0x01010101u", "0u"},
    {"train_cpu", "train_cpu.cl", "layout.plane += draw;", ""},
    {"train_cpu", "train_cpu.cl", "losses + finish_first", "losses + launch.pending_first"},
    {"train_cpu", "batch_cpu.cl", "row += step", "row += 2 * step"},
};

/* What the loops over ink have of their own, and the lists. None makes a kernel leave its
 * buffers: lists that are wrong by more might. */
static const mutation sparse[] = {
    {"train_cpu", "ink.cl", "ink_levels[at] = p[k];", "ink_levels[at] = p[k] + (k == 400);"},
    {"train_cpu", "ink.cl", "next[ink_pixels[ink.first + n]]++;",
     "next[ink_pixels[ink.first + n]] += b != 5;"},
    {"train_cpu", "ink.cl", "order += first + batch * rows;", "order += first;"},
    {"train_cpu", "ink_cpu.cl", "uint n = first; n < end; n++", "uint n = first + 1; n < end; n++"},
    {"train_cpu", "ink_cpu.cl", "uint n = batch.pixels[k]; n", "uint n = batch.pixels[k] + 1; n"},
    {"train_cpu", "ink_cpu.cl", "global float *sum = g + batch.places[n]",
     "global float *sum = n == end - 1 ? g : g + batch.places[n]"},
    {"train_cpu", "ink_cpu.cl", "weights[i] += weight;", "weights[i] = weight;"},
    {"train_cpu", "ink_cpu.cl", "sum[i] += LOAD(w +", "sum[i] = LOAD(w +"},
    {"train_cpu", "ink_cpu.cl", "sum[i], s, (floatv)(rate.scale)", "sum[i], s, (floatv)(0.0f)"},
    {"train_cpu", "ink_cpu.cl", "LOAD(g + i * CBX_VECTOR), s,",
     "LOAD(g + i * CBX_VECTOR), 0.0f * s,"},
    {"train_cpu", "ink_cpu.cl", "STORE(q + i * CBX_VECTOR, LOAD(q + i * CBX_VECTOR) + sum[i]);",
     "STORE(q + i * CBX_VECTOR, sum[i] + 0.0f * LOAD(q + i * CBX_VECTOR));"},
    {"train_cpu", "train_cpu.cl", "*held != ticket) {\n        for (uint b = 0, place",
     "*held == 0) {\n        for (uint b = 0, place"},
};

static const mutation evaluation_cpu[] = {
    {"judge", "evaluate.cl", "v == most", "v < most"},
    {"judge", "evaluate.cl", "+ largest_output(z)", "+ label"},
    {"judge", "evaluate.cl", "+ largest_output(z)",
     "+ (largest_output(z) == label ? label : (label + 1) % CBX_OUTPUTS)"},
    {"judge", "evaluate.cl", "loss[i] = row_loss", "loss[i] = i == 103 ? 0.0f : row_loss"},
    {"judge", "evaluate.cl", "LOAD_OUT(w2) + LOAD_OUT(z2", "LOAD_OUT(z2"},
    {"judge", "loss.cl", "uint o = 0; o < CBX_OUTPUTS; o++",
     "uint o = CBX_OUTPUTS - 1; o < CBX_OUTPUTS; o--"},
    {"evaluate_cpu", "evaluate_cpu.cl", "tree_sum_far(tree + i * CBX_LANES_OUT",
     "tree_sum_far(tree + (block > 0 ? 0 : i) * CBX_LANES_OUT"},
    {"evaluate_cpu", "tree.cl", "sum = count & 1 ? LOAD_OUT(tree) + sum", "sum = count & 1 ? sum"},
    {"column_sums", "biased_matmul.cl", "sum += of_slab;", "sum = of_slab + 0.0f * sum;"},
};

static const mutation evaluation_ink[] = {
    {"evaluate_cpu", "ink_cpu.cl", "convert_float16(vload16(0, ink_levels + n))", "(float16)(n)"},
    {"evaluate_cpu", "ink_cpu.cl", "* (ushort)CBX_PANEL;", "* (ushort)CBX_PANEL & (ushort)~64;"},
    {"evaluate_cpu", "evaluate_cpu.cl", "row_inks[i].first = place;", "row_inks[i].first = 0;"},
};

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
    {"train_gpu_hidden", "train_gpu.cl", "starts ? sum[i] :", "true ? sum[i] :"},
    {"train_gpu_hidden", "train_gpu.cl", "launch.slot * blocks + block)", "launch.slot * blocks)"},
    {"train_gpu_hidden", "train_gpu.cl", "columns += of_slab;", "columns = of_slab;"},
    {"train_gpu_hidden", "train_gpu.cl", "pending_slot * blocks", "slot * blocks"},
    {"train_gpu_hidden", "train_gpu.cl", "GLOBAL4(at), sum[i], errors",
     "GLOBAL4(at), sum[i], 0.0f * errors"},
    {"train_gpu_hidden", "train_gpu.cl", "(float4)(0.0f), s,", "(float4)(0.0f), 0.0f * s,"},
    {"train_gpu_hidden", "train_gpu.cl", "stepped(w1[me], errors[me],", "stepped(w1[me], 0.0f,"},
    {"train_gpu_hidden", "train_gpu.cl", "slice == 0 && launch.recipe == CBX_NLL", "slice == 0"},
    {"train_gpu_hidden", "train_gpu.cl", "gpu(a1 + row * CBX_PANEL,", "gpu(a1,"},
    {"train_gpu_hidden", "batch_gpu.cl", "float sum = errors[get_local_id(0)];",
     "float sum = 0.0f;"},
    {"train_gpu_hidden", "batch_gpu.cl", "derivative_one(a[i], recipe)",
     "derivative_one(a[i], CBX_NLL)"},
    {"train_gpu_hidden", "batch_gpu.cl", "fma(high[i].y, w.s9, sum[i])", "sum[i]"},
    {"train_gpu_hidden", "batch_gpu.cl", "labels[rows[min(i / 4, launch.pending_rows - 1)]]",
     "labels[min(i / 4, launch.pending_rows - 1)]"},
    {"train_gpu_hidden", "batch_gpu.cl", "LOCAL4(d2 + i * 4) = is_row ?",
     "LOCAL4(d2 + i * 4) = is_row && get_group_id(0) == 0 ?"},
    {"train_gpu_hidden", "batch_gpu.cl", "z[3]), labels[rows[row]]", "z[3]), labels[rows[0]]"},
    {"train_gpu_hidden", "batch_gpu.cl", "* groups + get_group_id(0);", "* groups;"},
    {"train_gpu_hidden", "batch_gpu.cl", "!all(isfinite(z))", "all(isfinite(z))"},
    {"train_gpu_output", "train_gpu.cl", "activate_v(hidden_sum(sum", "exp_v(hidden_sum(sum"},
    {"train_gpu_output", "train_gpu.cl", "sum += GLOBAL4(q + s", "sum = GLOBAL4(q + s"},
    {"train_gpu_output", "train_gpu.cl", "weights += GLOBAL4(u", "weights = GLOBAL4(u"},
    {"train_gpu_output", "train_gpu.cl", "w2[to] = weights[to];", ""},
    {"train_gpu_output", "train_gpu.cl", "rows > 0 ? stepped(w, sum[i], rate)", "rows > 0 ? w"},
    {"train_gpu_output", "train_gpu.cl", "fetch_deltas_gpu(d2, row, rows, CBX_OUTPUT_GROUP",
     "fetch_deltas_gpu(d2, 0, rows, CBX_OUTPUT_GROUP"},
    {"train_gpu_output", "train_gpu.cl", "stepped(w2[get_local_id(0)], sum",
     "stepped(w2[get_local_id(0)], 0.0f"},
    {"train_gpu_output", "train_gpu.cl", "= w2[i % CBX_LANES_OUT];", "= 1.0f;"},
    {"train_gpu_output", "blocks_gpu.cl", "n < CBX_PANEL; n++", "n < CBX_PANEL - 1; n++"},
    {"train_gpu_delta", "train_gpu.cl", "quarter, launch.recipe);", "quarter, CBX_NLL);"},
    {"train_gpu_delta", "train_gpu.cl", "GLOBAL4(sums + launch.chunks * of_share) + sum", "sum"},
    {"train_gpu_delta", "train_gpu.cl",
     "sums += launch.parity * (launch.chunks + 1) * of_share + row", "sums += row"},
};

/* Where groups are large, in the program `wide`. */
static const mutation fused_wide[] = {
    {"train_gpu_hidden", "blocks_gpu.cl", "- 8388608.0f;", "- 8388607.0f;"},
    {"train_gpu_hidden", "train_gpu.cl", "starts ? sum[i] :", "true ? sum[i] :"},
    {"train_gpu_hidden", "train_gpu.cl", "columns += of_slab;", "columns = of_slab;"},
    {"train_gpu_hidden", "train_gpu.cl", "(float4)(0.0f), s,", "(float4)(0.0f), 0.0f * s,"},
    {"train_gpu_hidden", "batch_gpu.cl", "derivative_one(a[i], recipe)",
     "derivative_one(a[i], CBX_NLL)"},
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

typedef cbx_status part(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe);

/* A specimen, with groups of that kind in any case. */
static cbx_specimen_sizes specimen_with(int index, int wide) {
    cbx_specimen_sizes sizes = cbx_specimens[index];
    sizes.division[0].groups = sizes.division[1].groups =
        wide ? CBX_WIDE_GROUPS : CBX_NARROW_GROUPS;
    return sizes;
}

/* One part of the self-test, with both recipes and all specimens: the others would only take
 * time to compile kernels that are not broken. */
static cbx_status run_part(cbx_device *device, part *check, cbx_schedule schedule) {
    cbx_status status = CBX_OK;
    for (int i = 0; i < 2 * CBX_SPECIMENS && !status; i++) {
        const cbx_specimen_sizes sizes = specimen_with(i / 2, device->wide != NULL);
        cbx_specimen specimen;
        assert_ok(cbx_specimen_init(&specimen, device, &sizes));
        status = check(&specimen, schedule, (cbx_recipe)(i % 2));
        cbx_specimen_clear(&specimen);
    }
    return status;
}

static int is_named(const mutation *m, cbx_status status) {
    char name[64];
    snprintf(name, sizeof name, "the kernel %s computes wrongly on ", m->kernel);
    if (status != CBX_BAD_KERNEL || strncmp(cbx_last_error(), name, strlen(name)) != 0) {
        print_error("%s with \"%s\": status %d, \"%s\"\n", m->file, m->to, status,
                    status ? cbx_last_error() : "");
        return 0;
    }
    return 1;
}

#define ALL(mutations) (mutations), sizeof(mutations) / sizeof *(mutations)

typedef void mutate_one(cbx_device *device, const char *file, const char *from, const char *to);

/* Mutations of what a schedule uses with the kernels of a family, and the part of the self-test
 * that must find them. */
static void assert_each_refused(mutate_one *break_it, const mutation *mutations, size_t count,
                                cbx_family family, cbx_schedule schedule, part *check) {
    size_t missed = 0;
    (void)fixture_device(family); /* skips where there is none */
    for (size_t i = 0; i < count; i++) {
        cbx_device *device;
        assert_ok(cbx_device_open(&device, fixture_spec(), family));
        break_it(device, mutations[i].file, mutations[i].from, mutations[i].to);
        missed += !is_named(&mutations[i], run_part(device, check, schedule));
        cbx_device_close(device);
    }
    assert_int_equal(0, missed);
}

static void assert_refused(const mutation *mutations, size_t count, cbx_family family,
                           cbx_schedule schedule, part *check) {
    assert_each_refused(mutate, mutations, count, family, schedule, check);
}

static void refuses_a_broken_step(void **state) {
    (void)state;
    assert_refused(ALL(sigmoids), CBX_FAMILY_CPU, CBX_SCHEDULE_STEPWISE, cbx_check_sigmoid);
    assert_refused(ALL(stepwise), CBX_FAMILY_CPU, CBX_SCHEDULE_STEPWISE, cbx_check_stepwise);
}

static void refuses_a_broken_picture(void **state) {
    (void)state;
    assert_refused(ALL(pictures), CBX_FAMILY_GPU, CBX_SCHEDULE_STEPWISE, cbx_check_pictures);
}

static void refuses_a_broken_fused_kernel(void **state) {
    (void)state;
    assert_refused(ALL(fused_cpu), CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED, cbx_check_fused);
}

static void refuses_a_broken_fused_kernel_for_gpus(void **state) {
    (void)state;
    assert_refused(ALL(fused_gpu), CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_fused);
    assert_each_refused(mutate_wide, ALL(fused_wide), CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED,
                        cbx_check_fused);
    assert_refused(ALL(deltas_gpu), CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_deltas);
}

static void refuses_broken_ink(void **state) {
    (void)state;
    assert_refused(ALL(sparse), CBX_FAMILY_CPU, CBX_SCHEDULE_SPARSE, cbx_check_fused);
    assert_refused(ALL(evaluation_ink), CBX_FAMILY_CPU, CBX_SCHEDULE_SPARSE, cbx_check_evaluation);
}

static void refuses_a_broken_evaluation(void **state) {
    (void)state;
    assert_refused(ALL(evaluation_cpu), CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED, cbx_check_evaluation);
}

static void refuses_a_broken_evaluation_for_gpus(void **state) {
    (void)state;
    assert_refused(ALL(sums_gpu), CBX_FAMILY_GPU, CBX_SCHEDULE_STEPWISE, cbx_check_sums);
    assert_refused(ALL(evaluation_gpu), CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_evaluation);
}

/* The message says where, and what the device computed. */
static void names_the_deviation(void **state) {
    (void)state;
    static const mutation m = {.kernel = "matmul_output", .file = "biased_matmul.cl", .to = "0"};
    const edit edits[] = {{m.file, "const float16 z = LOAD_OUT(w2)", "float16 z = LOAD_OUT(w2)"},
                          {m.file, "STORE_OUT(z2 + row", "z.s3 = 0.0f; STORE_OUT(z2 + row"}};
    cbx_device *device;
    (void)fixture_device(CBX_FAMILY_AUTO);
    assert_ok(cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO));
    mutate_all(device, edits, 2);
    assert_true(is_named(&m, cbx_device_self_test(device)));
    assert_non_null(strstr(cbx_last_error(), "a2[0][3] is 0.5, should be 0."));
    assert_non_null(strstr(cbx_last_error(), " to the bit; "));
    assert_non_null(strstr(cbx_last_error(), cbx_device_about(device)->name));
    cbx_device_close(device);
}

/* The self-test is all of its parts: the last one's kernel, in either family. */
static void covers_everything(void **state) {
    (void)state;
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        const mutation m = {"judge", "evaluate.cl", "v == most", "v < most"};
        cbx_device *device;
        (void)fixture_device(family);
        assert_ok(cbx_device_open(&device, fixture_spec(), family));
        mutate(device, m.file, m.from, m.to);
        assert_true(is_named(&m, cbx_device_self_test(device)));
        cbx_device_close(device);
    }
}

/* A schedule asks for its own kernels and no other: those that a device cannot run, here
 * because they are missing, do not keep another schedule from running. */
static void a_schedule_needs_only_its_own_kernels(void **state) {
    static const struct {
        cbx_family family;
        cbx_schedule needs, other;
        const char *file, *kernel; /* that `needs` does */
    } cases[] = {
        {CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED, CBX_SCHEDULE_STEPWISE, "train_cpu.cl", "train_cpu"},
        {CBX_FAMILY_CPU, CBX_SCHEDULE_SPARSE, CBX_SCHEDULE_FUSED, "ink.cl", "turn_ink"},
        {CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, CBX_SCHEDULE_STEPWISE, "train_gpu.cl",
         "train_gpu_output"},
        {CBX_FAMILY_CPU, CBX_SCHEDULE_STEPWISE, CBX_SCHEDULE_FUSED, "delta.cl", "output_delta"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char begin[64];
        cbx_device *device;
        (void)fixture_device(cases[i].family);
        assert_ok(cbx_device_open(&device, fixture_spec(), cases[i].family));
        snprintf(begin, sizeof begin, "%s(global", cases[i].kernel);
        mutate(device, cases[i].file, begin, "gone(global");
        assert_ok(cbx_self_test_schedule(device, cases[i].other));
        assert_fails(cbx_self_test_schedule(device, cases[i].needs), CBX_BAD_KERNEL,
                     " cannot be used");
        cbx_device_close(device);
    }
}

/* What a user can break without touching the sources. */
static void build_options_reach_the_kernels(void **state) {
    cbx_device *device;
    (void)state;
    (void)fixture_device(CBX_FAMILY_AUTO);
    assert_int_equal(0, setenv("CLEARBOX_BUILD_OPTIONS", "-DCBX_STEP_ROWS=4", 1));
    cbx_status status = cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO);
    assert_int_equal(0, unsetenv("CLEARBOX_BUILD_OPTIONS"));
    assert_ok(status);
    assert_fails(cbx_device_self_test(device), CBX_BAD_KERNEL, "");
    cbx_device_close(device);
}

/* However long they are, the last one arrives whole. */
static void long_build_options_are_not_cut(void **state) {
    enum { MANY = 100 };
    static const char one[] = "-DCBX_NOTHING_OF_ALL_THIS=1 ", last[] = "-DCBX_STEP_ROWS=4";
    char options[MANY * sizeof one + sizeof last] = "";
    cbx_device *device;
    (void)state;
    (void)fixture_device(CBX_FAMILY_AUTO);
    for (size_t i = 0; i < MANY; i++) {
        strcat(options, one);
    }
    strcat(options, last);
    assert_int_equal(0, setenv("CLEARBOX_BUILD_OPTIONS", options, 1));
    cbx_status status = cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO);
    assert_int_equal(0, unsetenv("CLEARBOX_BUILD_OPTIONS"));
    assert_ok(status);
    assert_fails(cbx_device_self_test(device), CBX_BAD_KERNEL, "");
    cbx_device_close(device);
}

static void healthy_device_passes(cbx_family family) {
    cbx_device *device = fixture_device(family);
    assert_ok(cbx_device_self_test(device));
    assert_ok(cbx_device_self_test(device)); /* leaves the device as it was */
}

static void passes_with_the_cpu_family(void **state) {
    (void)state;
    healthy_device_passes(CBX_FAMILY_CPU);
}

static void passes_with_the_gpu_family(void **state) {
    (void)state;
    healthy_device_passes(CBX_FAMILY_GPU);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_with_the_cpu_family),
        cmocka_unit_test(passes_with_the_gpu_family),
        cmocka_unit_test(refuses_a_broken_step),
        cmocka_unit_test(refuses_a_broken_picture),
        cmocka_unit_test(refuses_a_broken_fused_kernel),
        cmocka_unit_test(refuses_a_broken_fused_kernel_for_gpus),
        cmocka_unit_test(refuses_broken_ink),
        cmocka_unit_test(refuses_a_broken_evaluation),
        cmocka_unit_test(refuses_a_broken_evaluation_for_gpus),
        cmocka_unit_test(names_the_deviation),
        cmocka_unit_test(covers_everything),
        cmocka_unit_test(a_schedule_needs_only_its_own_kernels),
        cmocka_unit_test(build_options_reach_the_kernels),
        cmocka_unit_test(long_build_options_are_not_cut),
    };
    return cmocka_run_group_tests_name("self-test", tests, fixture_setup, fixture_teardown);
}
