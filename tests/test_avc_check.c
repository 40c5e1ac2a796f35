/* SPDX-License-Identifier: MIT */
/* cbx_avc_check(): that it passes, and that it notices every kernel of kernels/film that is broken on
 * purpose. Tables are the matter of test_kernels_cavlc: a device computes, it does not mistype. */
#include "support/test.h"

#include <string.h>

#include "avc/check.h"
#include "device/device.h"
#include "support/fixture.h"
#include "support/mutant.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A kernel that is wrong: in `file`, the first `from` becomes `to`. */
typedef struct mutation {
    const char *file, *from, *to;
} mutation;

/* What both families use. */
static const mutation shared[] = {
    /* transform and quantisation */
    {"transform.cl", "x[1] = 2 * u + v", "x[1] = 2 * u - v"},
    {"transform.cl", "(d[1] >> 1) - d[3]", "d[1] - d[3]"},
    {"transform.cl", "d[1] + (d[3] >> 1)", "d[1] + (d[3] >> 2)"},
    {"transform.cl", "(d[y] + 32) >> 6", "(d[y] + 31) >> 6"},
    {"transform.cl", "m[1] = (int4)(a.y, b.y, c.y, d.y)", "m[1] = (int4)(a.y, b.y, d.y, c.y)"},
    {"transform.cl", "s014852369cda7bef", "s014852369cda7bfe"},
    {"transform.cl", "convert_uchar4_sat(samples)", "convert_uchar4(samples)"},
    {"transform.cl", "return c < 0 ? -level : level;", "return level;"},
    {"transform.cl", "x[3] = u + v;", "x[3] = u - v;"},
    {"transform.cl", "(6 - qp / 6)", "(5 - qp / 6)"},
    {"transform.cl", ">> 5;", ">> 4;"},
    {"transform.cl", "s + t, u + v, s - t, u - v", "s + t, u - v, s - t, u + v"},
    {"residual.cl", "s0156247c38bd9aef", "s0156247c38bd9afe"},
    /* prediction */
    {"key.cl", "(sum + count / 2) / count", "sum / count"},
    {"key.cl", ": 128;", ": 127;"},
    {"key.cl", "u < v && left", "u > v && left"},
    {"key.cl", "row % c->slice_rows > 0", "row > 0"},
    {"key.cl", "(dc + 32) >> 6", "(dc + 16) >> 6"},
    {"key.cl", "coding.key_chroma_qp)", "coding.chroma_qp)"},
    {"source.cl", "min(y, height - 1) * width;", "min(y, height - 2) * width;"},
    {"source.cl", "(size_t)plane * (c->width / 2)", "(size_t)0 * (c->width / 2)"},
    /* CAVLC */
    {"cavlc.cl", "total > 10 && ones < 3", "total > 9 && ones < 3"},
    {"cavlc.cl", "ones < 3 ? 2 : 0", "ones < 2 ? 2 : 0"},
    {"cavlc.cl", "size < 6", "size < 2"},
    {"cavlc.cl", "code < 14", "code < 15"},
    {"cavlc.cl", "1 << 12 | (code - most)", "1 << 12 | code"},
    {"cavlc.cl", "(context) < 4 ? 1 : 2", "(context) < 5 ? 1 : 2"},
    {"cavlc.cl", "zeros -= run;", ""},
    {"cavlc.cl", "min(zeros, 7u)", "min(zeros, 6u)"},
    {"bits.cl", "f.count + count > 64", "f.count + count > 68"},
    {"bits.cl", "2 * value - 1 : -2 * value", "2 * value - 1 : -2 * value + 2"},
    {"bits.cl", "put(w, 0, -w->held & 7);", ""},
    /* slices and macroblocks */
    {"macroblock.cl", "(left + above + 1) >> 1", "(left + above) >> 1"},
    {"macroblock.cl", "f->number ? row : row % f->c.slice_rows", "row"},
    {"macroblock.cl", "mb % f->c.mbs_wide > 0;", "mb > 0;"},
    {"macroblock.cl", "CBX_COUNTS_OF_CHROMA + i / 4 * 4, 2,", "CBX_COUNTS_OF_CHROMA, 2,"},
    {"macroblock.cl", "f->number ? 30 : 25", "25"},
    {"macroblock.cl", "i % 64 / CBX_CHROMA_MB", "i / 64 / CBX_CHROMA_MB"},
    {"macroblock.cl", "halves.y & 0xffff0000ffff0000ul", "halves.y & 0xffff000000000000ul"},
    {"macroblock.cl", "counts[CBX_COUNTS_OF_CHROMA_DC + 1];", "0;"},
    {"macroblock.cl", "(i / 4 % 2) * 2 + i % 2", "(i / 4 % 2) * 2 + i / 2 % 2"},
    {"slice.cl", "put(w, 1, 1); /* rbsp", "put(w, 0, 1); /* rbsp"},
    /* samples */
    {"samples.cl", "zeros % 2 == 0", "zeros % 4 == 2"},
    {"samples.cl", "byte <= 3 &&", "byte <= 2 &&"},
    {"samples.cl", "word >> 8 & 255, word & 255), 0,", "word & 255, word >> 8 & 255), 0,"},
    {"samples.cl", "put_nal_header(samples + done, all + 1", "put_nal_header(samples + done, all"},
};

