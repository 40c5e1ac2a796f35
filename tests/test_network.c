/* SPDX-License-Identifier: MIT */
/* host/network: weights, and safetensors files right and wrong. */
#include "support/scratch.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/random.h"
#include "clearbox/network.h"
#include "support/allocations.h"

static cbx_network *random_network(uint32_t hidden) {
    cbx_network *network = NULL;
    assert_ok(cbx_network_create(&network, hidden));
    cbx_network_randomise(network, 5);
    return network;
}

/* ---- weights ---- */

static void new_weights_are_zero(void **state) {
    cbx_network *network = NULL;
    (void)state;
    assert_ok(cbx_network_create(&network, 3));
    assert_int_equal(network->hidden, 3);
    for (int i = 0; i < 785 * 3; i++) {
        assert_true(network->w1[i] == 0.0f);
    }
    for (int i = 0; i < 4 * 10; i++) {
        assert_true(network->w2[i] == 0.0f);
    }
    cbx_network_destroy(network);
    cbx_network_destroy(NULL);
}

static void impossible_sizes_are_refused(void **state) {
    cbx_network *network = (cbx_network *)state;
    assert_fails(cbx_network_create(&network, 0), CBX_BAD_ARGUMENT, "0 hidden neurons");
    assert_null(network);
    assert_fails(cbx_network_create(&network, CBX_MAX_HIDDEN + 1), CBX_BAD_ARGUMENT,
                 "1048577 hidden neurons");
}

/* Mean and deviation of `count` weights, each within five standard errors. */
static void assert_normal(const float *weights, size_t count, double deviation) {
    double sum = 0, squares = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
        squares += (double)weights[i] * weights[i];
    }
    assert_true(fabs(sum / n) <= 5 * deviation / sqrt(n));
    assert_true(fabs(sqrt(squares / n) - deviation) <= 5 * deviation / sqrt(2 * n));
}

static void start_weights_are_normal(void **state) {
    const uint32_t sizes[] = {1, 37, 257};
    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t hidden = sizes[i];
        cbx_network *network = random_network(hidden);
        assert_normal(network->w1, 785 * hidden, 1 / sqrt(785));
        assert_normal(network->w1, hidden, 1 / sqrt(785)); /* the bias row alone */
        assert_normal(network->w2, (hidden + 1) * 10, 1 / sqrt(hidden + 1.0));
        assert_normal(network->w2, 10, 1 / sqrt(hidden + 1.0));
        cbx_network_destroy(network);
    }
}

/* w1 first, row by row, one number of the weights' stream each. */
static void start_weights_follow_the_seed(void **state) {
    cbx_network *network = NULL;
    cbx_random random;
    (void)state;
    assert_ok(cbx_network_create(&network, 7));
    cbx_network_randomise(network, 123);
    cbx_random_seed(&random, 123, CBX_STREAM_WEIGHTS);
    for (int i = 0; i < 785 * 7; i++) {
        assert_true(network->w1[i] == (float)(1 / sqrt(785) * cbx_random_normal(&random)));
    }
    for (int i = 0; i < 80; i++) {
        assert_true(network->w2[i] == (float)(1 / sqrt(8) * cbx_random_normal(&random)));
    }
    cbx_network_destroy(network);
}

/* ---- safetensors, right ---- */

static void weights_survive_the_file(void **state) {
    const char *path = scratch_path(state, "w.safetensors");
    const uint32_t sizes[] = {1, 3, 64};
    for (int i = 0; i < 3; i++) {
        uint32_t hidden = sizes[i];
        cbx_network *saved = random_network(hidden), *loaded = NULL;
        assert_ok(cbx_network_save(saved, path, NULL, 0));
        assert_ok(cbx_network_load(&loaded, path));
        assert_int_equal(loaded->hidden, hidden);
        assert_memory_equal(loaded->w1, saved->w1, 785 * hidden * sizeof(float));
        assert_memory_equal(loaded->w2, saved->w2, (hidden + 1) * 10 * sizeof(float));
        cbx_network_destroy(saved);
        cbx_network_destroy(loaded);
    }
    assert_int_equal(scratch_entries(state), 1);
}

