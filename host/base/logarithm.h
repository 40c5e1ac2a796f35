/* SPDX-License-Identifier: MIT */
/* A logarithm that has the same bits with every C library: theirs differ in the last one. */
#ifndef CBX_BASE_LOGARITHM_H
#define CBX_BASE_LOGARITHM_H

/* ln x of a finite x > 0, from + − × ÷ in one order; within 1 unit in the last place. */
double cbx_logarithm(double x);

#endif
