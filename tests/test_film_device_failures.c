/* SPDX-License-Identifier: MIT */
/* Films that the device encodes itself, and what goes wrong: no memory for them, samples that cannot be
 * read, a disk that is full. One sentence, and no file that is not whole. */
#include "support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "avc/avc.h"
#include "device/device.h"
#include "reel/samples.h"
#include "support/files.h"
#include "support/film_reader.h"
#include "support/fixture.h"
#include "support/learning.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- calls that fail ---- */

/* Buffers that the encoder and its reel want; and reads and maps on the queue of transfers. */
enum { BUFFERS, READS, MAPS, CALLS };

static unsigned calls[CALLS]; /* so far */
static unsigned failing_at;   /* this one fails, counted from 1; 0: none */
static int failing_call;
static cl_command_queue transfers; /* of the device that encodes a film */
static uint64_t taken_bytes;       /* by its buffers */
static int apart;                  /* as if host and device did not share memory */

static int is_to_fail(int call) {
    return ++calls[call] == failing_at && call == failing_call;
}

static void fail_at(int call, unsigned at) {
    memset(calls, 0, sizeof calls);
    failing_call = call;
    failing_at = at;
    transfers = NULL;
}

/* These names are the linker's: it sends calls to the second. */
cbx_status __real_cbx_buffer_create(cbx_device *device, cl_mem_flags flags, uint64_t bytes,
                                    const char *what, cl_mem *out);
cbx_status __wrap_cbx_buffer_create(cbx_device *device, cl_mem_flags flags, uint64_t bytes,
                                    const char *what, cl_mem *out);

cbx_status __wrap_cbx_buffer_create(cbx_device *device, cl_mem_flags flags, uint64_t bytes,
                                    const char *what, cl_mem *out) {
    const int of_film = strstr(what, "film") || strstr(what, "frame") || strstr(what, "pictures");
    taken_bytes += of_film ? bytes : 0;
    if (of_film && is_to_fail(BUFFERS)) {
        bytes = UINT64_MAX; /* has the library find its own words */
    }
    return __real_cbx_buffer_create(device, flags, bytes, what, out);
}

cbx_status __real_cbx_avc_create(cbx_avc **out, cbx_device *device,
                                 const cbx_avc_settings *settings);
cbx_status __wrap_cbx_avc_create(cbx_avc **out, cbx_device *device,
                                 const cbx_avc_settings *settings);

cbx_status __wrap_cbx_avc_create(cbx_avc **out, cbx_device *device,
                                 const cbx_avc_settings *settings) {
    transfers = device->transfers;
    taken_bytes = 0;
    device->shares_memory &= !apart;
    return __real_cbx_avc_create(out, device, settings);
}

cl_int __real_clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                  size_t offset, size_t size, void *to, cl_uint count,
                                  const cl_event *wait, cl_event *event);
cl_int __wrap_clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                  size_t offset, size_t size, void *to, cl_uint count,
                                  const cl_event *wait, cl_event *event);

cl_int __wrap_clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                  size_t offset, size_t size, void *to, cl_uint count,
                                  const cl_event *wait, cl_event *event) {
    return queue == transfers && is_to_fail(READS)
               ? CL_OUT_OF_RESOURCES
               : __real_clEnqueueReadBuffer(queue, buffer, blocking, offset, size, to, count, wait,
                                            event);
}

void *__real_clEnqueueMapBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                cl_map_flags flags, size_t offset, size_t size, cl_uint count,
                                const cl_event *wait, cl_event *event, cl_int *error);
void *__wrap_clEnqueueMapBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                cl_map_flags flags, size_t offset, size_t size, cl_uint count,
                                const cl_event *wait, cl_event *event, cl_int *error);

void *__wrap_clEnqueueMapBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                cl_map_flags flags, size_t offset, size_t size, cl_uint count,
                                const cl_event *wait, cl_event *event, cl_int *error) {
    if (queue == transfers && is_to_fail(MAPS)) {
        *error = CL_OUT_OF_RESOURCES;
        return NULL;
    }
    return __real_clEnqueueMapBuffer(queue, buffer, blocking, flags, offset, size, count, wait,
                                     event, error);
}

/* ---- runs ---- */

static void open_run(learning *l) {
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(l, 72, 5);
}

/* 120 frames, in strips of up to 16. */
static cbx_learn_settings settings_of(const learning *l, const char *encoder) {
    cbx_learn_settings settings = learning_settings(l);
    settings.hidden = 5;
    settings.batch = 1;
    settings.epochs = 2;
    settings.film = l->film;
    settings.save = l->save;
    settings.encoder = encoder;
    return settings;
}

static void put_old(const learning *l) {
    files_write_text(l->film, "old film");
    files_write_text(l->save, "old weights");
}

static void assert_old(const learning *l) {
    assert_file_holds(l->film, "old film");
    assert_file_holds(l->save, "old weights");
    assert_int_equal(files_count(l->folder), 2);
}

/* How often the call comes in a run in which nothing fails. */
static unsigned count_calls(const learning *l, int call) {
    cbx_learn_settings settings = settings_of(l, "device");
    fail_at(call, 0);
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    assert_true(call == MAPS || calls[call] > 0);
    return calls[call];
}

