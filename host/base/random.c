/* SPDX-License-Identifier: MIT */
/* xoshiro256** 1.0: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number
 * generators", 2018. SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable
 * pseudorandom number generators", 2014. Bounded numbers: D. Lemire, "Fast random
 * integer generation in an interval", 2019. Normal: G. Marsaglia, T. Bray, 1964. */
#include "base/random.h"

#include <math.h>

#include "base/logarithm.h"

static uint64_t rotate_left(uint64_t value, int by) {
    return (value << by) | (value >> (64 - by));
}

/* SplitMix64's output function; 0 becomes 0. */
static uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* Stream 0 is the usual seeding: the state is SplitMix64's first four numbers from
 * `seed`. Other streams start SplitMix64 from seed ^ mix(stream): mixed, because
 * starts that differ by a multiple of its step would share words of state. */
void cbx_random_seed(cbx_random *random, uint64_t seed, uint64_t stream) {
    uint64_t position = seed ^ mix(stream);
    for (int i = 0; i < 4; i++) {
        position += UINT64_C(0x9e3779b97f4a7c15);
        random->state[i] = mix(position);
    }
}

uint64_t cbx_random_bits(cbx_random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* The high word of x·bound is uniform once the `2³² mod bound` smallest low words
 * are rejected; the division is needed only when the low word is small. */
uint32_t cbx_random_below(cbx_random *random, uint32_t bound) {
    uint64_t product = (cbx_random_bits(random) >> 32) * bound;
    if ((uint32_t)product < bound) {
        uint32_t rejected = (0u - bound) % bound;
        while ((uint32_t)product < rejected) {
            product = (cbx_random_bits(random) >> 32) * bound;
        }
    }
    return (uint32_t)(product >> 32);
}

/* Uniform in [-1, 1), a multiple of 2^-52. */
static double symmetric(cbx_random *random) {
    return (double)(cbx_random_bits(random) >> 11) * 0x1p-52 - 1.0;
}

double cbx_random_normal(cbx_random *random) {
    double u, square;
    do {
        u = symmetric(random);
        double v = symmetric(random);
        square = u * u + v * v;
    } while (square >= 1.0 || square == 0.0);
    return u * sqrt(-2.0 * cbx_logarithm(square) / square);
}
