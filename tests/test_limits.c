/* SPDX-License-Identifier: MIT */
/* host/base/limits: what control groups allow, in a copy of their folders. */
#include "support/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"

#define MIB ((uint64_t)1 << 20)

/* Writes `text` as the file `name` below the folder, making the folders on the way. */
static void put(void **state, const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(state, name));
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    scratch_write(path, text, strlen(text));
}

static void assert_limit(void **state, const char *groups, uint64_t expected) {
    const uint64_t got = cbx_memory_limit_of_groups(*state, groups);
    if (got != expected) {
        fail_msg("%s: %llu instead of %llu", groups, (unsigned long long)got,
                 (unsigned long long)expected);
    }
}

/* The second version: of a group and those around it, the smallest limit counts. */
static void the_second_version_is_read(void **state) {
    put(state, "sys/fs/cgroup/memory.max", "max\n");
    put(state, "sys/fs/cgroup/a/memory.max", "314572800\n");
    put(state, "sys/fs/cgroup/a/b c/memory.max", "max\n");
    put(state, "sys/fs/cgroup/a/d/memory.max", "1048576\n");
    put(state, "sys/fs/cgroup/a/d/e/memory.max", "2097152\n");
    assert_limit(state, "0::/\n", UINT64_MAX);
    assert_limit(state, "0::/a\n", 300 * MIB);
    assert_limit(state, "0::/a/b c\n", 300 * MIB);
    assert_limit(state, "0::/a/b c", 300 * MIB);
    assert_limit(state, "0::/a/d\n", 1 * MIB);
    assert_limit(state, "0::/a/d/e\n", 1 * MIB);
    assert_limit(state, "0::/a/other/and/more\n", 300 * MIB);
    assert_limit(state, "0::/../elsewhere\n", UINT64_MAX);
}

/* The first version has a line and a folder for each controller; its "none" is a number. */
static void the_first_version_is_read(void **state) {
    put(state, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put(state, "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "524288000\n");
    put(state, "sys/fs/cgroup/cpu/docker/y/memory.limit_in_bytes", "1\n");
    assert_limit(state, "4:memory:/\n", 9223372036854771712u);
    assert_limit(state, "9:name=systemd:/docker/x\n4:memory:/docker/x\n1:cpu:/docker/y\n0::/\n",
                 500 * MIB);
    assert_limit(state, "4:cpu,memory,pids:/docker/x\n", 500 * MIB);
    assert_limit(state, "4:hugememory,memories:/docker/x\n", UINT64_MAX);
}

/* Within a container the path is often that of the world outside, and what is mounted is
 * the group itself. */
static void a_containers_own_group_is_found(void **state) {
    put(state, "sys/fs/cgroup/memory.max", "104857600\n");
    assert_limit(state, "0::/system.slice/docker-0123.scope\n", 100 * MIB);
    put(state, "sys/fs/cgroup/memory/memory.limit_in_bytes", "52428800\n");
    assert_limit(state, "0::/\n4:memory:/kubepods/pod1/0123\n", 50 * MIB);
}

static void nonsense_is_no_limit(void **state) {
    const char *const groups[] = {
        "", "\n", "::", "0:", "0::", "memory", ":memory", "a:b:c\n\n:::\n"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        assert_limit(state, groups[i], UINT64_MAX);
    }
    put(state, "sys/fs/cgroup/memory.max", "");
    assert_limit(state, "0::/\n", UINT64_MAX);
    char *long_name = malloc(10001);
    assert_non_null(long_name);
    memset(long_name, 'x', 10000);
    memcpy(long_name, "0::/", 4);
    long_name[10000] = '\0';
    put(state, "sys/fs/cgroup/memory.max", "104857600\n");
    assert_limit(state, long_name, 100 * MIB);
    free(long_name);
}

/* Whatever this machine is, it has some memory, and the groups only take away. */
static void this_process_has_a_limit(void **state) {
    (void)state;
    const uint64_t limit = cbx_memory_limit_bytes();
    assert_true(limit > 16 * MIB);
    assert_true(limit < UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(the_second_version_is_read),      SCRATCH_TEST(the_first_version_is_read),
        SCRATCH_TEST(a_containers_own_group_is_found), SCRATCH_TEST(nonsense_is_no_limit),
        cmocka_unit_test(this_process_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
