/* SPDX-License-Identifier: MIT */
/* host/device/bound: a launch sets the arguments that changed and no other, and computes what one
 * that sets all of them does. */
#include "device/bound.h"

#include <string.h>

#include "picture/draw.h"
#include "support/bands.h"
#include "support/fixture.h"
#include "support/test.h"

/* The linker sends calls to the second. */
cl_int __real_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value);
cl_int __wrap_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value);

static unsigned sets;
static int failing;    /* the next one */
static int pretending; /* nothing is set */

cl_int __wrap_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    sets++;
    if (failing) {
        failing = 0;
        return CL_OUT_OF_RESOURCES;
    }
    return pretending ? CL_SUCCESS : __real_clSetKernelArg(kernel, index, size, value);
}

/* A kernel with a record and two buffers. */
typedef struct launcher {
    cbx_device *device;
    cl_kernel kernel;
    cbx_bound bound;
    cbx_frame_layout layout;
    cl_mem cb, cr;
} launcher;

static cl_mem plane(const launcher *with) {
    cl_mem made = NULL;
    assert_ok(cbx_buffer_create(with->device, CL_MEM_READ_WRITE,
                                (size_t)with->layout.width * with->layout.height / 4, "a plane",
                                &made));
    return made;
}

static void open_launcher(launcher *out) {
    cbx_grid grid;
    *out = (launcher){.device = fixture_device(CBX_FAMILY_AUTO)};
    assert_ok(cbx_grid_lay_out(&grid, 4, 1));
    out->layout = cbx_frame_layout_of(&grid, CBX_TONE_PEAK);
    assert_ok(cbx_kernel_create(out->device, "picture_chroma", &out->kernel));
    out->cb = plane(out);
    out->cr = plane(out);
}

static void close_launcher(launcher *used) {
    cbx_kernel_release(used->kernel);
    cbx_buffer_release(used->cb);
    cbx_buffer_release(used->cr);
}

static cbx_status launch(launcher *with) {
    const cbx_argument arguments[] = {CBX_ARGUMENT(with->layout), CBX_ARGUMENT(with->cb),
                                      CBX_ARGUMENT(with->cr)};
    const cbx_range range = {{with->layout.width / 2, with->layout.height / 2},
                             {with->device->built.local, 1}};
    return cbx_enqueue_bound(with->device->queue, with->kernel, &with->bound, arguments,
                             CBX_COUNT(arguments), range, NULL, NULL);
}

static void fill(const launcher *with, cl_mem plane_, int value) {
    const cl_uchar pattern = (cl_uchar)value;
    const size_t bytes = (size_t)with->layout.width * with->layout.height / 4;
    assert_int_equal(CL_SUCCESS, clEnqueueFillBuffer(with->device->queue, plane_, &pattern, 1, 0,
                                                     bytes, 0, NULL, NULL));
}

static int first_of(const launcher *with, cl_mem plane_) {
    cl_uchar value = 0;
    assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(with->device->queue, plane_, CL_TRUE, 0, 1,
                                                     &value, 0, NULL, NULL));
    return value;
}

/* In the corner of a border: three pixels of red and a grey one. */
enum { CORNER_CB = (3 * 102 + 128 + 2) / 4, CORNER_CR = (3 * 240 + 128 + 2) / 4 };

/* Launches, and looks at what came of it and how many arguments were set. */
static void assert_sets(launcher *with, unsigned count) {
    fill(with, with->cb, 1);
    fill(with, with->cr, 1);
    sets = 0;
    assert_ok(launch(with));
    assert_int_equal(count, sets);
    assert_int_equal(CORNER_CB, first_of(with, with->cb));
    assert_int_equal(CORNER_CR, first_of(with, with->cr));
}

static void what_stays_is_not_set(void **state) {
    launcher with;
    (void)state;
    open_launcher(&with);
    assert_sets(&with, 3);
    assert_sets(&with, 0);
    with.layout.plane = 1; /* which this kernel does not look at */
    assert_sets(&with, 1);
    const cl_mem cb = with.cb;
    with.cb = with.cr;
    with.cr = cb;
    assert_sets(&with, 2);
    assert_sets(&with, 0);
    close_launcher(&with);
}