/* Parses the header of a file just as the format's description says. */
static json_t *header_of(const uint8_t *bytes, size_t size, size_t *data) {
    size_t length = 0;
    assert_true(size >= 8);
    for (int i = 7; i >= 0; i--) {
        length = length << 8 | bytes[i];
    }
    *data = 8 + length;
    assert_true(*data <= size);
    json_error_t error;
    json_t *header = json_loadb((const char *)bytes + 8, length, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(header);
    return header;
}

static void the_file_is_as_the_format_says(void **state) {
    const char *path = scratch_path(state, "w.safetensors");
    const cbx_setting settings[] = {
        {"seed", "0"}, {"name", "\"quoted\" \\ é\n"}, {"path", "caf\xe9.bin"}, {"empty", ""}};
    cbx_network *network = random_network(5);
    size_t size, data;
    for (size_t count = 0; count <= 4; count++) { /* every alignment of the text */
        assert_ok(cbx_network_save(network, path, settings, count));
        uint8_t *bytes = scratch_read(path, &size);
        json_t *header = header_of(bytes, size, &data);
        assert_int_equal(data % 8, 0);
        assert_int_equal(bytes[8], '{');
        assert_int_equal(size - data, (785 * 5 + 6 * 10) * 4);
        assert_memory_equal(bytes + data, network->w1, 785 * 5 * 4);
        assert_memory_equal(bytes + data + 785 * 5 * 4, network->w2, 60 * 4);

        const char *type;
        json_int_t rows, columns, begin, end;
        const char *format = "{s:{s:s, s:[I, I!], s:[I, I!]}}";
        assert_int_equal(json_unpack(header, format, "w1", "dtype", &type, "shape", &rows, &columns,
                                     "data_offsets", &begin, &end),
                         0);
        assert_string_equal(type, "F32");
        assert_true(rows == 785 && columns == 5 && begin == 0 && end == 785 * 5 * 4);
        assert_int_equal(json_unpack(header, format, "w2", "dtype", &type, "shape", &rows, &columns,
                                     "data_offsets", &begin, &end),
                         0);
        assert_true(rows == 6 && columns == 10 && begin == 785 * 5 * 4);
        assert_true(end == 785 * 5 * 4 + 240);

        json_t *metadata = json_object_get(header, "__metadata__");
        assert_int_equal(json_object_size(metadata), count);
        if (count == 4) {
            const char *expected[] = {"0", "\"quoted\" \\ é\n", "caf?.bin", ""};
            for (int i = 0; i < 4; i++) {
                assert_string_equal(json_string_value(json_object_get(metadata, settings[i].key)),
                                    expected[i]);
            }
        }
        json_decref(header);
        free(bytes);
    }
    cbx_network_destroy(network);
}

static void saving_fails_cleanly(void **state) {
    cbx_network *network = random_network(64);
    const char *path = scratch_path(state, "nowhere/w.safetensors");
    assert_fails(cbx_network_save(network, path, NULL, 0), CBX_CANNOT_CREATE, "does not exist");
    assert_fails(cbx_network_save(network, *state, NULL, 0), CBX_CANNOT_CREATE, "is a folder");
    assert_fails(cbx_network_save(network, "/dev/full", NULL, 0), CBX_CANNOT_WRITE,
                 "No space left");
    assert_message("/dev/full");
    assert_int_equal(scratch_entries(state), 0);
    cbx_network_destroy(network);
}

/* ---- safetensors, wrong ---- */

static void a_missing_file_is_named(void **state) {
    cbx_network *network = NULL;
    assert_fails(cbx_network_load(&network, scratch_path(state, "no.safetensors")),
                 CBX_MISSING_INPUT, "no.safetensors: No such file");
    assert_fails(cbx_network_load(&network, *state), CBX_MISSING_INPUT, "not a regular file");
    assert_int_equal(mkfifo(scratch_path(state, "pipe"), 0600), 0);
    assert_fails(cbx_network_load(&network, scratch_path(state, "pipe")), CBX_MISSING_INPUT,
                 "not a regular file");
    assert_null(network);
}

static void assert_bytes_fail(void **state, const void *bytes, size_t size, const char *part) {
    cbx_network *network = (cbx_network *)state;
    const char *path = scratch_path(state, "w.safetensors");
    scratch_write(path, bytes, size);
    allocations_largest = 0;
    assert_fails(cbx_network_load(&network, path), CBX_BAD_DATA, part);
    assert_message(path);
    assert_null(network);
    /* Nothing wrong may take more memory than the file has bytes, and some. */
    assert_true(allocations_largest <= size + 1000);
}

static void a_file_of_another_kind_is_named(void **state) {
    assert_bytes_fail(state, "", 0, "only 0 bytes");
    assert_bytes_fail(state, "1234567", 7, "only 7 bytes");
    assert_bytes_fail(state, "\x89PNG\r\n\x1a\n.............", 21, "header of 727905341920923785");
    assert_bytes_fail(state, "\0\0\0\0\0\0\0\0", 8, "not JSON");
    assert_bytes_fail(state, "\x04\0\0\0\0\0\0\0{\"a\"", 12, "not JSON");
    assert_bytes_fail(state, "\x02\0\0\0\0\0\0\0[]", 10, "not a JSON object");
    assert_bytes_fail(state, "\x02\0\0\0\0\0\0\0{}", 10, "holds no tensor \"w1\"");
}

static void a_header_that_claims_too_much_is_named(void **state) {
    assert_bytes_fail(state, "\x03\0\0\0\0\0\0\0{}", 10, "header of 3 bytes, the file holds 10");
    assert_bytes_fail(state, "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10,
                      "header of 18446744073709551615 bytes, the file holds 10");
}

static void a_cut_file_is_named(void **state) {
    cbx_network *network = random_network(3);
    size_t size, data;
    assert_ok(cbx_network_save(network, scratch_path(state, "whole"), NULL, 0));
    uint8_t *bytes = scratch_read(scratch_path(state, "whole"), &size);
    json_decref(header_of(bytes, size, &data));
    assert_bytes_fail(state, bytes, data - 1, "cut short");
    assert_bytes_fail(state, bytes, data, "cut short");
    assert_bytes_fail(state, bytes, size - 1,
                      "\"w2\" ends at byte 9580 of the data, the file "
                      "holds 9579");
    bytes = realloc(bytes, size + 1);
    assert_non_null(bytes);
    bytes[size] = 0;
    assert_bytes_fail(state, bytes, size + 1,
                      "end at byte 9580 of the data, but the file holds "
                      "9581");
    free(bytes);
    cbx_network_destroy(network);
}

/* Header text with ' for ", then `data_bytes` zeros. */
static blob file_with_header(const char *header, size_t data_bytes) {
    blob one = {NULL, 0};
    uint8_t length[8] = {0};
    size_t size = strlen(header);
    length[0] = (uint8_t)size;
    length[1] = (uint8_t)(size >> 8);
    blob_add(&one, length, 8);
    for (size_t i = 0; i < size; i++) {
        blob_add(&one, header[i] == '\'' ? "\"" : &header[i], 1);
    }
    uint8_t *zeros = calloc(data_bytes + 1, 1);
    assert_non_null(zeros);
    blob_add(&one, zeros, data_bytes);
    free(zeros);
    return one;
}

/* H = 2: w1 has 785·2·4 = 6280 bytes, w2 3·10·4 = 120. */
#define W1 "'w1':{'dtype':'F32','shape':[785,2],'data_offsets':[0,6280]}"
#define W2 "'w2':{'dtype':'F32','shape':[3,10],'data_offsets':[6280,6400]}"

static void every_fault_of_a_header_is_named(void **state) {
    static const struct {
        const char *header, *part;
    } cases[] = {
        {"{" W1 "}", "end at byte 6280 of the data, but the file holds 6400"},
        {"{" W1 ",'x':{'dtype':'U8','shape':[120],'data_offsets':[6280,6400]}}",
         "holds no tensor \"w2\""},
        {"{" W2 ",'x':{'dtype':'U8','shape':[6280],'data_offsets':[0,6280]}}",
         "holds no tensor \"w1\""},
        {"{" W1 "," W1 "," W2 "}", "duplicate"},
        {"{" W1 "," W2 ",'__metadata__':7}", "__metadata__ is not a JSON object"},
        {"{" W1 "," W2 ",'__metadata__':{'a':'b','seed':0}}", "\"seed\" of __metadata__"},
        {"{" W1 "," W2 ",'x':7}", "\"x\" has no data_offsets"},
        {"{'w1':[]," W2 "}", "\"w1\" has no data_offsets"},
        /* type and shape */
        {"{'w1':{'dtype':'F16','shape':[785,4],'data_offsets':[0,6280]}," W2 "}",
         "\"w1\" is of type F16"},
        {"{'w1':{'dtype':7,'shape':[785,2],'data_offsets':[0,6280]}," W2 "}",
         "\"w1\" is of type unknown"},
        {"{'w1':{'dtype':'F32','shape':[1570],'data_offsets':[0,6280]}," W2 "}",
         "\"w1\" is not a matrix"},
        {"{'w1':{'dtype':'F32','shape':[785,2.0],'data_offsets':[0,6280]}," W2 "}",
         "\"w1\" is not a matrix"},
        {"{'w1':{'dtype':'F32','shape':[-785,-2],'data_offsets':[0,6280]}," W2 "}",
         "\"w1\" is not a matrix"},
        {"{'w1':{'dtype':'F32','data_offsets':[0,6280]}," W2 "}", "\"w1\" is not a matrix"},
        {"{'w1':{'dtype':'F32','shape':[784,2],'data_offsets':[0,6280]}," W2 "}",
         "(784, 2) has 6280 bytes"},
        {"{'w1':{'dtype':'F32','shape':[2,785],'data_offsets':[0,6280]}," W2 "}",
         "\"w1\" has the shape (2, 785) instead of (785, H)"},
        {"{'w1':{'dtype':'F32','shape':[785,4611686018427387906],'data_offsets':[0,6280]}," W2 "}",
         "which does not fit"},
        {"{'w1':{'dtype':'F32','shape':[785,0],'data_offsets':[0,0]},'w2':{'dtype':'F32','shape':"
         "[1,10],'data_offsets':[0,40]},'x':{'data_offsets':[40,6400]}}",
         "\"w1\" has the shape (785, 0)"},
        {"{" W1 ",'w2':{'dtype':'F32','shape':[10,3],'data_offsets':[6280,6400]}}",
         "\"w2\" has the shape (10, 3) instead of (3, 10)"},
        {"{" W1 ",'w2':{'dtype':'F32','shape':[2,10],'data_offsets':[6280,6360]},'x':{"
         "'data_offsets':[6360,6400]}}",
         "\"w2\" has the shape (2, 10) instead of (3, 10)"},
        /* offsets */
        {"{" W1 ",'w2':{'dtype':'F32','shape':[3,10],'data_offsets':[6284,6404]}}",
         "ends at byte 6404 of the data, the file holds 6400"},
        {"{" W1 ",'w2':{'dtype':'F32','shape':[3,10],'data_offsets':[6240,6360]}}",
         "begins at byte 6240 of the data instead of 6280"},
        {"{'w1':{'dtype':'F32','shape':[785,2],'data_offsets':[4,6280]}," W2 "}",
         "begins at byte 4 of the data instead of 0"},
        {"{'w1':{'dtype':'F32','shape':[785,2],'data_offsets':[0,6276]}," W2 "}",
         "begins at byte 6280 of the data instead of 6276"},
        {"{'w1':{'dtype':'F32','shape':[785,2],'data_offsets':[6280,0]}," W2 "}",
         "no data_offsets of the form"},
        {"{'w1':{'dtype':'F32','shape':[785,2],'data_offsets':[-1,6279]}," W2 "}",
         "no data_offsets of the form"},
        {"{'w1':{'dtype':'F32','shape':[785,2],'data_offsets':[0,6280,0]}," W2 "}",
         "no data_offsets of the form"},
        {"{" W1 "," W2 ",'x':{'data_offsets':[6400,9223372036854775807]}}",
         "\"x\" ends at byte 9223372036854775807"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        blob one = file_with_header(cases[i].header, 6400);
        assert_bytes_fail(state, one.bytes, one.size, cases[i].part);
        blob_free(&one);
    }
}

/* The bytes that count are right here, so that the cases above fail for their reason
 * alone: any order of tensors, others between them, metadata, spaces. */
static void other_programs_files_are_read(void **state) {
    static const char *headers[] = {
        "{" W1 "," W2 "}",
        "{" W2 ",\n '__metadata__':{'format':'pt'}, " W1 "}   ",
        "{'w2':{'shape':[3,10],'data_offsets':[0,120],'dtype':'F32'},'w1':{'dtype':'F32','shape':"
        "[785,2],'data_offsets':[120,6400]}}",
        "{'other':{'dtype':'I8','shape':[],'data_offsets':[6400,6400]}," W1 "," W2 "}",
    };
    const char *path = scratch_path(state, "w.safetensors");
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        cbx_network *network = NULL;
        blob one = file_with_header(headers[i], 6400);
        const float mark = 1.5f;
        memcpy(one.bytes + one.size - 6400 + (i == 2 ? 124 : 4), &mark, 4); /* w1[1] */
        scratch_write(path, one.bytes, one.size);
        blob_free(&one);
        assert_ok(cbx_network_load(&network, path));
        assert_int_equal(network->hidden, 2);
        assert_true(network->w1[0] == 0.0f && network->w1[1] == 1.5f);
        cbx_network_destroy(network);
    }
}

static void weights_that_are_not_finite_are_named(void **state) {
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        cbx_network *network = random_network(3), *loaded = NULL;
        const char *path = scratch_path(state, "w.safetensors");
        network->w1[100] = bad[i];
        assert_ok(cbx_network_save(network, path, NULL, 0));
        assert_fails(cbx_network_load(&loaded, path), CBX_BAD_DATA,
                     "number 100 of tensor \"w1\" is not finite");
        assert_null(loaded);
        network->w1[100] = 3e38f;
        network->w2[39] = bad[i];
        assert_ok(cbx_network_save(network, path, NULL, 0));
        assert_fails(cbx_network_load(&loaded, path), CBX_BAD_DATA,
                     "number 39 of tensor \"w2\" is not finite");
        cbx_network_destroy(network);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_weights_are_zero),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(start_weights_are_normal),
        cmocka_unit_test(start_weights_follow_the_seed),
        SCRATCH_TEST(weights_survive_the_file),
        SCRATCH_TEST(the_file_is_as_the_format_says),
        SCRATCH_TEST(saving_fails_cleanly),
        SCRATCH_TEST(a_missing_file_is_named),
        SCRATCH_TEST(a_file_of_another_kind_is_named),
        SCRATCH_TEST(a_header_that_claims_too_much_is_named),
        SCRATCH_TEST(a_cut_file_is_named),
        SCRATCH_TEST(every_fault_of_a_header_is_named),
        SCRATCH_TEST(other_programs_files_are_read),
        SCRATCH_TEST(weights_that_are_not_finite_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
