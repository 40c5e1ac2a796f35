/* SPDX-License-Identifier: MIT */
/* host/film/spool_head: what spools begin with, and may not. */
#include "support/scratch.h"

#include <stdio.h>
#include <string.h>

#include "base/crc32.h"
#include "base/error.h"
#include "film/spool.h"
#include "support/files.h"

/* A head that says so, whose checksum is right. */
static cbx_status open_head(const char *name, const char *container, const char *encoder,
                            const char *extradata) {
    char object[200];
    cbx_spool *spool = NULL;
    const uint32_t length =
        (uint32_t)snprintf(object, sizeof object,
                           "{\"width\":32,\"height\":16,\"fps\":25,\"chroma_qp_offset\":0,"
                           "\"container\":\"%s\",\"encoder\":\"%s\",\"extradata\":%s}",
                           container, encoder, extradata);
    const uint32_t sum = cbx_crc32(0, object, length);
    uint8_t bytes[256];
    memcpy(bytes, "clearbox film 1\n", 16);
    memcpy(bytes + 16, &length, 4);
    memcpy(bytes + 20, object, length);
    memcpy(bytes + 20 + length, &sum, 4);
    scratch_write(name, bytes, 24 + length);
    const cbx_status status = cbx_spool_open(&spool, name);
    cbx_spool_close(spool, 0);
    return status;
}

static cbx_status open_with_extradata(const char *name, const char *text) {
    return open_head(name, "mp4", "mpeg4", text);
}

/* What learn leaves no spool of would be handed to libavformat as if it had. */
static void heads_are_of_films_that_are_spooled(void **state) {
    static const struct {
        const char *container, *encoder;
        cbx_status status;
    } heads[] = {{"mkv", "libx264", CBX_OK},      {"webm", "libaom-av1", CBX_OK},
                 {"auto", "libx264", CBX_OK},     {"apng", "apng", CBX_BAD_DATA},
                 {"gif", "gif", CBX_BAD_DATA},    {"webp", "libwebp_anim", CBX_BAD_DATA},
                 {"mkv", "gif", CBX_BAD_DATA},    {"webm", "libx264", CBX_BAD_DATA},
                 {"mp4", "device", CBX_BAD_DATA}, {"mp4", "auto", CBX_BAD_DATA},
                 {"mp4", "nobody", CBX_BAD_DATA}, {"nowhere", "libx264", CBX_BAD_DATA}};
    const char *name = scratch_path(state, ".film.mp4.spool-1");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const cbx_status status = open_head(name, heads[i].container, heads[i].encoder, "\"\"");
        if (status != heads[i].status) {
            fail_msg("%s in %s: %s", heads[i].encoder, heads[i].container, cbx_status_text(status));
        }
    }
}

static void extradata_is_hexadecimal(void **state) {
    const char *name = scratch_path(state, ".film.mp4.spool-1");
    assert_ok(open_with_extradata(name, "\"00ff\""));
    assert_ok(open_with_extradata(name, "null"));
    static const char *const wrong[] = {"\"0g\"",       "\"FF\"",       "\"0\"", "\"00f\"",
                                        "\"\\u0000a\"", "\"a\\u0000\"", "7"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_fails(open_with_extradata(name, wrong[i]), CBX_BAD_DATA, "is damaged");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(extradata_is_hexadecimal),
        SCRATCH_TEST(heads_are_of_films_that_are_spooled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
