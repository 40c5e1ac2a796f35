/* SPDX-License-Identifier: MIT */
/* Reading safetensors: headers out of all proportion, and names that fill the screen. */
#include "support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clearbox/network.h"
#include "support/allocations.h"

#define ONE_NEURON                                                                                 \
    "\"w1\":{\"dtype\":\"F32\",\"shape\":[785,1],\"data_offsets\":[0,3140]},"                      \
    "\"w2\":{\"dtype\":\"F32\",\"shape\":[2,10],\"data_offsets\":[3140,3220]}"

/* Writes a file of weights whose header is `text`, filled up with spaces to `size`. */
static const char *write_file(void **state, const char *text, size_t size) {
    const char *path = scratch_path(state, "w.safetensors");
    blob one = {calloc(8 + size + 3220, 1), 8 + size + 3220};
    assert_non_null(one.bytes);
    for (size_t i = 0; i < 4; i++) {
        one.bytes[i] = (uint8_t)(size >> 8 * i);
    }
    memset(one.bytes + 8, ' ', size);
    memcpy(one.bytes + 8, text, strlen(text));
    scratch_write(path, one.bytes, one.size);
    blob_free(&one);
    return path;
}

/* Parsing one takes up to 75 times its size in memory, so it is not even read. */
static void a_header_out_of_all_proportion_is_named(void **state) {
    const size_t longest = (size_t)4 << 20;
    cbx_network *network = NULL;
    const char *path = write_file(state, "{" ONE_NEURON "}", longest);
    assert_ok(cbx_network_load(&network, path));
    assert_int_equal(network->hidden, 1);
    cbx_network_destroy(network);

    path = write_file(state, "{" ONE_NEURON "}", longest + 1);
    allocations_largest = 0;
    assert_fails(cbx_network_load(&network, path), CBX_BAD_DATA, "has a header of 4194305 bytes");
    assert_message(path);
    assert_null(network);
    assert_int_equal(allocations_largest, 0);
}

static void assert_shown(void **state, const char *header, const char *part) {
    cbx_network *network = NULL;
    assert_fails(cbx_network_load(&network, write_file(state, header, strlen(header))),
                 CBX_BAD_DATA, part);
    assert_null(network);
}

#define TEN "0123456789"
#define FIFTY_EIGHT TEN TEN TEN TEN TEN "01234567"

/* Names are cut after 60 bytes, but never within a character: é has two. */
static void long_names_are_cut_between_characters(void **state) {
    assert_shown(state, "{\"" FIFTY_EIGHT "é\":7}", "\"" FIFTY_EIGHT "é\" has no data_offsets");
    assert_shown(state, "{\"" FIFTY_EIGHT "éé\":7}", "\"" FIFTY_EIGHT "é\" has no data_offsets");
    assert_shown(state, "{\"" FIFTY_EIGHT "9éé\":7}", "\"" FIFTY_EIGHT "9\" has no data_offsets");
    assert_shown(state, "{\"__metadata__\":{\"" FIFTY_EIGHT "9é\":7}}",
                 "\"" FIFTY_EIGHT "9\" of __metadata__");
    assert_shown(state,
                 "{\"w1\":{\"dtype\":\"" FIFTY_EIGHT "9é\",\"data_offsets\":[0,3220],"
                 "\"shape\":[805]}}",
                 "of type " FIFTY_EIGHT "9; only F32");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_header_out_of_all_proportion_is_named),
        SCRATCH_TEST(long_names_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
