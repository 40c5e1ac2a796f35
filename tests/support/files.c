#include "support/files.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

uint8_t *files_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long end = ftell(file);
    assert_true(end >= 0);
    *size = (size_t)end;
    rewind(file);
    TEST_NEW(bytes, *size);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

void files_write(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
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
    uint8_t *a = files_read(actual, &actual_size), *b = files_read(expected, &expected_size);
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
    uint8_t *bytes = files_read(path, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}
