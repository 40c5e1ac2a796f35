/* SPDX-License-Identifier: MIT */
/* Reading bits, and the tables of clause 9.2, written down apart from those of the kernels. */
#ifndef TEST_SUPPORT_AVC_CODES_H
#define TEST_SUPPORT_AVC_CODES_H

#include <stddef.h>
#include <stdint.h>

typedef struct avc_reader {
    const uint8_t *bytes;
    size_t bits; /* how many there are; beyond them are zeros */
    size_t at;
} avc_reader;

/* u(n), n = 0…32; ue(v); se(v). */
uint32_t avc_bits(avc_reader *r, unsigned n);
uint32_t avc_ue(avc_reader *r);
int32_t avc_se(avc_reader *r);

/* The columns of Table 9-5: 0 <= nC < 2, 2 <= nC < 4, 4 <= nC < 8, 8 <= nC, nC = -1. */
enum { AVC_TOKEN_TABLES = 5 };

/* Whether TotalCoeff and TrailingOnes go together in this column; so for the others. */
int avc_is_token(unsigned table, unsigned total, unsigned ones);
int avc_is_zeros(unsigned total, unsigned zeros);
int avc_is_chroma_zeros(unsigned total, unsigned zeros);
int avc_is_run(unsigned zeros_left, unsigned run);

/* Each reads a code; the running test fails where there is none. */
void avc_token(avc_reader *r, unsigned table, unsigned *total, unsigned *ones);
unsigned avc_total_zeros(avc_reader *r, unsigned total);        /* of 1…15 */
unsigned avc_chroma_total_zeros(avc_reader *r, unsigned total); /* of 1…3 */
unsigned avc_run_before(avc_reader *r, unsigned zeros_left);    /* from 1 on */

/* Table 9-4: coded_block_pattern in inter prediction. */
unsigned avc_inter_pattern(avc_reader *r);

#endif
