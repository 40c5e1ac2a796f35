/* SPDX-License-Identifier: MIT */
/* In which order the work-groups of a launch run is the device's business: whatever it is, the
 * kernels for GPUs give the same weights, losses, verdicts and pictures. Work-groups of a launch
 * that rely on each other, as they must not, are found out.
 *
 * PoCL has one thread here, so that groups run one after the other, always in the same order,
 * and what a test finds it finds every time. */
#include <stdio.h>
#include <string.h>

#include "device/device.h"
#include "support/compare.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "support/owners.h"
#include "support/shuffle.h"
#include "support/synthetic.h"
#include "support/test.h"
#include "support/training.h"

static const cbx_rates rates = {0.01f, 0.02f};

/* ---- the orders themselves ---- */

enum { MOST_GROUPS = 70, LOCAL = 4 };

/* The device's own number, before the name means another. */
static const char real[] = "uint real_group(void) { return get_group_id(0); }\n";

static const char toys[] =
    /* by the number that the device has for a group: its number here */
    "kernel __attribute__((reqd_work_group_size(4, 1, 1))) void note(global uint *numbers,\n"
    "                                                                global uint *items) {\n"
    "    numbers[real_group()] = get_group_id(0);\n"
    "    items[get_global_id(0)] = get_group_id(0) * get_local_size(0) + get_local_id(0);\n"
    "}\n"
    /* what must not be: each group reads what another one of the launch writes */
    "kernel __attribute__((reqd_work_group_size(4, 1, 1))) void relay(global uint *numbers) {\n"
    "    const uint g = get_group_id(0);\n"
    "    if (get_local_id(0) == 0) {\n"
    "        numbers[g] = g == 0 ? 1 : numbers[g - 1] + 1;\n"
    "    }\n"
    "}\n";

static cl_program build_toys(cbx_device *device, const shuffle_order *order) {
    const char *texts[] = {real, order->text, toys};
    cl_int error;
    cl_program program = clCreateProgramWithSource(device->context, 3, texts, NULL, &error);
    assert_int_equal(CL_SUCCESS, error);
    assert_int_equal(CL_SUCCESS,
                     clBuildProgram(program, 1, &device->id, "-cl-std=CL1.2", NULL, NULL));
    return program;
}

/* Launches so many groups of a toy, whose arguments are arrays of zeros. */
static void play(cbx_device *device, cl_program program, const char *name, size_t groups,
                 cl_uint arrays, cl_uint out[][MOST_GROUPS * LOCAL]) {
    cl_kernel kernel;
    cl_mem buffers[2];
    cbx_argument arguments[2];
    const size_t bytes = MOST_GROUPS * LOCAL * sizeof(cl_uint);
    const cbx_range range = {{groups * LOCAL, 1}, {LOCAL, 1}};
    memset(out, 0, arrays * bytes);
    assert_ok(cbx_kernel_create_in(program, name, &kernel));
    for (cl_uint i = 0; i < arrays; i++) {
        assert_ok(cbx_buffer_copy(device, out[i], bytes, "a toy's", &buffers[i]));
        arguments[i] = (cbx_argument)CBX_ARGUMENT(buffers[i]);
    }
    assert_ok(cbx_enqueue(device->queue, kernel, arguments, arrays, range, NULL, NULL));
    for (cl_uint i = 0; i < arrays; i++) {
        assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(device->queue, buffers[i], CL_TRUE, 0,
                                                         bytes, out[i], 0, NULL, NULL));
        cbx_buffer_release(buffers[i]);
    }
    cbx_kernel_release(kernel);
}

static void every_group_has_one_number(void **state) {
    static cl_uint is[2][MOST_GROUPS * LOCAL];
    cbx_device *device = fixture_device(CBX_FAMILY_GPU);
    (void)state;
    for (size_t i = 0; i < SHUFFLE_ORDERS; i++) {
        cl_program program = build_toys(device, &shuffle_orders[i]);
        size_t moved = 0;
        for (size_t groups = 1; groups <= MOST_GROUPS; groups += groups < 10 ? 1 : 15) {
            uint8_t seen[MOST_GROUPS] = {0};
            play(device, program, "note", groups, 2, is);
            for (size_t g = 0; g < groups; g++) {
                assert_true(is[0][g] < groups);
                assert_int_equal(0, seen[is[0][g]]++);
                moved += is[0][g] != g;
            }
            for (size_t n = 0; n < groups * LOCAL; n++) {
                assert_int_equal(n, is[1][n]);
            }
        }
        assert_int_equal(i > 0, moved > 100);
        clReleaseProgram(program);
    }
}

