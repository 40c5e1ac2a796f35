/* SPDX-License-Identifier: MIT */
/* The kernels for GPUs on the smallest devices that they are made for, and a sentence where a
 * device is smaller still. PoCL has work-groups as small as it is told (the argument, or the
 * smallest there may be); what else a device has too little of is made up. */
#include <stdio.h>
#include <string.h>

#include "check/self_test.h"
#include "device/device.h"
#include "support/compare.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "support/owners.h"
#include "support/synthetic.h"
#include "support/test.h"
#include "support/training.h"

enum {
    LEAST_GROUP = 64,       /* work-items */
    LEAST_LOCAL = 16 << 10, /* bytes of local memory */
    IMAGES = 210,           /* to train with */
    MOST_KERNELS = 64
};

static const cbx_rates rates = {0.01f, 0.02f};
static size_t limit = LEAST_GROUP; /* of PoCL's work-groups */
static cbx_dataset *dataset;
static uint32_t *order;

/* What a device says of itself; 0: the truth. */
static struct {
    cl_ulong local;
    cl_uint units;
    size_t group;
} said;

cl_int __real_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value,
                              size_t *used);
cl_int __wrap_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value,
                              size_t *used);

cl_int __wrap_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value,
                              size_t *used) {
    cl_int error = __real_clGetDeviceInfo(id, what, size, value, used);
    if (what == CL_DEVICE_LOCAL_MEM_SIZE && said.local) {
        memcpy(value, &said.local, sizeof said.local);
    } else if (what == CL_DEVICE_MAX_COMPUTE_UNITS && said.units) {
        memcpy(value, &said.units, sizeof said.units);
    } else if (what == CL_DEVICE_MAX_WORK_GROUP_SIZE && said.group) {
        memcpy(value, &said.group, sizeof said.group);
    }
    return error;
}

/* A device that says such things while it is opened; skips where PoCL is not what is tested. */
static cbx_status open_small(cbx_device **out, cbx_family family, cl_ulong local, cl_uint units,
                             size_t group) {
    const cbx_device_request request = {.spec = fixture_spec(), .family = family};
    if (cbx_device_about(fixture_device(CBX_FAMILY_AUTO))->largest_group != limit) {
        print_message("this device takes no limit on its work-groups\n");
        skip();
    }
    said.local = local;
    said.units = units;
    said.group = group;
    cbx_status status = cbx_device_open_as(out, &request);
    memset(&said, 0, sizeof said);
    return status;
}

/* Every kernel of the family, as compiled, has the room that the host asks for. */
static void every_kernel_fits(void **state) {
    cbx_device *device;
    cl_kernel kernels[MOST_KERNELS];
    cl_uint count = 0;
    (void)state;
    assert_ok(open_small(&device, CBX_FAMILY_GPU, LEAST_LOCAL, 0, 0));
    assert_int_equal(CL_SUCCESS,
                     clCreateKernelsInProgram(device->program, MOST_KERNELS, kernels, &count));
    assert_true(count > 5);
    const unsigned depth = device->built.tunables.values[CBX_GPU_FORWARD_DEPTH];
    for (cl_uint i = 0; i < count; i++) {
        char name[64] = "";
        cl_ulong local = 0;
        clGetKernelInfo(kernels[i], CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL);
        assert_ok(cbx_kernel_check_group(device, kernels[i], name));
        assert_int_equal(CL_SUCCESS,
                         clGetKernelWorkGroupInfo(kernels[i], device->id, CL_KERNEL_LOCAL_MEM_SIZE,
                                                  sizeof local, &local, NULL));
        if (local > CBX_GPU_LOCAL_BYTES(depth)) {
            fail_msg("%s needs %llu bytes of local memory", name, (unsigned long long)local);
        }
        clReleaseKernel(kernels[i]);
    }
    cbx_device_close(device);
}

static void the_smallest_passes_its_self_test(void **state) {
    (void)state;
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        cbx_device *device;
        assert_ok(open_small(&device, family, LEAST_LOCAL, 7, 0));
        assert_int_equal(7, cbx_device_about(device)->compute_units);
        assert_ok(cbx_device_self_test(device));
        cbx_device_close(device);
    }
}

