/* SPDX-License-Identifier: MIT */
/* Where the program looks for its data, with none in any place but those that the test
 * makes: host/cli/folders.c is compiled into this program. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"

static char message[1024];

int cli_fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

static int start_without_folders(void **state) {
    (void)state;
    unsetenv("CLEARBOX_DATA");
    rmdir(CBX_DATADIR);
    rmdir(CBX_SOURCE_DATADIR);
    message[0] = '\0';
    return 0;
}

static void says_how_to_name_a_folder(void **state) {
    (void)state;
    char path[1024];
    assert_int_equal(cli_default_data(path, sizeof path), CLI_MISSING_INPUT);
    assert_non_null(strstr(message, "--data"));
    assert_non_null(strstr(message, "CLEARBOX_DATA"));
    assert_non_null(strstr(message, CBX_DATADIR));
}

static void prefers_what_is_installed_to_the_source(void **state) {
    (void)state;
    char path[1024];
    assert_int_equal(mkdir(CBX_SOURCE_DATADIR, 0777), 0);
    assert_int_equal(cli_default_data(path, sizeof path), CLI_PARSED);
    assert_non_null(strstr(path, CBX_SOURCE_DATADIR));
    assert_int_equal(mkdir(CBX_DATADIR, 0777), 0);
    assert_int_equal(cli_default_data(path, sizeof path), CLI_PARSED);
    assert_non_null(strstr(path, CBX_DATADIR));
}

static void takes_what_the_environment_names_as_it_is(void **state) {
    (void)state;
    char path[1024];
    setenv("CLEARBOX_DATA", "no/such/../folder", 1);
    assert_int_equal(cli_default_data(path, sizeof path), CLI_PARSED);
    assert_string_equal(path, "no/such/../folder");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(says_how_to_name_a_folder, start_without_folders),
        cmocka_unit_test_setup(prefers_what_is_installed_to_the_source, start_without_folders),
        cmocka_unit_test_setup_teardown(takes_what_the_environment_names_as_it_is,
                                        start_without_folders, start_without_folders),
    };
    return cmocka_run_group_tests_name("folders", tests, NULL, start_without_folders);
}