static void groups_that_rely_on_each_other_show(void **state) {
    static cl_uint is[1][MOST_GROUPS * LOCAL];
    cbx_device *device = fixture_device(CBX_FAMILY_GPU);
    (void)state;
    for (size_t i = 0; i < SHUFFLE_ORDERS; i++) {
        cl_program program = build_toys(device, &shuffle_orders[i]);
        play(device, program, "relay", MOST_GROUPS, 1, is);
        assert_int_equal(i == 0, is[0][MOST_GROUPS - 1] == MOST_GROUPS);
        clReleaseProgram(program);
    }
}

/* ---- training ---- */

/* Four batches of 7; three of 64 or two of 100, and a short one: a sixth of a file validates. */
enum { FEW, MANY, DATASETS };
static const uint32_t images[DATASETS] = {28, 210};
static cbx_dataset *datasets[DATASETS];
static uint32_t *orders[DATASETS];

static cbx_device *devices[SHUFFLE_ORDERS];

static cbx_device *device_of(size_t order, const edit *edits, size_t count) {
    cbx_device *device;
    (void)fixture_device(CBX_FAMILY_GPU); /* skips where there is none */
    assert_ok(cbx_device_open(&device, fixture_spec(), CBX_FAMILY_GPU));
    shuffle_groups(device, &shuffle_orders[order], edits, count);
    return device;
}

static cbx_device *shuffled(size_t order) {
    if (!devices[order]) {
        devices[order] = device_of(order, NULL, 0);
    }
    return devices[order];
}

typedef struct scene {
    cbx_schedule schedule;
    uint32_t hidden, batch;
    cbx_recipe recipe;
    uint32_t units;  /* compute units that the device is taken to have */
    uint32_t owners; /* of the network's neurons */
} scene;

/* On a device; losses and a picture included. */
static owners_outcome learn(const scene *s, cbx_device *device, const cbx_network *start) {
    const size_t data = s->batch < images[FEW] ? FEW : MANY;
    const uint32_t units = device->info.compute_units;
    owners_plan plan = {.device = device,
                        .settings = {s->hidden, s->batch, s->recipe, s->schedule},
                        .dataset = datasets[data],
                        .order = orders[data],
                        .start = start,
                        .rates = rates,
                        .keeps_losses = 1,
                        .scale = 1};
    owners_share_out(&plan, s->owners);
    device->info.compute_units = s->units;
    owners_outcome out = owners_learn(&plan);
    device->info.compute_units = units;
    return out;
}

static int same_arrays(const void *a, const void *b, size_t bytes) {
    return (!a && !b) || memcmp(a, b, bytes) == 0;
}

/* What differs, or NULL. */
static const char *difference(const owners_outcome *a, const owners_outcome *b, size_t losses) {
    const size_t hidden = a->network->hidden;
    if (!same_arrays(a->network->w1, b->network->w1, CBX_ROWS * hidden * sizeof(float))) {
        return "W1";
    }
    if (!same_arrays(a->network->w2, b->network->w2, (1 + hidden) * CBX_CLASSES * sizeof(float))) {
        return "W2";
    }
    for (size_t i = 0; i < OWNERS; i++) {
        if (!same_arrays(a->losses[i], b->losses[i], losses * sizeof(float))) {
            return "the losses while training";
        }
    }
    return !same_arrays(a->parts, b->parts, sizeof a->parts) ? "an evaluation"
           : !same_arrays(a->luma, b->luma, a->pixels)       ? "the picture"
                                                             : NULL;
}

static size_t losses_of(const scene *s) {
    return images[s->batch < images[FEW] ? FEW : MANY];
}

static void check(const scene *s) {
    cbx_network *start = synthetic_network(s->hidden, 7);
    owners_outcome should = learn(s, shuffled(0), start);
    for (size_t i = 1; i < SHUFFLE_ORDERS; i++) {
        owners_outcome is = learn(s, shuffled(i), start);
        const char *what = difference(&is, &should, losses_of(s));
        if (what) {
            fail_msg(
                "%s, H = %u, batches of %u, %s, %u units, %u owners: with groups %s %s differs",
                cbx_schedule_name(s->schedule), s->hidden, s->batch, cbx_recipe_name(s->recipe),
                s->units, s->owners, shuffle_orders[i].name, what);
        }
        owners_free(&is);
    }
    owners_free(&should);
    cbx_network_destroy(start);
}

