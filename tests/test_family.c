/* SPDX-License-Identifier: MIT */
/* Which kernels a device gets, and which device is taken by itself: by description, no
 * device needed. */
#include <string.h>

#include "device/device.h"
#include "layout.h"
#include "support/test.h"

enum { ENOUGH = CBX_GPU_LOCAL_BYTES(8) };

static void by_description(void **state) {
    (void)state;
    static const struct {
        const char *what;
        cbx_device_info info;
        cbx_family family;
    } cases[] = {
        {"PoCL on a processor with AVX-512",
         {.kind = CBX_KIND_CPU,
          .vector_floats = 16,
          .largest_group = 4096,
          .local_memory_bytes = 512 << 10},
         CBX_FAMILY_CPU},
        {"PoCL on an Arm processor",
         {.kind = CBX_KIND_CPU,
          .vector_floats = 4,
          .largest_group = 4096,
          .local_memory_bytes = 512 << 10},
         CBX_FAMILY_CPU},
        {"llvmpipe",
         {.kind = CBX_KIND_CPU,
          .vector_floats = 1,
          .largest_group = 1024,
          .local_memory_bytes = 32 << 10},
         CBX_FAMILY_GPU},
        {"a processor with small groups and no vectors",
         {.kind = CBX_KIND_CPU,
          .vector_floats = 1,
          .largest_group = 1,
          .local_memory_bytes = 32 << 10},
         CBX_FAMILY_CPU},
        {"a GPU",
         {.kind = CBX_KIND_GPU,
          .vector_floats = 1,
          .largest_group = 64,
          .local_memory_bytes = ENOUGH},
         CBX_FAMILY_GPU},
        {"a GPU with small groups",
         {.kind = CBX_KIND_GPU,
          .vector_floats = 4,
          .largest_group = 63,
          .local_memory_bytes = 64 << 10},
         CBX_FAMILY_CPU},
        {"a GPU with little local memory",
         {.kind = CBX_KIND_GPU,
          .vector_floats = 4,
          .largest_group = 1024,
          .local_memory_bytes = ENOUGH - 1},
         CBX_FAMILY_CPU},
        {"an accelerator of work-items one by one",
         {.kind = CBX_KIND_OTHER,
          .vector_floats = 16,
          .largest_group = 1,
          .local_memory_bytes = 16 << 10},
         CBX_FAMILY_CPU},
        {"an accelerator like a GPU",
         {.kind = CBX_KIND_OTHER,
          .vector_floats = 1,
          .largest_group = 1024,
          .local_memory_bytes = 64 << 10},
         CBX_FAMILY_GPU},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cbx_device_usual_family(&cases[i].info) != cases[i].family) {
            fail_msg("%s gets the other family", cases[i].what);
        }
    }
}

/* What is missing is said; 16 KiB of local memory are enough, if need be. */
static void too_small(void **state) {
    (void)state;
    cbx_device device = {
        .info = {.name = "Tiny", .largest_group = 32, .local_memory_bytes = 14 << 10},
        .family = CBX_FAMILY_GPU,
        .built.tunables = {{8, 8}}};
    assert_fails(cbx_family_check(&device), CBX_NO_DEVICE, "");
    assert_non_null(strstr(cbx_last_error(), "work-groups of 64 work-items, but Tiny"));
    assert_non_null(strstr(cbx_last_error(), "at most 32"));
    device.info.largest_group = 64;
    assert_fails(cbx_family_check(&device), CBX_NO_DEVICE, "");
    assert_non_null(strstr(cbx_last_error(), "16256 bytes of local memory, but Tiny has 14336"));
    device.info.local_memory_bytes = 16 << 10;
    assert_ok(cbx_family_check(&device));
    device.built.tunables.values[CBX_GPU_FORWARD_DEPTH] = 16;
    assert_fails(cbx_family_check(&device), CBX_NO_DEVICE, "");
    device.info.local_memory_bytes = 24 << 10;
    assert_ok(cbx_family_check(&device));
    device.info.largest_group = 1;
    device.family = CBX_FAMILY_CPU;
    assert_ok(cbx_family_check(&device));
}

/* Where helpers have to be inlined to link, and where that must not be asked for. */
static void inlining_goes_by_the_platform(void **state) {
    (void)state;
    static const struct {
        cbx_device_info info;
        int inlines;
    } cases[] = {
        {{.platform = "AMD Accelerated Parallel Processing"}, 1},
        {{.platform = "Apple"}, 1},
        {{.platform = "Portable Computing Language"}, 0},
        {{.platform = "Oclgrind"}, 0},
        {{.platform = "Another platform"}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(cases[i].inlines, cbx_platform_traits(&cases[i].info)->inlines);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inlining_goes_by_the_platform),
        cmocka_unit_test(by_description),
        cmocka_unit_test(too_small),
    };
    return cmocka_run_group_tests_name("family", tests, NULL, NULL);
}
