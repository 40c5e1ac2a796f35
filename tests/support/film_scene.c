/* SPDX-License-Identifier: MIT */
#include "support/film_scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/scratch.h"

enum { TILE = 28, RED_Y = 63, RED_CB = 102, RED_CR = 240, GREY = 128, WAVE = SCENE_WAVE };

int scene_is_border(uint32_t x, uint32_t y) {
    uint32_t right = x % TILE, down = y % TILE;
    return right == 0 || right == TILE - 1 || down == 0 || down == TILE - 1;
}

void scene_make(film_scene *scene, uint32_t width, uint32_t height) {
    uint32_t across = width / 2, down = height / 2;

    scene->width = width;
    scene->height = height;
    for (int i = 0; i < WAVE; i++) {
        scene->wave[i] = (int)lround(127 * sin(2 * 3.14159265358979 * i / WAVE));
    }
    scene->cb = malloc((size_t)across * down);
    scene->cr = malloc((size_t)across * down);
    assert_non_null(scene->cb);
    assert_non_null(scene->cr);
    for (uint32_t y = 0; y < down; y++) {
        for (uint32_t x = 0; x < across; x++) {
            int red = scene_is_border(2 * x, 2 * y) || scene_is_border(2 * x + 1, 2 * y) ||
                      scene_is_border(2 * x, 2 * y + 1) || scene_is_border(2 * x + 1, 2 * y + 1);
            scene->cb[(size_t)y * across + x] = red ? RED_CB : GREY;
            scene->cr[(size_t)y * across + x] = red ? RED_CR : GREY;
        }
    }
}

void scene_free(film_scene *scene) {
    free(scene->cb);
    free(scene->cr);
}

/* The same noise in every run. */
static uint32_t hash(uint32_t x, uint32_t y) {
    uint32_t h = x * 0x9E3779B1u ^ (y + 0x7F4A7C15u) * 0x85EBCA77u;
    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    h = (h ^ h >> 12) * 0x297A2D39u;
    return (h ^ h >> 15) >> 8;
}

void scene_draw(const film_scene *scene, uint64_t index, uint8_t *luma) {
    uint32_t time = (uint32_t)(index / 4);

    for (uint32_t y = 0; y < scene->height; y++) {
        for (uint32_t x = 0; x < scene->width; x++) {
            uint32_t phase = hash(x / TILE, y / TILE) % WAVE + time;
            int wave = scene->wave[(phase + 12 * x) % WAVE] * scene->wave[(phase + 8 * y) % WAVE];
            int grey = 126 + wave * 80 / (127 * 127) + (int)(hash(x, y) % 32) - 16;
            luma[(size_t)y * scene->width + x] = scene_is_border(x, y) ? RED_Y : (uint8_t)grey;
        }
    }
}

void ring_make(film_ring *ring, uint32_t slots, const film_scene *scene) {
    memset(ring, 0, sizeof *ring);
    ring->slots = slots;
    ring->plane_bytes = (size_t)scene->width * scene->height;
    ring->planes = calloc(slots, sizeof *ring->planes);
    ring->taken = calloc(slots, sizeof *ring->taken);
    assert_non_null(ring->planes);
    assert_non_null(ring->taken);
    for (uint32_t i = 0; i < slots; i++) {
        ring->planes[i] = malloc(ring->plane_bytes);
        assert_non_null(ring->planes[i]);
    }
    assert_int_equal(pthread_mutex_init(&ring->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&ring->freed, NULL), 0);
}

void ring_free(film_ring *ring) {
    for (uint32_t i = 0; i < ring->slots; i++) {
        free(ring->planes[i]);
    }
    free(ring->planes);
    free(ring->taken);
    pthread_cond_destroy(&ring->freed);
    pthread_mutex_destroy(&ring->lock);
}

/* What a plane's release is called with. */
typedef struct plane_loan {
    film_ring *ring;
    uint32_t slot;
} plane_loan;

static void take_back(void *opaque) {
    plane_loan *loan = opaque;
    film_ring *ring = loan->ring;

    pthread_mutex_lock(&ring->lock);
    if (!ring->taken[loan->slot]) {
        ring->twice = 1;
    }
    memset(ring->planes[loan->slot], 235, ring->plane_bytes);
    ring->taken[loan->slot] = 0;
    ring->outstanding--;
    ring->released++;
    pthread_cond_signal(&ring->freed);
    pthread_mutex_unlock(&ring->lock);
    free(loan);
}

static plane_loan *lend(film_ring *ring) {
    plane_loan *made = malloc(sizeof *made);
    uint32_t slot = 0;

    assert_non_null(made);
    pthread_mutex_lock(&ring->lock);
    while (ring->outstanding == ring->slots) {
        pthread_cond_wait(&ring->freed, &ring->lock);
    }
    while (ring->taken[slot]) {
        slot++;
    }
    ring->taken[slot] = 1;
    ring->lent++;
    ring->outstanding++;
    if (ring->outstanding > ring->most) {
        ring->most = ring->outstanding;
    }
    pthread_mutex_unlock(&ring->lock);
    *made = (plane_loan){ring, slot};
    return made;
}

cbx_status ring_push(film_ring *ring, const film_scene *scene, cbx_film *film, uint64_t first,
                     uint64_t count) {
    cbx_status status = CBX_OK;

    for (uint64_t i = first; i < first + count && !status; i++) {
        plane_loan *loan = lend(ring);
        uint8_t *plane = ring->planes[loan->slot];
        scene_draw(scene, i, plane);
        status = cbx_film_push(film, plane, take_back, loan);
    }
    return status;
}
