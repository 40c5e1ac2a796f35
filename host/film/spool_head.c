/* SPDX-License-Identifier: MIT */
#include "film/spool_head.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/choice.h"
#include "base/crc32.h"
#include "base/error.h"
#include "base/hexadecimal.h"
#include "base/names.h"
#include "film/containers.h"
#include "film/encoder.h"
#include "film/film.h"

static const char MAGIC[] = "clearbox film 1\n";
enum { MAGIC_BYTES = sizeof MAGIC - 1, VERSION_AT = MAGIC_BYTES - 2, WORD = 4 };
enum { MOST_HEAD_BYTES = 1 << 20, MOST_EXTRADATA_BYTES = 1 << 16, MOST_SIDE = 65535 };

/* ---- written ---- */

/* A JSON string is UTF-8, a tag may be anything: what is not ASCII in one that is not UTF-8 is lost. NULL:
 * no memory. */
static json_t *json_of_text(const char *text) {
    json_t *string = text ? json_string(text) : json_null();
    char *copy = string ? NULL : strdup(text);
    for (char *c = copy; c && *c; c++) {
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    }
    string = copy ? json_string(copy) : string;
    free(copy);
    return string;
}

/* In hexadecimal; NULL: no memory. */
static json_t *json_of_bytes(const uint8_t *bytes, size_t size) {
    char *text = malloc(2 * size + 1);
    if (!text) {
        return NULL;
    }
    cbx_hexadecimal_write(text, bytes, size);
    json_t *string = json_stringn(text, 2 * size);
    free(text);
    return string;
}

