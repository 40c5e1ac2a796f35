/* SPDX-License-Identifier: MIT */
/* Frames like the program's: red-bordered tiles with grey that changes slowly. */
#ifndef TEST_SUPPORT_FILM_SCENE_H
#define TEST_SUPPORT_FILM_SCENE_H

#include <pthread.h>
#include <stdint.h>

#include "clearbox/film.h"

enum { SCENE_WAVE = 256 };

typedef struct film_scene {
    uint32_t width, height;
    uint8_t *cb, *cr;     /* (height/2, width/2): red where a border touches, else grey */
    int wave[SCENE_WAVE]; /* one turn of a sine, -127…127 */
} film_scene;

void scene_make(film_scene *scene, uint32_t width, uint32_t height);
void scene_free(film_scene *scene);

/* Whether pixel (x, y) belongs to a tile's border. */
int scene_is_border(uint32_t x, uint32_t y);

/* Draws frame `index` into (height, width) bytes, limited range. */
void scene_draw(const film_scene *scene, uint64_t index, uint8_t *luma);

/* The caller's side of a film: `slots` planes that are drawn again as soon as they
 * are released. A released plane is overwritten at once, so that an encoder that
 * still reads it spoils the film. */
typedef struct film_ring {
    uint32_t slots;
    uint8_t **planes;
    int *taken;
    size_t plane_bytes;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    uint32_t outstanding, most; /* planes lent now, and at any time */
    uint64_t lent, released;
    int twice; /* a plane came back that had not been lent */
} film_ring;

void ring_make(film_ring *ring, uint32_t slots, const film_scene *scene);
void ring_free(film_ring *ring);

/* Draws and pushes frames first…first+count-1, waiting for planes; stops at the
 * first failure and returns it. */
cbx_status ring_push(film_ring *ring, const film_scene *scene, cbx_film *film, uint64_t first,
                     uint64_t count);

#endif
