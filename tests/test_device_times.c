/* SPDX-License-Identifier: MIT */
/* The device's own times are noted where somebody asks, and are absent elsewhere: never 0. */
#include "support/test.h"

#include <math.h>

#include "device/device.h"
#include "support/fixture.h"
#include "support/learning.h"

static int is_timed(cl_command_queue queue) {
    cl_command_queue_properties properties = 0;
    assert_int_equal(CL_SUCCESS, clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES,
                                                       sizeof properties, &properties, NULL));
    return (properties & CL_QUEUE_PROFILING_ENABLE) != 0;
}

/* Of filling a buffer. */
static double seconds_of_work(cbx_device *device, cl_command_queue queue) {
    const cl_uchar value = 7;
    const size_t bytes = 1 << 20;
    cl_mem buffer = NULL;
    cl_event done = NULL;
    assert_ok(cbx_buffer_create(device, CL_MEM_READ_WRITE, bytes, "a test", &buffer));
    assert_int_equal(CL_SUCCESS, clEnqueueFillBuffer(queue, buffer, &value, sizeof value, 0, bytes,
                                                     0, NULL, &done));
    assert_int_equal(CL_SUCCESS, clFinish(queue));
    const double seconds = cbx_event_seconds(done, done);
    cbx_event_release(&done);
    cbx_buffer_release(buffer);
    return seconds;
}

static void check_queues(cbx_device *device, int timed) {
    const cl_command_queue queues[] = {device->queue, device->transfers};
    for (size_t i = 0; i < CBX_COUNT(queues); i++) {
        assert_int_equal(timed, is_timed(queues[i]));
        const double seconds = seconds_of_work(device, queues[i]);
        assert_true(timed ? seconds >= 0.0 : isnan(seconds));
    }
}

static void queues_are_timed_on_request(void **state) {
    cbx_device_request request = {.spec = fixture_spec()};
    (void)state;
    for (int timed = 0; timed < 2; timed++) {
        cbx_device *device;
        request.timed = timed;
        assert_ok(cbx_device_open_as(&device, &request));
        check_queues(device, timed);
        assert_ok(cbx_device_time(device, !timed));
        check_queues(device, !timed);
        assert_true(cbx_event_seconds(NULL, NULL) >= 0.0); /* nothing happened */
        cbx_device_close(device);
    }
}

/* A film by each kind of encoder, and no film. */
static cbx_learn_result run(int encoder, int asked) {
    learning l;
    cbx_learn_result result;
    learning_open(&l, 72, 20);
    cbx_learn_settings settings = learning_settings(&l);
    settings.hidden = 37;
    settings.device_times = asked;
    settings.film = encoder < LEARNING_ENCODERS ? l.film : NULL;
    settings.encoder = encoder < LEARNING_ENCODERS ? learning_encoder(encoder) : NULL;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, &result));
    learning_close(&l);
    return result;
}

static void a_film_tells_them_on_request(void **state) {
    (void)state;
    (void)fixture_device(CBX_FAMILY_AUTO); /* skips where none is allowed */
    for (int encoder = 0; encoder < LEARNING_ENCODERS; encoder++) {
        const cbx_learn_result told = run(encoder, 1), untold = run(encoder, 0);
        assert_true(told.times.draw >= 0.0);
        assert_true(told.times.read_back > 0.0);
        assert_true(told.times.encode > 0.0);
        assert_true(isnan(untold.times.read_back));
        /* Encoders' processor time is not the device's. */
        assert_true(encoder == LEARNING_DEVICE ? isnan(untold.times.encode)
                                               : untold.times.encode > 0.0);
        assert_true(encoder == LEARNING_DEVICE ? isnan(untold.film.encode_seconds)
                                               : untold.film.encode_seconds > 0.0);
        /* Drawn within other launches there is no time for it. */
        assert_true(isnan(untold.times.draw) || !(told.times.draw > 0.0));
    }
}

static void without_a_film_there_are_none(void **state) {
    (void)state;
    (void)fixture_device(CBX_FAMILY_AUTO);
    const cbx_learn_times times = run(LEARNING_ENCODERS, 1).times;
    assert_true(times.draw <= 0.0 && times.read_back <= 0.0 && times.encode <= 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queues_are_timed_on_request),
        cmocka_unit_test(a_film_tells_them_on_request),
        cmocka_unit_test(without_a_film_there_are_none),
    };
    return cmocka_run_group_tests_name("device times", tests, fixture_setup, fixture_teardown);
}
