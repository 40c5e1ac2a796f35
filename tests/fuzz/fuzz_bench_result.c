/* SPDX-License-Identifier: MIT */
/* Any bytes as a result of `clearbox bench`, or two with a 0 between them, compared with itself, or one
 * with the other, and printed, for people and as JSON. Names in it are others': what is printed steers no terminal. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "cli/bench_compare.h"
#include "cli/terminal.h"

static void require_printable(const char *text) {
    char *shown = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&shown, &size);
    FUZZ_REQUIRE(memory != NULL);
    cli_print_printable(memory, text, 1);
    FUZZ_REQUIRE(fclose(memory) == 0);
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)shown[i];
        FUZZ_REQUIRE((byte >= 32 && byte != 127) || byte == '\n' || byte == '\t');
    }
    free(shown);
}

static void print(const json_t *comparison, unsigned width) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    FUZZ_REQUIRE(memory != NULL);
    cli_bench_comparison_print(memory, comparison, width);
    FUZZ_REQUIRE(fclose(memory) == 0);
    FUZZ_REQUIRE(size > 0);
    require_printable(text);
    free(text);
}

static void compare(const cli_bench_result *a, const cli_bench_result *b) {
    json_t *comparison = cli_bench_comparison(a, b);
    FUZZ_REQUIRE(json_is_array(json_object_get(comparison, "rows")));
    if (json_array_size(json_object_get(comparison, "rows")) > 0) {
        print(comparison, 0);
        print(comparison, 60);
        char *text = json_dumps(comparison, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
        FUZZ_REQUIRE(text != NULL);
        free(text);
    }
    json_decref(comparison);
}

/* CBX_OK: it is a result, and as often as it is read. */
static cbx_status read_result(cli_bench_result *out, const uint8_t *bytes, size_t size) {
    cli_bench_result again;
    const char *path = fuzz_file(bytes, size);
    fuzz_begin();
    const cbx_status status = cli_bench_result_read(out, path);
    fuzz_require_told(status);
    if (!status) {
        FUZZ_REQUIRE(cli_bench_result_read(&again, path) == CBX_OK);
        FUZZ_REQUIRE(json_equal(out->root, again.root));
        cli_bench_result_free(&again);
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    cli_bench_result a, b = {0};
    const uint8_t *end = size > 0 ? memchr(bytes, 0, size) : NULL;
    const size_t first = end ? (size_t)(end - bytes) : size;
    cbx_status status = read_result(&a, bytes, first);
    if (!status && end) {
        status = read_result(&b, end + 1, size - first - 1);
    }
    if (!status) {
        compare(&a, end ? &b : &a);
    }
    cli_bench_result_free(&a);
    cli_bench_result_free(&b);
    return 0;
}