static owners_outcome learn(cbx_device *device, const cbx_network *start, uint32_t batch,
                            cbx_recipe recipe) {
    const owners_plan plan = {.device = device,
                              .settings = {start->hidden, batch, recipe, CBX_SCHEDULE_FUSED},
                              .dataset = dataset,
                              .order = order,
                              .start = start,
                              .rates = rates,
                              .keeps_losses = 1,
                              .scale = 1};
    return owners_learn(&plan);
}

static void assert_same_outcome(const owners_outcome *is, const owners_outcome *should) {
    assert_networks_same(is->network, should->network, "small");
    assert_same_bits(is->losses[0], should->losses[0], 1, IMAGES, "losses");
    assert_memory_equal(is->parts[0], should->parts[0], sizeof is->parts[0]);
    assert_memory_equal(is->luma, should->luma, should->pixels);
}

/* However many units there are, the same comes out as of the kernels for processors: odd numbers
 * leave some of them idle. */
static void units_make_no_difference(void **state) {
    static const cl_uint units[] = {1, 3, 13, 132};
    static const uint32_t hidden[] = {1, 37, 300}, batches[] = {7, 100};
    cbx_device *devices[CBX_COUNT(units)];
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(units); i++) {
        assert_ok(open_small(&devices[i], CBX_FAMILY_GPU, LEAST_LOCAL, units[i], 0));
    }
    for (size_t n = 0; n < CBX_COUNT(hidden) * CBX_COUNT(batches); n++) {
        cbx_network *start = synthetic_network(hidden[n / 2], 7);
        const cbx_recipe recipe = n % 3 == 0 ? CBX_RECIPE_LESSON : CBX_RECIPE_NLL;
        owners_outcome should =
            learn(fixture_device(CBX_FAMILY_CPU), start, batches[n % 2], recipe);
        for (size_t i = 0; i < CBX_COUNT(units); i++) {
            owners_outcome is = learn(devices[i], start, batches[n % 2], recipe);
            assert_same_outcome(&is, &should);
            owners_free(&is);
        }
        owners_free(&should);
        cbx_network_destroy(start);
    }
    for (size_t i = 0; i < CBX_COUNT(units); i++) {
        cbx_device_close(devices[i]);
    }
}

/* What is missing is said; who leaves the choice gets the kernels for processors. */
static void smaller_ones_are_refused(void **state) {
    static const struct {
        cl_ulong local;
        size_t group;
        const char *why;
    } cases[] = {
        {LEAST_LOCAL, LEAST_GROUP / 2, " needs work-groups of "},
        {LEAST_LOCAL, LEAST_GROUP - 1, " needs work-groups of "},
        {LEAST_LOCAL, 1, " needs work-groups of "},
        {LEAST_LOCAL / 2, LEAST_GROUP, " bytes of local memory, but "},
        {1, LEAST_GROUP, " bytes of local memory, but "},
    };
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(cases); i++) {
        cbx_device *device = NULL;
        assert_fails(open_small(&device, CBX_FAMILY_GPU, cases[i].local, 0, cases[i].group),
                     CBX_NO_DEVICE, "");
        assert_null(device);
        assert_non_null(strstr(cbx_last_error(), cases[i].why));
        assert_ok(open_small(&device, CBX_FAMILY_AUTO, cases[i].local, 0, cases[i].group));
        assert_int_equal(CBX_FAMILY_CPU, cbx_device_family(device));
        cbx_device_close(device);
    }
}

static int set_up(void **state) {
    order = synthetic_order(IMAGES, 3);
    dataset = synthetic_dataset(IMAGES / 5 * 6, 30, 1);
    return fixture_setup(state);
}

static int tear_down(void **state) {
    cbx_dataset_destroy(dataset);
    free(order);
    return fixture_teardown(state);
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_fits),
        cmocka_unit_test(the_smallest_passes_its_self_test),
        cmocka_unit_test(units_make_no_difference),
        cmocka_unit_test(smaller_ones_are_refused),
    };
    char text[24];
    limit = count > 1 ? strtoul(arguments[1], NULL, 10) : limit;
    snprintf(text, sizeof text, "%zu", limit);
    if (setenv("POCL_MAX_WORK_GROUP_SIZE", text, 1) != 0) {
        return EXIT_FAILURE;
    }
    return cmocka_run_group_tests_name("small devices", tests, set_up, tear_down);
}
