/* SPDX-License-Identifier: MIT */
/* The ring of planes between device and film: what was drawn comes out in that order, whole, and a
 * strip is used again when its last frame was released, not before. */
#include "support/test.h"

#include <pthread.h>
#include <time.h>

#include "reel/frames.h"
#include "support/fixture.h"

enum { BLACK = 16 };

typedef struct ring {
    cbx_device *device;
    int shared; /* what the device was before */
    cbx_painter painter;
    cbx_frames *frames;
    size_t bytes;    /* of a plane */
    uint32_t planes; /* of a strip */
    unsigned next;   /* the number that the next picture shows */
} ring;

/* `own`: as if the device had memory of its own. */
static void open_ring(ring *r, uint32_t hidden, uint32_t frames, int apart, int own) {
    cbx_grid grid;
    *r = (ring){.device = fixture_device(CBX_FAMILY_AUTO), .next = 1};
    r->shared = r->device->shares_memory;
    r->device->shares_memory = own ? 0 : r->shared;
    assert_ok(cbx_grid_lay_out(&grid, hidden, 1));
    assert_ok(cbx_painter_init(&r->painter, r->device, &grid, CBX_TONE_PEAK));
    r->bytes = (size_t)grid.width * grid.height;
    assert_ok(cbx_frames_create(&r->frames, &r->painter, frames, apart));
    r->planes = cbx_frames_room(r->frames);
}

static void close_ring(ring *r) {
    cbx_frames_destroy(r->frames);
    cbx_painter_clear(&r->painter);
    r->device->shares_memory = r->shared;
}

static int is_ready(ring *r) {
    cbx_canvas canvas;
    int ready;
    assert_ok(cbx_frames_acquire(r->frames, &canvas, &ready));
    return ready;
}

static unsigned char shade(unsigned number) {
    return (unsigned char)(1 + number % 250);
}

/* Draws pictures that show their numbers, all but the first byte, on one canvas. */
static void draw(ring *r, uint32_t pictures) {
    cbx_canvas canvas;
    cl_event done = NULL;
    int ready;
    assert_ok(cbx_frames_acquire(r->frames, &canvas, &ready));
    assert_true(ready);
    for (uint32_t i = 0; i < pictures; i++) {
        const unsigned char value = shade(r->next++);
        const cl_uint waits = i == 0 && canvas.wait ? 1 : 0;
        assert_int_equal(CL_SUCCESS,
                         clEnqueueFillBuffer(r->device->queue, canvas.luma, &value, 1,
                                             (canvas.plane + i) * r->bytes + 1, r->bytes - 1, waits,
                                             waits ? &canvas.wait : NULL,
                                             i + 1 == pictures ? &done : NULL));
    }
    assert_ok(cbx_frames_drawn(r->frames, pictures, done));
}

/* The oldest strip, which shows the numbers from *number on. */
static void *collect(ring *r, unsigned *number, uint32_t count) {
    cbx_frames_lent lent;
    assert_ok(cbx_frames_collect(r->frames, 1, &lent));
    assert_non_null(lent.luma);
    assert_int_equal(lent.count, count);
    assert_int_equal(lent.bytes, r->bytes);
    for (uint32_t i = 0; i < count; i++, ++*number) {
        const uint8_t *luma = lent.luma + i * r->bytes;
        assert_int_equal(luma[0], BLACK);
        for (size_t k = 1; k < r->bytes; k++) {
            assert_int_equal(luma[k], shade(*number));
        }
    }
    return lent.strip;
}

static void release(void *strip, uint32_t frames) {
    for (uint32_t i = 0; i < frames; i++) {
        cbx_frames_release(strip);
    }
}

/* Full strips, by launches of every size, more of them than the ring has. */
static void frames_come_in_the_order_of_drawing(void **state) {
    (void)state;
    for (int own = 0; own <= 1; own++) {
        unsigned number = 1;
        ring r;
        open_ring(&r, 3, 40, 0, own);
        assert_int_equal(r.planes, 16);
        assert_ok(cbx_device_time(r.device, 1));
        for (uint32_t round = 1; round <= 30; round++) {
            for (uint32_t room = r.planes; room > 0;) {
                assert_int_equal(room, cbx_frames_room(r.frames));
                const uint32_t pictures = room < round ? room : round;
                draw(&r, pictures);
                room -= pictures;
            }
            assert_int_equal(cbx_frames_outstanding(r.frames), 1);
            release(collect(&r, &number, r.planes), r.planes);
            assert_int_equal(cbx_frames_outstanding(r.frames), 0);
        }
        assert_true(cbx_frames_read_seconds(r.frames) > 0.0);
        assert_ok(cbx_device_time(r.device, 0));
        close_ring(&r);
    }
}

