/* SPDX-License-Identifier: MIT */
/* The loops of canon.c. They are compiled twice, for processors with and without an instruction
 * for fma(); the bits are the same. */
#ifndef CBX_REFERENCE_CANON_LOOPS_H
#define CBX_REFERENCE_CANON_LOOPS_H

#include "reference/canon.h"

typedef struct cbx_canon_loops {
    void (*hidden_forward)(cbx_canon *c); /* Z1 and A1 */
    void (*output_forward)(cbx_canon *c); /* Z2 and A2 */
    void (*output_errors)(cbx_canon *c);  /* D2 */
    void (*hidden_errors)(cbx_canon *c);  /* D1 */
    void (*update_w1)(cbx_canon *c, float rate);
    void (*update_w2)(cbx_canon *c, float rate);
    void (*derivatives)(cbx_recipe recipe, const float *a, size_t count, float *s);
} cbx_canon_loops;

extern const cbx_canon_loops cbx_canon_loops_plain, cbx_canon_loops_fma;

#endif
