/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include "support/small_film.h"

cbx_film_settings settings_for(uint32_t fps) {
    return (cbx_film_settings){.width = WIDTH,
                               .height = HEIGHT,
                               .fps = fps,
                               .quality = -1,
                               .workers = 2,
                               .title = "a title",
                               .comment = "a comment"};
}

cbx_film_result make_film(const char *path, const cbx_film_settings *settings, uint64_t count) {
    film_scene scene;
    film_ring ring;
    cbx_film *film;
    cbx_film_result result;
    scene_make(&scene, WIDTH, HEIGHT);
    assert_ok(cbx_film_open(&film, path, settings, scene.cb, scene.cr));
    ring_make(&ring, cbx_film_ring_frames(film), &scene);
    assert_ok(ring_push(&ring, &scene, film, 0, count));
    assert_ok(cbx_film_finish(film, &result));
    assert_int_equal(ring.released, count);
    assert_false(ring.twice);
    ring_free(&ring);
    scene_free(&scene);
    return result;
}