static void a_strip_that_is_not_full_is_sent_as_it_is(void **state) {
    (void)state;
    for (int own = 0; own <= 1; own++) {
        unsigned number = 1;
        cbx_frames_lent lent;
        ring r;
        open_ring(&r, 3, 40, 0, own);
        assert_ok(cbx_frames_send(r.frames)); /* nothing */
        assert_true(is_ready(&r));
        assert_ok(cbx_frames_send(r.frames)); /* a canvas with nothing on it */
        assert_int_equal(cbx_frames_outstanding(r.frames), 0);
        assert_ok(cbx_frames_collect(r.frames, 1, &lent));
        assert_null(lent.luma);
        for (uint32_t round = 0; round < 12; round++) {
            const uint32_t pictures = 1 + round % 5;
            draw(&r, pictures);
            draw(&r, 2);
            assert_int_equal(cbx_frames_outstanding(r.frames), 0);
            assert_ok(cbx_frames_send(r.frames));
            assert_int_equal(cbx_frames_outstanding(r.frames), 1);
            assert_int_equal(cbx_frames_room(r.frames), r.planes);
            release(collect(&r, &number, pictures + 2), pictures + 2);
        }
        close_ring(&r);
    }
}

static void *release_later(void *strip) {
    const struct timespec while_ago = {0, 20000000};
    nanosleep(&while_ago, NULL);
    cbx_frames_release(strip);
    return NULL;
}

/* The ring ends where it should, and goes on with the last frame of any strip. */
static void a_strip_is_free_when_its_last_frame_is(void **state) {
    enum { FRAMES = 40, STRIPS = 3 + 2 };
    (void)state;
    for (int own = 0; own <= 1; own++) {
        void *strips[STRIPS];
        unsigned number = 1;
        pthread_t thread;
        ring r;
        open_ring(&r, 3, FRAMES, 0, own);
        for (size_t i = 0; i < STRIPS; i++) {
            draw(&r, r.planes);
        }
        assert_false(is_ready(&r));
        for (size_t i = 0; i < STRIPS; i++) {
            strips[i] = collect(&r, &number, r.planes);
            release(strips[i], r.planes - 1);
            assert_false(is_ready(&r));
        }
        assert_int_equal(0, pthread_create(&thread, NULL, release_later, strips[2]));
        cbx_frames_wait_released(r.frames);
        assert_true(is_ready(&r));
        assert_int_equal(0, pthread_join(thread, NULL));
        draw(&r, r.planes);
        assert_false(is_ready(&r));
        release(collect(&r, &number, r.planes), r.planes);
        for (size_t i = 0; i < STRIPS; i++) {
            if (i != 2) {
                cbx_frames_release(strips[i]);
            }
        }
        assert_true(is_ready(&r));
        close_ring(&r);
    }
}

/* Nothing is lost but memory where a ring ends with frames under way. */
static void a_ring_may_end_at_any_time(void **state) {
    (void)state;
    for (int own = 0; own <= 1; own++) {
        ring r;
        open_ring(&r, 3, 40, 0, own);
        draw(&r, r.planes);
        draw(&r, 3);
        close_ring(&r);
    }
    cbx_frames_destroy(NULL);
}

/* Strips have a size of their own: small pictures share one, up to a megabyte; and a picture that
 * is a launch of its own has it alone. */
static void a_strip_has_a_megabyte_at_most(void **state) {
    static const struct {
        uint32_t hidden, planes;
    } sizes[] = {{1, 16}, {64, 16}, {257, 4}, {600, 2}, {1024, 1}, {4096, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int apart = 0; apart <= 1; apart++) {
            unsigned number = 1;
            ring r;
            open_ring(&r, sizes[i].hidden, 2, apart, 0);
            assert_int_equal(r.planes, apart ? 1 : sizes[i].planes);
            assert_int_equal(cbx_frames_spare_bytes(r.bytes), (3 * sizes[i].planes - 1) * r.bytes);
            draw(&r, 1);
            assert_ok(cbx_frames_send(r.frames));
            release(collect(&r, &number, 1), 1);
            close_ring(&r);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_in_the_order_of_drawing),
        cmocka_unit_test(a_strip_that_is_not_full_is_sent_as_it_is),
        cmocka_unit_test(a_strip_is_free_when_its_last_frame_is),
        cmocka_unit_test(a_ring_may_end_at_any_time),
        cmocka_unit_test(a_strip_has_a_megabyte_at_most),
    };
    return cmocka_run_group_tests_name("frames", tests, fixture_setup, fixture_teardown);
}
