/* SPDX-License-Identifier: MIT */
#include "support/files.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void files_write_text(const char *path, const char *text) {
    scratch_write(path, text, strlen(text));
}

int files_exist(const char *path) {
    return access(path, F_OK) == 0;
}

size_t files_count(const char *folder) {
    size_t count = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(entries);
    return count;
}

void assert_files_same(const char *actual, const char *expected) {
    size_t actual_size, expected_size, first = 0;
    uint8_t *a = scratch_read(actual, &actual_size), *b = scratch_read(expected, &expected_size);
    while (first < actual_size && first < expected_size && a[first] == b[first]) {
        first++;
    }
    if (first != actual_size || first != expected_size) {
        fail_msg("%s (%zu bytes) and %s (%zu bytes) differ from byte %zu on", actual, actual_size,
                 expected, expected_size, first);
    }
    free(a);
    free(b);
}

void assert_file_holds(const char *path, const char *text) {
    size_t size;
    uint8_t *bytes = scratch_read(path, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}