static const mutation cpu[] = {
    {"slice.cl", "from = mb + 1;", "from = mb;"},
    {"change_cpu.cl", "(uint8)(16)", "(uint8)(8)"},
    {"change_cpu.cl", "x[1] = u + u + v;", "x[1] = u + v;"},
    {"change_cpu.cl", "s021346578a9bcedf", "s021346578a9bcefd"},
    {"change_cpu.cl", "change_chroma(", "if (both) change_chroma("},
};

static const mutation gpu[] = {
    {"change_gpu.cl", "item % 16", "item % 8"},
    {"change_gpu.cl", "own % coding.mbs_wide,", "item % coding.mbs_wide,"},
    {"change_gpu.cl", "item < 2 * CBX_MBS_OF_GROUP", "item < CBX_MBS_OF_GROUP"},
    {"slice.cl", "skipped_before(f, first) : 0));", "0 : 0));"},
    {"slice.cl", "at = end_of_share(runs[i], at);", "at = end_of_share(runs[0], at);"},
    {"bits.cl", "((start + share.before + 7) & ~7u)", "(start + share.before)"},
    {"bits.cl", "a.after = ((a.after + b.before + 7) & ~7u) + b.after;", "a.after += b.after;"},
    {"bits.cl", "w->held += count;\n    if (w->held >= 32)",
     "w->held += count;\n    if (w->held > 32)"},
    {"samples.cl", "zeros = zeros_before(words, begin)", "zeros = 0"},
    {"samples.cl", "i < item ? runs[i] : 0", "i <= item ? runs[i] : 0"},
};

static int is_found(const mutation *m, cbx_device *device) {
    const cbx_status status = cbx_avc_check(device);
    if (status != CBX_BAD_KERNEL || !strstr(cbx_last_error(), "the encoder on ") ||
        !strstr(cbx_last_error(), cbx_device_about(device)->name)) {
        print_error("%s with \"%s\": status %d, \"%s\"\n", m->file, m->to, (int)status,
                    status ? cbx_last_error() : "");
        return 0;
    }
    return 1;
}

/* Each has to be compiled, which takes a second: usually every `step`th from `first` on is. */
static void assert_found(const mutation *mutations, size_t count, cbx_family family, size_t first,
                         size_t step) {
    size_t missed = 0;
    const int all = getenv("CBX_TEST_EVERY_MUTANT") != NULL;
    cbx_device *device;
    (void)fixture_device(family); /* skips where there is none */
    assert_ok(cbx_device_open(&device, fixture_spec(), family));
    for (size_t i = all ? 0 : first; i < count; i += all ? 1 : step) {
        mutate_film(device, mutations[i].file, mutations[i].from, mutations[i].to);
        missed += !is_found(&mutations[i], device);
    }
    cbx_device_close(device);
    assert_int_equal(missed, 0);
}

static void finds_what_is_broken_for_processors(void **state) {
    (void)state;
    assert_found(shared, COUNT(shared), CBX_FAMILY_CPU, 0, 9);
    assert_found(cpu, COUNT(cpu), CBX_FAMILY_CPU, 0, 2);
}

static void finds_what_is_broken_for_gpus(void **state) {
    (void)state;
    assert_found(shared, COUNT(shared), CBX_FAMILY_GPU, 4, 9);
    assert_found(gpu, COUNT(gpu), CBX_FAMILY_GPU, 1, 3);
}

static void passes(void **state) {
    (void)state;
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        cbx_device *device = fixture_device(family);
        assert_ok(cbx_avc_check(device));
        assert_ok(cbx_avc_check(device)); /* leaves the device as it was */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes),
        cmocka_unit_test(finds_what_is_broken_for_processors),
        cmocka_unit_test(finds_what_is_broken_for_gpus),
    };
    return cmocka_run_group_tests_name("check of the encoder", tests, fixture_setup,
                                       fixture_teardown);
}
