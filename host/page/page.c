/* SPDX-License-Identifier: MIT */
#include "page/page.h"

#include <errno.h>
#include <libavutil/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "page/halves.h"

/* Bytes that become text at a time, a multiple of three: so only the last has padding. */
enum { PORTION = 3 << 14 };

/* Pixels hardly pack better at higher levels, but take longer. */
enum { COMPRESSION_LEVEL = 5 };

static const struct type {
    const char *name;
    size_t bytes;
} types[] = {[CBX_PAGE_U8] = {"u8", 1},
             [CBX_PAGE_I8] = {"i8", 1},
             [CBX_PAGE_U32] = {"u32", 4},
             [CBX_PAGE_F32] = {"f32", 4}};

static void write_text(cbx_output *to, const char *text) {
    cbx_output_write(to, text, strlen(text));
}

void cbx_page_begin(cbx_output *to) {
    cbx_output_write(to, cbx_page_first_half.text, cbx_page_first_half.bytes);
}

void cbx_page_end(cbx_output *to) {
    cbx_output_write(to, cbx_page_second_half.text, cbx_page_second_half.bytes);
}

/* With every < escaped: no string of the facts may end the element, nor hide its end. JSON has it in
 * strings alone. */
static void write_json(cbx_output *to, const char *text) {
    while (*text) {
        const size_t plain = strcspn(text, "<");
        cbx_output_write(to, text, plain);
        text += plain;
        if (*text) {
            write_text(to, "\\u003c");
            text++;
        }
    }
}

cbx_status cbx_page_facts(cbx_output *to, json_t *facts) {
    char *text = facts ? json_dumps(facts, JSON_COMPACT) : NULL;
    json_decref(facts);
    if (!text) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for the facts of %s", to->path);
    }
    write_text(to, "<script type=\"application/json\" id=\"facts\">");
    write_json(to, text);
    write_text(to, "</script>\n");
    free(text);
    return CBX_OK;
}

static void open_element(cbx_output *to, const char *id, cbx_page_type type, int packed) {
    char tag[160];
    snprintf(tag, sizeof tag,
             "<script type=\"application/octet-stream\" id=\"%s\" data-type=\"%s\"%s>", id,
             types[type].name, packed ? " data-pack=\"deflate\"" : "");
    write_text(to, tag);
}

static void close_element(cbx_output *to) {
    write_text(to, "</script>\n");
}

/* At most a portion. */
static void write_base64(cbx_output *to, const uint8_t *bytes, size_t size) {
    char text[AV_BASE64_SIZE(PORTION)];
    write_text(to, av_base64_encode(text, sizeof text, bytes, (int)size));
}

/* ---- arrays ---- */

/* *out [size][count] of elements [count][size], the lowest byte first. */
static cbx_status make_planes(uint8_t **out, const uint8_t *elements, size_t count, size_t size) {
    const uint16_t one = 1;
    const int little = *(const uint8_t *)&one == 1;
    cbx_status status = cbx_new(out, count * size);
    for (size_t byte = 0; byte < size && !status; byte++) {
        const uint8_t *from = elements + (little ? byte : size - 1 - byte);
        uint8_t *plane = *out + byte * count;
        for (size_t i = 0; i < count; i++) {
            plane[i] = from[i * size];
        }
    }
    return status;
}

static cbx_status write_deflated(cbx_output *to, const uint8_t *bytes, size_t size) {
    uint8_t *packed = NULL;
    uLongf packed_bytes = compressBound(size);
    cbx_status status = cbx_new(&packed, packed_bytes);
    if (!status && compress2(packed, &packed_bytes, bytes, size, COMPRESSION_LEVEL) != Z_OK) {
        status = cbx_fail(CBX_NO_MEMORY, "no memory to pack %zu bytes of %s", size, to->path);
    }
    for (size_t done = 0; done < packed_bytes && !status; done += PORTION) {
        const size_t left = packed_bytes - done;
        write_base64(to, packed + done, left < PORTION ? left : PORTION);
    }
    free(packed);
    return status;
}

cbx_status cbx_page_array(cbx_output *to, const char *id, cbx_page_type type, const void *elements,
                          size_t count) {
    uint8_t *planes = NULL;
    open_element(to, id, type, 1);
    cbx_status status = make_planes(&planes, elements, count, types[type].bytes);
    if (!status) {
        status = write_deflated(to, planes, count * types[type].bytes);
    }
    free(planes);
    close_element(to);
    return status;
}

/* ---- files ---- */

cbx_status cbx_page_file(cbx_output *to, const char *id, const char *path) {
    uint8_t portion[PORTION];
    size_t size;
    errno = 0;
    FILE *file = fopen(path, "rb");
    if (!file) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s for %s: %s", path, to->path,
                        strerror(errno));
    }
    open_element(to, id, CBX_PAGE_U8, 0);
    while ((size = fread(portion, 1, sizeof portion, file)) > 0) {
        write_base64(to, portion, size);
    }
    close_element(to);
    const int failed = ferror(file);
    fclose(file);
    return failed ? cbx_fail(CBX_MISSING_INPUT, "cannot read %s for %s: %s", path, to->path,
                             strerror(errno ? errno : EIO))
                  : CBX_OK;
}
