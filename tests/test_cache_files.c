/* SPDX-License-Identifier: MIT */
/* What is kept in the cache folder is a hint: pipes, devices, and files without end in its place are
 * passed over at once. No device is needed. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device/cache.h"
#include "device/kept.h"
#include "device/known.h"
#include "support/scratch.h"

static cbx_device device = {
    .info = {.name = "a device", .platform = "a platform", .kind = CBX_KIND_GPU},
    .family = CBX_FAMILY_GPU};

static int set_up(void **state) {
    return scratch_setup(state) || setenv("XDG_CACHE_HOME", *state, 1) ||
           unsetenv("CLEARBOX_NO_TUNE");
}

static int recall_sizes(void) {
    cbx_tunables tunables;
    return cbx_tunables_recall(&device, &tunables);
}

static int recall_program(void) {
    static const char *texts[] = {"kernel void a(void) {}"};
    static const size_t sizes[] = {22};
    const cbx_sources sources = {.texts = texts, .sizes = sizes, .count = 1};
    return cbx_kept_recall(&device, &sources, "") != NULL;
}

/* Each kind of file at `path`, which is not there. */
static void check_files(const char *path, int (*recall)(void)) {
    assert_false(recall());
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(recall()); /* and nobody waited */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_false(recall());
    assert_int_equal(unlink(path), 0);
    scratch_write(path, "{", 1);
    assert_false(recall());
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_false(recall());
}

static void tuning_files_of_every_kind(void **state) {
    const cbx_tunables usual = cbx_tunables_usual(&device);
    char path[PATH_MAX];
    (void)state;
    assert_ok(cbx_tunables_keep(&device, &usual, path, sizeof path));
    assert_true(recall_sizes());
    assert_int_equal(unlink(path), 0);
    check_files(path, recall_sizes);
}

static void program_files_of_every_kind(void **state) {
    char path[PATH_MAX];
    (void)state;
    uint64_t hash = cbx_hash_text(CBX_HASH_SEED, device.info.platform);
    hash = cbx_hash_text(cbx_hash_text(hash, device.info.name), "");
    assert_ok(cbx_cache_make());
    assert_true(cbx_cache_path(path, "program", hash, "bin"));
    check_files(path, recall_program);
}

/* A driver that was tried is known until something changes that it is asked to build. */
static void a_known_driver_with_other_sizes_is_not_known(void **state) {
    cbx_tunables sizes = cbx_tunables_usual(&device);
    cbx_device_info other = device.info;
    char path[PATH_MAX];
    (void)state;
    assert_false(cbx_known_has(&device.info, "a run"));
    cbx_known_add(&device.info, "a run");
    assert_true(cbx_known_has(&device.info, "a run"));
    assert_false(cbx_known_has(&device.info, "another run"));
    snprintf(other.driver, sizeof other.driver, "newer");
    assert_false(cbx_known_has(&other, "a run"));
    assert_ok(cbx_tunables_keep(&device, &sizes, path, sizeof path));
    assert_false(cbx_known_has(&device.info, "a run"));
    cbx_known_add(&device.info, "a run");
    assert_true(cbx_known_has(&device.info, "a run"));
    assert_int_equal(unlink(path), 0);
    assert_false(cbx_known_has(&device.info, "a run"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tuning_files_of_every_kind, set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(program_files_of_every_kind, set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_known_driver_with_other_sizes_is_not_known, set_up,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
