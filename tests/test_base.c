/* host/base: status, error, memory, files, random, clock. */
#define _XOPEN_SOURCE 700
#include "support/scratch.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/random.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CBX_TEST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CBX_TEST_SANITIZED 1
#endif
#ifndef CBX_TEST_SANITIZED
#define CBX_TEST_SANITIZED 0
#endif

/* ---- status, error ---- */

static void every_status_has_its_own_text(void **state) {
    (void)state;
    for (int a = 0; a >= CBX_TOO_LARGE; a--) {
        assert_non_null(cbx_status_text((cbx_status)a));
        assert_string_not_equal(cbx_status_text((cbx_status)a), "unknown status");
        for (int b = 0; b > a; b--) {
            assert_string_not_equal(cbx_status_text((cbx_status)a),
                                    cbx_status_text((cbx_status)b));
        }
    }
    assert_string_equal(cbx_status_text((cbx_status)-1000), "unknown status");
}

static void *last_error_of_new_thread(void *out) {
    strcpy(out, cbx_last_error());
    return NULL;
}

static void messages_belong_to_their_thread(void **state) {
    char other[2048] = "untouched";
    pthread_t thread;
    (void)state;
    assert_int_equal(cbx_fail(CBX_BAD_DATA, "number %d of %s", 7, "file"), CBX_BAD_DATA);
    assert_string_equal(cbx_last_error(), "number 7 of file");
    assert_int_equal(pthread_create(&thread, NULL, last_error_of_new_thread, other), 0);
    pthread_join(thread, NULL);
    assert_string_equal(other, "");
    assert_string_equal(cbx_last_error(), "number 7 of file");
}

static char *long_text(size_t length) {
    char *text = malloc(length + 1);
    assert_non_null(text);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[length] = '\0';
    return text;
}

static void long_messages_are_kept_whole(void **state) {
    (void)state;
    const size_t lengths[] = {1022, 1023, 1024, 1025, 100000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *log = long_text(lengths[i]);
        cbx_fail(CBX_BAD_KERNEL, "%s", log);
        assert_string_equal(cbx_last_error(), log);
        free(log);
    }
    cbx_fail(CBX_BAD_KERNEL, "short again");
    assert_string_equal(cbx_last_error(), "short again");
}

static void a_message_may_contain_the_one_before(void **state) {
    (void)state;
    cbx_fail(CBX_BAD_DATA, "inner");
    cbx_fail(CBX_BAD_DATA, "outer: %s", cbx_last_error());
    assert_string_equal(cbx_last_error(), "outer: inner");

    char *log = long_text(5000);
    cbx_fail(CBX_BAD_DATA, "%s", log);
    cbx_fail(CBX_BAD_DATA, "outer: %s", cbx_last_error());
    assert_int_equal(strlen(cbx_last_error()), 5007);
    assert_string_equal(cbx_last_error() + 7, log);
    free(log);
}

static void *fail_at_length(void *unused) {
    char *log = long_text(5000);
    cbx_fail(CBX_BAD_KERNEL, "%s", log);
    free(log);
    return unused;
}

/* LeakSanitizer is the judge. */
static void a_thread_takes_its_long_message_with_it(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, fail_at_length, NULL), 0);
        pthread_join(thread, NULL);
    }
}

/* ---- memory ---- */

static void memory_is_zeroed(void **state) {
    double *numbers = NULL;
    (void)state;
    assert_success(cbx_new(&numbers, 1000));
    for (int i = 0; i < 1000; i++) {
        assert_true(numbers[i] == 0.0);
    }
    free(numbers);
    assert_success(cbx_new(&numbers, 0));
    assert_non_null(numbers);
    free(numbers);
}

static void too_much_memory_is_an_error(void **state) {
    double *numbers = (double *)state;
    /* The product would wrap around to 8 bytes. */
    assert_failure(cbx_new(&numbers, SIZE_MAX / 8 + 2), CBX_NO_MEMORY, "8 bytes");
    assert_null(numbers);
    /* Larger than any address space; sanitizers would call it a bug of ours. */
#if !CBX_TEST_SANITIZED
    assert_failure(cbx_allocate(&numbers, SIZE_MAX / 4, 1), CBX_NO_MEMORY, "4611686018427387903");
    assert_null(numbers);
#endif
}