/* The driver may give the handle again. */
static void a_new_buffer_is_set(void **state) {
    launcher with;
    (void)state;
    open_launcher(&with);
    assert_sets(&with, 3);
    for (int i = 0; i < 4; i++) {
        cbx_buffer_release(with.cr);
        with.cr = plane(&with);
        assert_sets(&with, 3);
        assert_sets(&with, 0);
    }
    close_launcher(&with);
}

static void after_a_failure_all_are_set(void **state) {
    launcher with;
    (void)state;
    open_launcher(&with);
    assert_sets(&with, 3);
    with.layout.plane = 1;
    failing = 1;
    assert_fails(launch(&with), CBX_DEVICE_FAULT, "picture_chroma failed on the device: ");
    assert_sets(&with, 3);
    close_launcher(&with);
}

/* How many of these arguments are set by a launch, which has to fail: they are no kernel's. */
static unsigned sets_of(launcher *with, const cbx_argument *arguments, cl_uint count) {
    const cbx_range range = {{1, 1}, {1, 1}};
    sets = 0;
    pretending = 1;
    const cbx_status status = cbx_enqueue_bound(with->device->queue, with->kernel, &with->bound,
                                                arguments, count, range, NULL, NULL);
    pretending = 0;
    assert_int_equal(CBX_DEVICE_FAULT, status);
    return sets;
}

static void what_has_no_room_is_set_each_time(void **state) {
    enum { LARGE = CBX_BOUND_BYTES - 8, MANY = CBX_BOUND_ARGUMENTS + 3 };
    static unsigned char large[LARGE];
    cl_ulong a = 1, b = 2;
    cl_uint small = 3;
    const cbx_argument bytes[] = {
        CBX_ARGUMENT(a), {LARGE, large}, CBX_ARGUMENT(b), CBX_ARGUMENT(small)};
    const cbx_argument local[] = {CBX_ARGUMENT(a), {256, NULL}, CBX_ARGUMENT(b)};
    cbx_argument many[MANY];
    launcher with;
    (void)state;
    open_launcher(&with);
    assert_int_equal(4, sets_of(&with, bytes, 4));
    assert_int_equal(2, sets_of(&with, bytes, 4)); /* the last two */
    large[LARGE - 1]++;
    assert_int_equal(3, sets_of(&with, bytes, 4));
    with.bound = (cbx_bound){.count = 0};
    assert_int_equal(3, sets_of(&with, local, 3));
    assert_int_equal(2, sets_of(&with, local, 3)); /* all from local memory on */
    with.bound = (cbx_bound){.count = 0};
    for (int i = 0; i < MANY; i++) {
        many[i] = (cbx_argument)CBX_ARGUMENT(small);
    }
    assert_int_equal(MANY, sets_of(&with, many, MANY));
    assert_int_equal(3, sets_of(&with, many, MANY));
    close_launcher(&with);
}

/* None does so; if one did, nothing would be taken for another's bytes. */
static void a_size_that_changes_is_noticed(void **state) {
    cl_ulong a = 1, b = 2;
    cl_uint half = 1;
    const cbx_argument first[] = {CBX_ARGUMENT(a), CBX_ARGUMENT(b), CBX_ARGUMENT(half)};
    const cbx_argument then[] = {CBX_ARGUMENT(half), CBX_ARGUMENT(b), CBX_ARGUMENT(half)};
    launcher with;
    (void)state;
    open_launcher(&with);
    assert_int_equal(3, sets_of(&with, first, 3));
    assert_int_equal(3, sets_of(&with, then, 3));
    assert_int_equal(0, sets_of(&with, then, 3));
    close_launcher(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays_is_not_set),
        cmocka_unit_test(a_new_buffer_is_set),
        cmocka_unit_test(after_a_failure_all_are_set),
        cmocka_unit_test(what_has_no_room_is_set_each_time),
        cmocka_unit_test(a_size_that_changes_is_noticed),
    };
    return cmocka_run_group_tests_name("bound arguments", tests, fixture_setup, fixture_teardown);
}
