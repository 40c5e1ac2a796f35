/* SPDX-License-Identifier: MIT */
/* host/data/safetensors: whatever tensors and strings a file holds, not only a network's. */
#include "support/scratch.h"

#include <stdlib.h>
#include <string.h>

#include "data/safetensors.h"

static const float numbers[6] = {1.5f, -2.0f, 0.0f, 3e38f, 1e-38f, -0.0f};
static const float steps[3] = {0.25f, 0.5f, 1.0f};

static const cbx_tensor written[] = {
    {"momentum", CBX_F32, 2, {2, 3}, numbers, 0, NULL},
    {"steps é\"\\", CBX_F32, 1, {3}, steps, 0, NULL},
    {"scale", CBX_F32, 0, {0}, &steps[1], 0, NULL},
};

static const cbx_setting strings[] = {
    {"epoch", "7"}, {"name", "\"quoted\" \\ é\n\t\x01"}, {"empty", ""}, {"epoch", "8"}};

/* Writes the first `count` tensors with all strings. */
static const char *write_file(void **state, size_t count) {
    const char *path = scratch_path(state, "some.safetensors");
    cbx_output output;
    assert_ok(cbx_output_open(&output, path, 0));
    assert_ok(cbx_safetensors_write(&output, written, count, strings, 4));
    assert_ok(cbx_output_commit(&output));
    cbx_output_discard(&output);
    return path;
}

static void tensors_and_strings_survive_the_file(void **state) {
    cbx_safetensors file;
    cbx_tensor found;
    float read[6];
    assert_ok(cbx_safetensors_open(&file, write_file(state, 3), "state", "\"momentum\""));
    for (int i = 2; i >= 0; i--) { /* in any order */
        const cbx_tensor *one = &written[i];
        assert_ok(cbx_safetensors_find(&file, one->name, one->type, one->sides, &found));
        assert_int_equal(cbx_tensor_count(&found), cbx_tensor_count(one));
        for (size_t side = 0; side < one->sides; side++) {
            assert_int_equal(found.shape[side], one->shape[side]);
        }
        assert_ok(cbx_safetensors_read(&file, &found, read));
        assert_memory_equal(read, one->bytes, cbx_tensor_bytes(one));
    }
    assert_string_equal(cbx_safetensors_string(&file, "epoch"), "8");
    assert_string_equal(cbx_safetensors_string(&file, "name"), strings[1].value);
    assert_string_equal(cbx_safetensors_string(&file, "empty"), "");
    assert_null(cbx_safetensors_string(&file, "seed"));
    cbx_safetensors_close(&file);
    cbx_safetensors_close(&file);
}

static void a_file_of_strings_alone_is_possible(void **state) {
    cbx_safetensors file;
    cbx_tensor found;
    assert_ok(cbx_safetensors_open(&file, write_file(state, 0), "state", "none"));
    assert_string_equal(cbx_safetensors_string(&file, "epoch"), "8");
    assert_fails(cbx_safetensors_find(&file, "momentum", CBX_F32, 2, &found), CBX_BAD_DATA,
                 "holds no tensor \"momentum\"; none are needed");
    cbx_safetensors_close(&file);
}

static void what_was_not_asked_for_is_named(void **state) {
    cbx_safetensors file;
    cbx_tensor found;
    assert_ok(cbx_safetensors_open(&file, write_file(state, 3), "state", "\"w\" and \"x\""));
    assert_fails(cbx_safetensors_find(&file, "w", CBX_F32, 2, &found), CBX_BAD_DATA,
                 "holds no tensor \"w\"; \"w\" and \"x\" are needed");
    assert_fails(cbx_safetensors_find(&file, "momentum", CBX_F32, 1, &found), CBX_BAD_DATA,
                 "\"momentum\" is not a list");
    assert_fails(cbx_safetensors_find(&file, "momentum", CBX_F32, 0, &found), CBX_BAD_DATA,
                 "\"momentum\" is not a number");
    assert_fails(cbx_safetensors_find(&file, "scale", CBX_F32, 2, &found), CBX_BAD_DATA,
                 "\"scale\" is not a matrix");
    cbx_safetensors_close(&file);
}

/* Changes the first `from` in the file to `to`, which is as long. */
static void spoil(const char *path, const char *from, const char *to) {
    size_t size, at = 0, length = strlen(from);
    uint8_t *bytes = scratch_read(path, &size);
    while (at + length <= size && memcmp(bytes + at, from, length) != 0) {
        at++;
    }
    assert_true(at + length <= size && strlen(to) == length);
    memcpy(bytes + at, to, length);
    scratch_write(path, bytes, size);
    free(bytes);
}

static void damaged_files_are_refused(void **state) {
    static const struct {
        const char *from, *to, *part;
    } cases[] = {
        {"{\"__", "[\"__", "not JSON"},
        {"\"8\"", "888", "\"epoch\" of __metadata__ is not a string"},
        {"\"data_offsets\":[0,24]", "\"data_offsets\":[8,24]", "begins at byte 8"},
        {"\"data_offsets\":[36,40]", "\"data_offsets\":[36,48]", "is cut short"},
    };
    cbx_safetensors file;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = write_file(state, 3);
        spoil(path, cases[i].from, cases[i].to);
        assert_fails(cbx_safetensors_open(&file, path, "state", "none"), CBX_BAD_DATA,
                     cases[i].part);
        assert_message(path);
        assert_null(file.header);
    }
    assert_fails(cbx_safetensors_open(&file, scratch_path(state, "no"), "state", "none"),
                 CBX_MISSING_INPUT, "cannot open the state");
    assert_fails(cbx_safetensors_open(&file, *state, "state", "none"), CBX_MISSING_INPUT,
                 "cannot read the state");
}

/* Shapes and types are looked at for the tensors that are asked for. */
static void a_shape_that_does_not_fit_is_named(void **state) {
    static const struct {
        const char *from, *to, *part;
    } cases[] = {
        {"\"shape\":[2,3]", "\"shape\":[3,3]", "of shape (3, 3) has 24 bytes, which does not fit"},
        {"\"shape\":[2,3]", "\"shape\":[0,3]", "of shape (0, 3) has 24 bytes"},
        {"\"F32\"", "\"F64\"", "is of type F64; only F32 can be used"},
    };
    cbx_safetensors file;
    cbx_tensor found;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = write_file(state, 3);
        spoil(path, cases[i].from, cases[i].to);
        assert_ok(cbx_safetensors_open(&file, path, "state", "none"));
        assert_fails(cbx_safetensors_find(&file, "momentum", CBX_F32, 2, &found), CBX_BAD_DATA,
                     cases[i].part);
        assert_ok(cbx_safetensors_find(&file, "scale", CBX_F32, 0, &found));
        cbx_safetensors_close(&file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(tensors_and_strings_survive_the_file),
        SCRATCH_TEST(a_file_of_strings_alone_is_possible),
        SCRATCH_TEST(what_was_not_asked_for_is_named),
        SCRATCH_TEST(damaged_files_are_refused),
        SCRATCH_TEST(a_shape_that_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