/* ---- files ---- */

static void assert_content(const char *path, const char *expected) {
    size_t size;
    uint8_t *bytes = scratch_read(path, &size);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(bytes, expected, size);
    free(bytes);
}

static void a_file_appears_when_committed(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    assert_success(cbx_output_open(&output, path, 0));
    assert_int_not_equal(access(path, F_OK), 0);

    char hidden[64];
    snprintf(hidden, sizeof hidden, "/.out.bin.part-%ld", (long)getpid());
    assert_non_null(strstr(output.temporary, hidden));
    scratch_write(output.temporary, "content", 7);
    assert_success(cbx_output_commit(&output));
    assert_null(output.temporary);
    cbx_output_discard(&output);
    assert_content(path, "content");
    assert_int_equal(scratch_entries(state), 1);
}

static void the_umask_decides_the_mode(void **state) {
    const char *path = scratch_path(state, "out.bin");
    struct stat about;
    mode_t before = umask(027);
    assert_success(cbx_write_file(path, 0, "x", 1));
    umask(before);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
}

static void a_discarded_file_leaves_the_old_one(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    scratch_write(path, "old", 3);
    assert_success(cbx_output_open(&output, path, 0));
    scratch_write(output.temporary, "new", 3);
    cbx_output_discard(&output);
    cbx_output_discard(&output);
    assert_content(path, "old");
    assert_int_equal(scratch_entries(state), 1);

    assert_success(cbx_write_file(path, 0, "new", 3));
    assert_content(path, "new");
    assert_int_equal(scratch_entries(state), 1);
}

static void one_process_can_write_a_target_twice(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output first, second;
    assert_success(cbx_output_open(&first, path, 0));
    assert_success(cbx_output_open(&second, path, 0));
    assert_string_not_equal(first.temporary, second.temporary);
    scratch_write(first.temporary, "first", 5);
    scratch_write(second.temporary, "second", 6);
    assert_success(cbx_output_commit(&second));
    assert_content(path, "second");
    assert_success(cbx_output_commit(&first));
    assert_content(path, "first");
    cbx_output_discard(&first);
    cbx_output_discard(&second);
    assert_int_equal(scratch_entries(state), 1);
}

static void no_clobber_keeps_what_exists(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    assert_success(cbx_write_file(path, 1, "old", 3));
    assert_content(path, "old");
    assert_failure(cbx_output_open(&output, path, 1), CBX_CANNOT_CREATE, "exists already");
    assert_message("out.bin");
    assert_content(path, "old");
    assert_int_equal(scratch_entries(state), 1);
}

static void no_clobber_keeps_what_appears_meanwhile(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    assert_success(cbx_output_open(&output, path, 1));
    scratch_write(output.temporary, "new", 3);
    scratch_write(path, "theirs", 6);
    assert_failure(cbx_output_commit(&output), CBX_CANNOT_CREATE, "exists already");
    cbx_output_discard(&output);
    assert_content(path, "theirs");
    assert_int_equal(scratch_entries(state), 1);
}

static void a_missing_folder_is_named(void **state) {
    const char *path = scratch_path(state, "nowhere/out.bin");
    cbx_output output;
    assert_failure(cbx_output_open(&output, path, 0), CBX_CANNOT_CREATE, "does not exist");
    assert_message(scratch_path(state, "nowhere"));
    assert_null(output.path);
    cbx_output_discard(&output);

    scratch_write(scratch_path(state, "file"), "", 0);
    path = scratch_path(state, "file/out.bin");
    assert_failure(cbx_output_open(&output, path, 0), CBX_CANNOT_CREATE, "is not a folder");
}

static void a_target_must_be_a_file_name(void **state) {
    cbx_output output;
    assert_failure(cbx_output_open(&output, *state, 0), CBX_CANNOT_CREATE, "it is a folder");
    assert_failure(cbx_output_open(&output, "", 0), CBX_CANNOT_CREATE, "without a name");
    assert_failure(cbx_output_open(&output, scratch_path(state, "new/"), 0), CBX_CANNOT_CREATE,
                   "ends like a folder");
    char path[600];
    snprintf(path, sizeof path, "%s/%0300d", (const char *)*state, 0);
    assert_failure(cbx_output_open(&output, path, 0), CBX_CANNOT_CREATE, "too long");
}