static json_t *json_of(const cbx_spool_head *head) {
    json_t *object = json_pack(
        "{s:I, s:I, s:I, s:i, s:s, s:o, s:o, s:s?}", "width", (json_int_t)head->stream.width,
        "height", (json_int_t)head->stream.height, "fps", (json_int_t)head->stream.fps,
        "chroma_qp_offset", head->stream.chroma_qp_offset, "container",
        cbx_container_name(head->container), "title", json_of_text(head->title), "comment",
        json_of_text(head->comment), "checkpoint", head->checkpoint);
    if (object && head->encoder &&
        (json_object_set_new(object, "encoder", json_string(head->encoder)) != 0 ||
         json_object_set_new(object, "extradata",
                             json_of_bytes(head->extradata, head->extradata_bytes)) != 0)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int put(FILE *file, const char *text) {
    const uint32_t length = (uint32_t)strlen(text), sum = cbx_crc32(0, text, length);
    return fwrite(MAGIC, 1, MAGIC_BYTES, file) == MAGIC_BYTES &&
           fwrite(&length, 1, WORD, file) == WORD && fwrite(text, 1, length, file) == length &&
           fwrite(&sum, 1, WORD, file) == WORD && fflush(file) == 0;
}

cbx_status cbx_spool_head_write(const cbx_spool_head *head, FILE *file, const char *name) {
    json_t *object = json_of(head);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    cbx_status status = CBX_OK;
    errno = 0;
    if (!text) {
        status = cbx_fail(CBX_NO_MEMORY, "no memory for what %s begins with", name);
    } else if (!put(file, text)) {
        status =
            cbx_fail(CBX_CANNOT_WRITE, "cannot write %s: %s", name, strerror(errno ? errno : EIO));
    }
    free(text);
    json_decref(object);
    return status;
}

/* ---- read ---- */

/* A whole number up to `most`; 0: it is none. */
static uint32_t whole(const json_t *object, const char *key, uint32_t most) {
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 && value <= (json_int_t)most ? (uint32_t)value : 0;
}

/* Whether frames of that encoder, by name, or the device, are spooled for such a film. */
static int is_possible(const char *encoder, cbx_container container) {
    const cbx_container_kind *file = cbx_container_kind_of(container);
    const cbx_film_settings named = {.encoder = encoder ? encoder : CBX_DEVICE_ENCODER};
    const int is_known =
        !encoder || (cbx_film_is_encoder_named(encoder) && !cbx_film_is_by_device(encoder) &&
                     cbx_choice_find(cbx_film_encoder_names, encoder) >= 0);
    return is_known && !file->in_pieces &&
           cbx_container_takes(file, cbx_encoder_kind_of(&named)->format->codec);
}

/* What the encoder said, which may be nothing. 0: it is no head; negative: no memory. */
static int take_extradata(cbx_spool_head *head, cbx_spool_texts *texts) {
    const json_t *string = json_object_get(texts->json, "extradata");
    const char *text = json_string_value(string);
    const size_t digits = text ? json_string_length(string) : 0, size = digits / 2;
    if (digits == 0) {
        return !string || text || json_is_null(string);
    }
    if (digits % 2 || size > MOST_EXTRADATA_BYTES) {
        return 0;
    }
    texts->extradata = malloc(size);
    if (!texts->extradata) {
        return -1;
    }
    head->extradata = texts->extradata;
    head->extradata_bytes = size;
    return cbx_hexadecimal_read(texts->extradata, text, size);
}

/* Likewise. */
static int take(cbx_spool_head *head, cbx_spool_texts *texts) {
    const json_t *object = texts->json;
    const json_int_t offset = json_integer_value(json_object_get(object, "chroma_qp_offset"));
    const char *name = json_string_value(json_object_get(object, "container"));
    const int container = name ? cbx_choice_find(cbx_container_names, name) : -1;
    head->stream.width = whole(object, "width", MOST_SIDE);
    head->stream.height = whole(object, "height", MOST_SIDE);
    head->stream.fps = whole(object, "fps", CBX_MAX_FPS);
    head->stream.chroma_qp_offset = (int)offset;
    head->container = container < 0 ? CBX_CONTAINER_AUTO : (cbx_container)container;
    head->title = json_string_value(json_object_get(object, "title"));
    head->comment = json_string_value(json_object_get(object, "comment"));
    head->checkpoint = json_string_value(json_object_get(object, "checkpoint"));
    head->encoder = json_string_value(json_object_get(object, "encoder"));
    const uint32_t step = head->encoder ? 2 : 4; /* of sides */
    const int fits = head->stream.width % step == 0 && head->stream.height % step == 0 &&
                     head->stream.width && head->stream.height && head->stream.fps &&
                     offset >= -12 && offset <= 12 && container >= 0 &&
                     is_possible(head->encoder, head->container);
    return fits ? take_extradata(head, texts) : 0;
}

cbx_status cbx_spool_check_reading(FILE *file, const char *name) {
    return ferror(file) ? cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", name,
                                   strerror(errno ? errno : EIO))
                        : CBX_OK;
}

static cbx_status fail_to_read(FILE *file, const char *name) {
    const cbx_status status = cbx_spool_check_reading(file, name);
    return status ? status
                  : cbx_fail(CBX_BAD_DATA, "%s does not hold the frames of a film, or is damaged",
                             name);
}

static cbx_status no_memory(const char *name) {
    return cbx_fail(CBX_NO_MEMORY, "no memory for what %s begins with", name);
}

/* The length of the text; 0: it is no head. */
static uint32_t read_length(FILE *file) {
    char magic[MAGIC_BYTES];
    uint32_t length = 0;
    const int right = fread(magic, 1, MAGIC_BYTES, file) == MAGIC_BYTES &&
                      memcmp(magic, MAGIC, MAGIC_BYTES) == 0 &&
                      fread(&length, 1, WORD, file) == WORD && length <= MOST_HEAD_BYTES;
    return right ? length : 0;
}

static int read_text(FILE *file, char *text, uint32_t length) {
    uint32_t sum = 0;
    return fread(text, 1, length, file) == length && fread(&sum, 1, WORD, file) == WORD &&
           sum == cbx_crc32(0, text, length);
}

cbx_status cbx_spool_head_read(cbx_spool_head *head, cbx_spool_texts *texts, FILE *file,
                               const char *name, long long *end) {
    const uint32_t length = read_length(file);
    if (length == 0) {
        return fail_to_read(file, name);
    }
    char *text = malloc(length);
    if (!text) {
        return no_memory(name);
    }
    const int right = read_text(file, text, length);
    texts->json = right ? json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(text);
    const int taken = texts->json ? take(head, texts) : 0;
    *end = MAGIC_BYTES + 2 * WORD + (long long)length;
    return taken > 0 ? CBX_OK : taken < 0 ? no_memory(name) : fail_to_read(file, name);
}

int cbx_spool_head_is_later(int file) {
    char magic[MAGIC_BYTES];
    return read(file, magic, MAGIC_BYTES) == MAGIC_BYTES && memcmp(magic, MAGIC, VERSION_AT) == 0 &&
           magic[VERSION_AT] != MAGIC[VERSION_AT];
}

void cbx_spool_texts_clear(cbx_spool_texts *texts) {
    json_decref(texts->json);
    free(texts->extradata);
    *texts = (cbx_spool_texts){0};
}