static void check_schedule(cbx_schedule schedule) {
    static const uint32_t hidden[] = {37, 64, 100, 300, 1024}, batches[] = {7, 64, 100};
    static const cbx_recipe recipes[] = {CBX_RECIPE_LESSON, CBX_RECIPE_NLL};
    unsigned number = 0;
    for (size_t h = 0; h < CBX_COUNT(hidden); h++) {
        for (size_t b = 0; b < CBX_COUNT(batches); b++) {
            for (size_t r = 0; r < CBX_COUNT(recipes); r++, number++) {
                const scene s = {.schedule = schedule,
                                 .hidden = hidden[h],
                                 .batch = batches[b],
                                 .recipe = recipes[r],
                                 .units = number % 3 == 0 ? 1 : 24,
                                 .owners = number % 5 == 0 ? 2 : 1};
                check(&s);
            }
        }
    }
}

static void fused_kernels_do_not_depend_on_it(void **state) {
    (void)state;
    check_schedule(CBX_SCHEDULE_FUSED);
}

static void stepwise_kernels_do_not_depend_on_it(void **state) {
    (void)state;
    check_schedule(CBX_SCHEDULE_STEPWISE);
}

/* ---- kernels that are wrong on purpose ---- */

/* In each a group reads what another one of the launch writes. As one of the two comes first, the
 * reverse order tells; others may leave these two as they were. */
static const struct {
    cbx_schedule schedule;
    edit wrong;
} mutants[] = {
    /* the bias of the next panel, before or after its update */
    {CBX_SCHEDULE_FUSED,
     {"train_gpu.cl", "stepped(w1[me],",
      "stepped(w1[me + (panel + 1 < launch.panels ? CBX_PANEL_SIZE : 0)],"}},
    /* the bias of the outputs, which the first panel's group updates */
    {CBX_SCHEDULE_FUSED,
     {"train_gpu.cl", "i < CBX_ROW_BLOCK * CBX_LANES_OUT && panel == 0;",
      "i < CBX_ROW_BLOCK * CBX_LANES_OUT && panel + 1 == launch.panels;"}},
    {CBX_SCHEDULE_STEPWISE,
     {"weight_update.cl", "stepped_pixel(LOAD(at),",
      "stepped_pixel(LOAD(k + CBX_STEP_ROWS < CBX_PIXELS ? at + CBX_STEP_ROWS * CBX_PANEL : at),"}},
    {CBX_SCHEDULE_STEPWISE,
     {"weight_update.cl", "stepped_pixel(LOAD(at),",
      "stepped_pixel(LOAD(k >= CBX_STEP_ROWS ? at - CBX_STEP_ROWS * CBX_PANEL : at),"}},
};

static owners_outcome learn_wrongly(size_t mutant, size_t order, const cbx_network *start) {
    const scene s = {mutants[mutant].schedule, start->hidden, 7, CBX_RECIPE_NLL, 24, 1};
    cbx_device *device = device_of(order, &mutants[mutant].wrong, 1);
    owners_outcome out = learn(&s, device, start);
    cbx_device_close(device);
    return out;
}

static void kernels_that_depend_on_it_show(void **state) {
    cbx_network *start = synthetic_network(100, 7);
    (void)state;
    for (size_t m = 0; m < CBX_COUNT(mutants); m++) {
        owners_outcome forwards = learn_wrongly(m, 0, start), reversed = learn_wrongly(m, 1, start);
        if (!difference(&forwards, &reversed, images[FEW])) {
            fail_msg("mutant %zu is not found", m);
        }
        owners_free(&forwards);
        owners_free(&reversed);
    }
    cbx_network_destroy(start);
}

static int set_up(void **state) {
    for (size_t i = 0; i < DATASETS; i++) {
        orders[i] = synthetic_order(images[i], 3 + i);
        datasets[i] = synthetic_dataset(images[i] / 5 * 6 + images[i] % 5, 30, 1 + i);
        assert_int_equal(images[i], cbx_dataset_images(datasets[i], CBX_TRAIN).count);
    }
    return fixture_setup(state);
}

static int tear_down(void **state) {
    for (size_t i = 0; i < SHUFFLE_ORDERS; i++) {
        cbx_device_close(devices[i]);
    }
    for (size_t i = 0; i < DATASETS; i++) {
        cbx_dataset_destroy(datasets[i]);
        free(orders[i]);
    }
    return fixture_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_group_has_one_number),
        cmocka_unit_test(groups_that_rely_on_each_other_show),
        cmocka_unit_test(fused_kernels_do_not_depend_on_it),
        cmocka_unit_test(stepwise_kernels_do_not_depend_on_it),
        cmocka_unit_test(kernels_that_depend_on_it_show),
    };
    if (setenv("POCL_MAX_PTHREAD_COUNT", "1", 1) != 0) {
        return EXIT_FAILURE;
    }
    return cmocka_run_group_tests_name("trainer, shuffled", tests, set_up, tear_down);
}