static void long_names_have_shorter_hidden_names(void **state) {
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    const char *path = scratch_path(state, name);
    assert_success(cbx_write_file(path, 0, "x", 1));
    assert_content(path, "x");
}

/* In a process of its own, since root may write everywhere and has to step down. */
static void a_read_only_folder_is_named(void **state) {
    const char *folder = scratch_path(state, "locked");
    assert_int_equal(chmod(*state, 0755), 0);
    assert_int_equal(mkdir(folder, 0555), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cbx_output output;
        if (geteuid() == 0 && setuid(65534) != 0) {
            _exit(2);
        }
        cbx_status status = cbx_output_open(&output, scratch_path(state, "locked/out.bin"), 0);
        _exit(status == CBX_CANNOT_CREATE && strstr(cbx_last_error(), "cannot be written to") &&
                      strstr(cbx_last_error(), folder)
                  ? 0
                  : 1);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    if (WEXITSTATUS(result) == 2) {
        skip(); /* root that may not step down */
    }
    assert_int_equal(WEXITSTATUS(result), 0);
}

static void devices_are_written_directly(void **state) {
    (void)state;
    cbx_output output;
    assert_success(cbx_output_open(&output, "/dev/null", 1));
    assert_string_equal(output.temporary, "/dev/null");
    assert_success(cbx_output_commit(&output));
    cbx_output_discard(&output);
    assert_int_equal(access("/dev/null", W_OK), 0);
    assert_success(cbx_write_file("/dev/null", 0, "x", 1));
}

static void a_full_disk_is_an_error(void **state) {
    (void)state;
    assert_failure(cbx_write_file("/dev/full", 0, "text", 4), CBX_CANNOT_WRITE, "No space left");
    assert_message("/dev/full");
}

static void links_stay_links(void **state) {
    const char *target = scratch_path(state, "target"), *name = scratch_path(state, "name");
    struct stat about;
    scratch_write(target, "old", 3);
    assert_int_equal(symlink("target", name), 0);
    assert_success(cbx_write_file(name, 0, "new", 3));
    assert_int_equal(lstat(name, &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_content(target, "new");
}

/* ---- random ---- */

/* The first numbers from the state 1, 2, 3, 4, worked out from the published
 * formulas in Python's whole numbers, as are all values below. */
static void bits_follow_the_published_formula(void **state) {
    (void)state;
    cbx_random random = {{1, 2, 3, 4}};
    const uint64_t expected[] = {
        UINT64_C(11520), 0, UINT64_C(1509978240), UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360), UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625), UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777), UINT64_C(2904607092377533576)};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(cbx_random_bits(&random) == expected[i]);
    }
}

static void seeds_and_streams_are_stable(void **state) {
    (void)state;
    const struct {
        uint64_t seed, stream, state0, first;
    } cases[] = {
        {0, 0, UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x99ec5f36cb75f2b4)},
        {0, 1, UINT64_C(0xbfef8030ddc2d772), UINT64_C(0xfc72158253f7415e)},
        {12345, 0, UINT64_C(0x22118258a9d111a0), UINT64_C(0xbe6a36374160d49b)},
        {12345, 1, UINT64_C(0x0e729c39bd12cb7c), UINT64_C(0x25478a552fffe1f8)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cbx_random random;
        cbx_random_seed(&random, cases[i].seed, cases[i].stream);
        assert_true(random.state[0] == cases[i].state0);
        assert_true(cbx_random_bits(&random) == cases[i].first);
    }
    cbx_random random;
    uint64_t last = 0;
    cbx_random_seed(&random, 0, 0);
    for (int i = 0; i < 1000000; i++) {
        last = cbx_random_bits(&random);
    }
    assert_true(last == UINT64_C(0xec96d2d5eae0cff7));
}

/* With this bound two thirds of the rejections of a biased method would show: a plain
 * multiplication gives every third number twice as often. */
