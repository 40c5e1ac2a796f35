/* SPDX-License-Identifier: MIT */
/* The self-test passes a device that computes rightly, and names the kernel where it
 * does not: every kernel is broken in turn. */
#include <stdio.h>
#include <string.h>

#include "check/self_test.h"
#include "check/specimen.h"
#include "support/fixture.h"
#include "support/mutant.h"
#include "support/refused.h"
#include "support/test.h"

static const mutation sigmoids[] = {
    {"sigmoid", "sigmoid.cl", "activate_v(LOAD", "exp_v(LOAD"},
    {"sigmoid", "activation.cl", "(1.0f + e)) + (z - z);", "(1.0f + e));"},
    {"sigmoid", "activation.cl", "isless(fabs(v), (FLOAT)(CBX_TINY))", "isnan(v)"},
};

#define TREE_OF_PANELS                                                                             \
    "tree_add(tree, at, sum);\n    }\n"                                                            \
    "    STORE_OUT(z2 + ((size_t)node.share * stride + row) * CBX_LANES_OUT,\n"                    \
    "              tree_sum(tree, node.panels));"
#define ROW_OF_PANELS                                                                              \
    "tree[0] = at > 0 ? tree[0] + sum : sum;\n    }\n"                                             \
    "    STORE_OUT(z2 + ((size_t)node.share * stride + row) * CBX_LANES_OUT, tree[0]);"

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

static const mutation pictures_cpu[] = {
    {"picture_luma_cpu", "picture_cpu.cl", "panel * CBX_PANEL, layout", "0, layout"},
    {"picture_luma_cpu", "picture_cpu.cl", "(size_t)panel * CBX_PANEL_SIZE + CBX_PANEL",
     "CBX_PANEL"},
    {"picture_luma_cpu", "picture_cpu.cl", "corner_of_tile(layout, first + lane)",
     "corner_of_tile(layout, lane)"},
    {"picture_luma_cpu", "picture_cpu.cl", "least[i] = fmin(least[i], v);", "least[i] = v;"},
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

static void refuses_a_broken_step(void **state) {
    (void)state;
    assert_refused(REFUSED_ALL(sigmoids), CBX_FAMILY_CPU, CBX_SCHEDULE_STEPWISE, cbx_check_sigmoid);
    assert_refused(REFUSED_ALL(stepwise), CBX_FAMILY_CPU, CBX_SCHEDULE_STEPWISE,
                   cbx_check_stepwise);
}

static void refuses_a_broken_picture(void **state) {
    (void)state;
    assert_refused(REFUSED_ALL(pictures), CBX_FAMILY_GPU, CBX_SCHEDULE_STEPWISE,
                   cbx_check_pictures);
    assert_refused(REFUSED_ALL(pictures_cpu), CBX_FAMILY_CPU, CBX_SCHEDULE_STEPWISE,
                   cbx_check_pictures);
}

static void refuses_a_broken_fused_kernel(void **state) {
    (void)state;
    assert_refused(REFUSED_ALL(fused_cpu), CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED, cbx_check_fused);
}

static void refuses_broken_ink(void **state) {
    (void)state;
    assert_refused(REFUSED_ALL(sparse), CBX_FAMILY_CPU, CBX_SCHEDULE_SPARSE, cbx_check_fused);
    assert_refused(REFUSED_ALL(evaluation_ink), CBX_FAMILY_CPU, CBX_SCHEDULE_SPARSE,
                   cbx_check_evaluation);
}

static void refuses_a_broken_evaluation(void **state) {
    (void)state;
    assert_refused(REFUSED_ALL(evaluation_cpu), CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED,
                   cbx_check_evaluation);
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
    assert_true(refused_names(&m, cbx_device_self_test(device)));
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
        assert_true(refused_names(&m, cbx_device_self_test(device)));
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
        cmocka_unit_test(refuses_broken_ink),
        cmocka_unit_test(refuses_a_broken_evaluation),
        cmocka_unit_test(names_the_deviation),
        cmocka_unit_test(covers_everything),
        cmocka_unit_test(a_schedule_needs_only_its_own_kernels),
        cmocka_unit_test(build_options_reach_the_kernels),
        cmocka_unit_test(long_build_options_are_not_cut),
    };
    return cmocka_run_group_tests_name("self-test", tests, fixture_setup, fixture_teardown);
}