static void without_memory_there_is_no_film(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    const unsigned count = count_calls(&l, BUFFERS);
    assert_in_range(count, 20, 100);
    for (unsigned at = 1; at <= count; at += 2) {
        cbx_learn_settings settings = settings_of(&l, "device");
        put_old(&l);
        fail_at(BUFFERS, at);
        assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_TOO_LARGE, " MiB");
        assert_old(&l);
    }
    learning_close(&l);
}

/* What is told before the film begins, see reel/samples.h. */
static void memory_is_told_beforehand(void **state) {
    (void)state;
    static const uint32_t hidden[] = {1, 5, 64, 300};
    learning l;
    open_run(&l);
    fail_at(BUFFERS, 0);
    for (size_t i = 0; i < COUNT(hidden); i++) {
        learning_log log = {0};
        cbx_learn_settings settings = settings_of(&l, "device");
        settings.hidden = hidden[i];
        settings.batch = 60;
        assert_ok(learning_run(&settings, &log, NULL));
        const cbx_film_settings film = {.width = log.plan.grid.width,
                                        .height = log.plan.grid.height,
                                        .fps = settings.fps,
                                        .encoder = settings.encoder,
                                        .quality = settings.quality};
        const uint64_t told = cbx_samples_bytes(&film);
        assert_in_range(taken_bytes, told / 2, told + told / 64 + 1024); /* about */
    }
    learning_close(&l);
}

/* Where the choice was left, another encoder can take its place until the film begins. */
static void without_memory_others_may_encode(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    const unsigned count = count_calls(&l, BUFFERS);
    unsigned instead = 0;
    for (unsigned at = 1; at <= count; at += 4) {
        learning_log log = {0};
        cbx_learn_settings settings = settings_of(&l, NULL);
        put_old(&l);
        fail_at(BUFFERS, at);
        const cbx_status status = learning_run(&settings, &log, NULL);
        if (status) {
            assert_fails(status, CBX_TOO_LARGE, " MiB");
            assert_old(&l);
            continue;
        }
        uint32_t width, height;
        instead++;
        assert_true(log.plan.encoder_is_fallback);
        assert_int_equal(learning_film_frames(l.film, &width, &height), 120);
    }
    assert_true(instead > 0);
    learning_close(&l);
}

/* A fault of the device: what was filmed until then is whole, the weights are nobody's. */
static void check_fault(const learning *l, int call, unsigned at) {
    cbx_learn_settings settings = settings_of(l, "device");
    cbx_learn_result result;
    put_old(l);
    fail_at(call, at);
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, &result), CBX_DEVICE_FAULT,
                 "CL_OUT_OF_RESOURCES");
    assert_file_holds(l->save, "old weights");
    assert_int_equal(files_count(l->folder), 2);
    assert_true(result.film.frames < 120);
    assert_int_equal(result.kept[CBX_LEARN_FILM], result.film.frames > 0);
    if (result.film.frames > 0) {
        film_facts facts;
        film_read(l->film, settings.fps, &facts, NULL, NULL);
        assert_int_equal(facts.pictures, result.film.frames);
        assert_true(facts.exact_times);
    } else {
        assert_file_holds(l->film, "old film");
    }
}

static void samples_that_cannot_be_read_end_the_film(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (int call = READS; call <= MAPS; call++) {
        for (apart = 0; apart < 2; apart++) {
            const unsigned count = count_calls(&l, call);
            for (unsigned at = 1; at <= count; at += at < 3 ? 1 : 9) {
                check_fault(&l, call, at);
            }
        }
    }
    apart = 0;
    learning_close(&l);
}

/* From the start of the run on no file may be larger: a driver's own files stand by then. */
static cbx_status fill_disk(void *user, const cbx_learn_plan *plan) {
    const struct rlimit *lowered = user;
    (void)plan;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, lowered), 0);
    return CBX_OK;
}

/* In the midst of it, when the index is written, and when it moves to the front. */
static void a_full_disk_costs_only_the_film(void **state) {
    (void)state;
    learning l;
    struct rlimit before, lowered;
    const cbx_learn_observer observer = {.started = fill_disk, .user = &lowered};
    cbx_learn_result result;
    open_run(&l);
    fail_at(BUFFERS, 0);
    cbx_learn_settings settings = settings_of(&l, "device");
    settings.save = NULL;
    settings.picture = l.picture;
    settings.quality = 1;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, &result));
    const uint64_t size = result.film.bytes;
    const uint64_t limits[] = {size / 4, size / 2, size - 800, size - 1};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t i = 0; i < COUNT(limits); i++) {
        lowered = before;
        lowered.rlim_cur = limits[i];
        files_write_text(l.film, "old film");
        const cbx_status status = cbx_learn(&settings, &observer, 1, NULL, &result);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_fails(status, CBX_CANNOT_WRITE, "film.mp4");
        assert_false(result.kept[CBX_LEARN_FILM]);
        assert_true(result.kept[CBX_LEARN_PICTURE]);
        assert_file_holds(l.film, "old film");
        assert_int_equal(files_count(l.folder), 2);
    }
    signal(SIGXFSZ, SIG_DFL);
    learning_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_there_is_no_film),
        cmocka_unit_test(without_memory_others_may_encode),
        cmocka_unit_test(memory_is_told_beforehand),
        cmocka_unit_test(samples_that_cannot_be_read_end_the_film),
        cmocka_unit_test(a_full_disk_costs_only_the_film),
    };
    return cmocka_run_group_tests_name("failures of films that the device encodes", tests,
                                       fixture_setup, fixture_teardown);
}