static void bounded_numbers_are_unbiased(void **state) {
    (void)state;
    const uint32_t bound = 0xc0000000u; /* 3·2^30 */
    uint32_t thirds[3] = {0, 0, 0};
    const uint32_t count = 300000;
    cbx_random random;
    cbx_random_seed(&random, 1, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = cbx_random_below(&random, bound);
        assert_true(number < bound);
        thirds[number % 3]++;
    }
    double chi_square = 0;
    for (int i = 0; i < 3; i++) {
        double off = thirds[i] - count / 3.0;
        chi_square += off * off / (count / 3.0);
    }
    assert_true(chi_square < 18.4); /* 2 degrees of freedom: once in 10,000 */
    for (int i = 0; i < 100; i++) {
        assert_int_equal(cbx_random_below(&random, 1), 0);
    }
}

static void normal_numbers_are_normal(void **state) {
    (void)state;
    const double expected[] = {0.5981026483626094, -0.8950525532379914, -2.415606685712082,
                               -0.7626406521838989, -0.03668245697754931};
    cbx_random random;
    cbx_random_seed(&random, 0, 0);
    for (int i = 0; i < 5; i++) {
        assert_true(fabs(cbx_random_normal(&random) - expected[i]) <= 1e-14);
    }

    enum { COUNT = 400000 };
    double power[5] = {0};
    int beyond = 0;
    for (int i = 0; i < COUNT; i++) {
        double x = cbx_random_normal(&random), p = 1;
        for (int k = 1; k < 5; k++) {
            power[k] += p *= x;
        }
        beyond += fabs(x) > 1.959963984540054;
    }
    /* Each within five of its own standard errors: √(Var xᵏ / n). */
    double n = COUNT;
    assert_true(fabs(power[1] / n - 0) <= 5 * sqrt(1 / n));
    assert_true(fabs(power[2] / n - 1) <= 5 * sqrt(2 / n));
    assert_true(fabs(power[3] / n - 0) <= 5 * sqrt(15 / n));
    assert_true(fabs(power[4] / n - 3) <= 5 * sqrt(96 / n));
    assert_true(fabs(beyond / n - 0.05) <= 5 * sqrt(0.05 * 0.95 / n));
}

/* ---- clock ---- */

static void clocks_move_forward(void **state) {
    (void)state;
    double wall = cbx_clock_seconds(), process = cbx_clock_process_seconds();
    double thread = cbx_clock_thread_seconds();
    volatile double sum = 0;
    for (int i = 0; i < 1000000; i++) {
        sum += i;
    }
    double wall_used = cbx_clock_seconds() - wall;
    double process_used = cbx_clock_process_seconds() - process;
    double thread_used = cbx_clock_thread_seconds() - thread;
    assert_true(wall_used > 0 && process_used > 0 && thread_used > 0);
    assert_true(thread_used <= process_used + 1e-3);
    assert_true(wall_used < 60 && process_used < 60);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_text),
        cmocka_unit_test(messages_belong_to_their_thread),
        cmocka_unit_test(long_messages_are_kept_whole),
        cmocka_unit_test(a_message_may_contain_the_one_before),
        cmocka_unit_test(a_thread_takes_its_long_message_with_it),
        cmocka_unit_test(memory_is_zeroed),
        cmocka_unit_test(too_much_memory_is_an_error),
        SCRATCH_TEST(a_file_appears_when_committed),
        SCRATCH_TEST(the_umask_decides_the_mode),
        SCRATCH_TEST(a_discarded_file_leaves_the_old_one),
        SCRATCH_TEST(one_process_can_write_a_target_twice),
        SCRATCH_TEST(no_clobber_keeps_what_exists),
        SCRATCH_TEST(no_clobber_keeps_what_appears_meanwhile),
        SCRATCH_TEST(a_missing_folder_is_named),
        SCRATCH_TEST(a_target_must_be_a_file_name),
        SCRATCH_TEST(long_names_have_shorter_hidden_names),
        SCRATCH_TEST(a_read_only_folder_is_named),
        cmocka_unit_test(devices_are_written_directly),
        cmocka_unit_test(a_full_disk_is_an_error),
        SCRATCH_TEST(links_stay_links),
        cmocka_unit_test(bits_follow_the_published_formula),
        cmocka_unit_test(seeds_and_streams_are_stable),
        cmocka_unit_test(bounded_numbers_are_unbiased),
        cmocka_unit_test(normal_numbers_are_normal),
        cmocka_unit_test(clocks_move_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
