/* SPDX-License-Identifier: MIT */
#include "film/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/choice.h"
#include "base/claim.h"
#include "base/clock.h"
#include "base/crc32.h"
#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/temporary.h"
#include "film/film.h"

static const char MAGIC[] = "clearbox film 1\n";
enum { MAGIC_BYTES = sizeof MAGIC - 1, MOST_HEAD_BYTES = 1 << 20, MOST_SIDE = 65535, WORD = 4 };
enum { MOST_EXTRADATA_BYTES = 1 << 16 };

#define KEY_BIT 0x80000000u

/* A key frame ends what was not yet on the disk, but not more often than so. */
#define SYNC_SECONDS 5.0

struct cbx_spool {
    FILE *file; /* NULL: it was given up */
    char name[CBX_CLAIM_BYTES];
    cbx_spool_head head;
    int needed;         /* a checkpoint counts on every frame; else … */
    const char *listed; /* … it goes when the process is ended at once */
    atomic_int error;   /* errno of the first write that failed: nothing after it can be read */
    atomic_int named;   /* its name is on the disk */
    char *checkpoint;   /* of one that was created; else … */
    json_t *texts;      /* … what the head's strings point into */
    uint8_t *extradata; /* and its bytes */
    uint8_t *sample;    /* the last that was read */
    size_t room;        /* for it */
    long long size;     /* of the file when it was opened */
    long long reached;  /* the end of the last whole record that was read */
    double synced;      /* clock */
};

/* ---- the head ---- */

/* For good: streams forget what they could not write. */
static cbx_status fail_to_write(cbx_spool *spool) {
    int none = 0;
    atomic_compare_exchange_strong(&spool->error, &none, errno ? errno : EIO);
    return cbx_fail(CBX_CANNOT_WRITE, "cannot write %s: %s", spool->name, strerror(spool->error));
}

/* In hexadecimal; NULL: no memory. */
static json_t *json_of_bytes(const uint8_t *bytes, size_t size) {
    char *text = malloc(2 * size + 1);
    for (size_t i = 0; text && i < size; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    json_t *string = text ? json_stringn(text, 2 * size) : NULL;
    free(text);
    return string;
}

static json_t *json_of(const cbx_spool_head *head) {
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:i, s:s, s:s?, s:s?, s:s?}", "width",
                  (json_int_t)head->stream.width, "height", (json_int_t)head->stream.height, "fps",
                  (json_int_t)head->stream.fps, "chroma_qp_offset", head->stream.chroma_qp_offset,
                  "container", cbx_container_name(head->container), "title", head->title, "comment",
                  head->comment, "checkpoint", head->checkpoint);
    if (object && head->encoder &&
        (json_object_set_new(object, "encoder", json_string(head->encoder)) != 0 ||
         json_object_set_new(object, "extradata",
                             json_of_bytes(head->extradata, head->extradata_bytes)) != 0)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int put_words(FILE *file, const void *first, size_t first_bytes, const void *second,
                     size_t second_bytes) {
    return fwrite(first, 1, first_bytes, file) == first_bytes &&
           fwrite(second, 1, second_bytes, file) == second_bytes;
}

static int put_head(FILE *file, const char *text) {
    const uint32_t length = (uint32_t)strlen(text), sum = cbx_crc32(0, text, length);
    return put_words(file, MAGIC, MAGIC_BYTES, &length, WORD) &&
           put_words(file, text, length, &sum, WORD) && fflush(file) == 0;
}

static cbx_status write_head(cbx_spool *spool, const cbx_spool_head *head) {
    json_t *object = json_of(head);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    cbx_status status = CBX_OK;
    errno = 0;
    if (!text) {
        status = cbx_fail(CBX_NO_MEMORY, "no memory for what %s begins with", spool->name);
    } else if (!put_head(spool->file, text)) {
        status = fail_to_write(spool);
    }
    free(text);
    json_decref(object);
    return status;
}

/* A whole number up to `most`; 0: it is none. */
static uint32_t whole(const json_t *object, const char *key, uint32_t most) {
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 && value <= (json_int_t)most ? (uint32_t)value : 0;
}

/* The value of a hexadecimal digit; negative: it is none. */
static int nibble(char digit) {
    static const char digits[] = "0123456789abcdef";
    const char *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* What the encoder said, which may be nothing. */
static int take_extradata(cbx_spool *spool) {
    const json_t *string = json_object_get(spool->texts, "extradata");
    const char *text = json_string_value(string);
    const size_t digits = text ? json_string_length(string) : 0, size = digits / 2;
    if (digits == 0) {
        return !string || text || json_is_null(string);
    }
    if (digits % 2 || size > MOST_EXTRADATA_BYTES || cbx_new(&spool->extradata, size)) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        const int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return 0;
        }
        spool->extradata[i] = (uint8_t)(high << 4 | low);
    }
    spool->head.extradata = spool->extradata;
    spool->head.extradata_bytes = size;
    return 1;
}

/* One by name, or none. */
static int is_known(const char *encoder) {
    return !encoder || (cbx_film_is_encoder_named(encoder) &&
                        cbx_choice_find(cbx_film_encoder_names, encoder) >= 0);
}

static int take_head(cbx_spool *spool) {
    const json_t *object = spool->texts;
    cbx_spool_head *head = &spool->head;
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
    return head->stream.width % 4 == 0 && head->stream.height % 4 == 0 && head->stream.width &&
           head->stream.height && head->stream.fps && offset >= -12 && offset <= 12 &&
           container >= 0 && is_known(head->encoder) && take_extradata(spool);
}

static int read_head(cbx_spool *spool) {
    char magic[MAGIC_BYTES], *text = NULL;
    uint32_t length = 0, sum = 0;
    int right = fread(magic, 1, MAGIC_BYTES, spool->file) == MAGIC_BYTES &&
                memcmp(magic, MAGIC, MAGIC_BYTES) == 0 &&
                fread(&length, 1, WORD, spool->file) == WORD && length <= MOST_HEAD_BYTES &&
                (text = malloc(length + 1)) != NULL &&
                fread(text, 1, length, spool->file) == length &&
                fread(&sum, 1, WORD, spool->file) == WORD && sum == cbx_crc32(0, text, length);
    spool->texts = right ? json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(text);
    spool->reached = MAGIC_BYTES + 2 * WORD + (long long)length;
    return spool->texts && take_head(spool);
}

/* ---- opened ---- */

static cbx_status fail_to_create(const char *path) {
    return cbx_fail(errno == ENOMEM ? CBX_NO_MEMORY : CBX_CANNOT_CREATE,
                    "cannot create a file for the frames of %s beside it: %s", path,
                    strerror(errno));
}

cbx_status cbx_spool_create(cbx_spool **out, const char *path, const cbx_spool_head *head) {
    cbx_spool *spool = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&spool, 1);
    if (status) {
        return status;
    }
    status = head->checkpoint ? cbx_copy_text(&spool->checkpoint, head->checkpoint) : CBX_OK;
    if (status) {
        free(spool);
        return status;
    }
    spool->synced = cbx_clock_seconds();
    const int file = cbx_claim_create(path, CBX_SPOOL_KIND, spool->name);
    if (file < 0 || !(spool->file = fdopen(file, "w+b"))) {
        status = fail_to_create(path);
        if (file >= 0) {
            unlink(spool->name);
            close(file);
        }
    } else {
        status = write_head(spool, head);
    }
    spool->needed = head->checkpoint != NULL;
    spool->listed = !status && !spool->needed ? cbx_temporary_adopt(spool->name) : NULL;
    spool->head = (cbx_spool_head){.stream = head->stream,
                                   .container = head->container,
                                   .checkpoint = spool->checkpoint}; /* the rest was lent */
    if (status) {
        cbx_spool_close(spool, 0);
        return status;
    }
    *out = spool;
    return CBX_OK;
}

/* A disk that cannot be read is not the end of the frames. */
static cbx_status check_reading(const cbx_spool *spool) {
    return ferror(spool->file) ? cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", spool->name,
                                          strerror(errno ? errno : EIO))
                               : CBX_OK;
}

cbx_status cbx_spool_open(cbx_spool **out, const char *name) {
    cbx_spool *spool = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&spool, 1);
    if (status) {
        return status;
    }
    snprintf(spool->name, sizeof spool->name, "%s", name);
    spool->synced = cbx_clock_seconds();
    struct stat about = {0};
    const int file = cbx_claim_take(name);
    if (file < 0) {
        status = cbx_fail(CBX_MISSING_INPUT, "cannot use the frames in %s: %s", name,
                          errno == EWOULDBLOCK ? "the process that writes them is still running"
                                               : strerror(errno));
    } else if (!(spool->file = fdopen(file, "r+b"))) {
        close(file);
        status = cbx_fail(CBX_NO_MEMORY, "cannot read %s: %s", name, strerror(errno));
    } else if (fstat(file, &about) != 0 || !read_head(spool)) {
        status = check_reading(spool);
        status = status ? status
                        : cbx_fail(CBX_BAD_DATA,
                                   "%s does not hold the frames of a film, or is damaged", name);
    }
    if (status) {
        cbx_spool_close(spool, 1);
        return status;
    }
    spool->size = (long long)about.st_size;
    spool->needed = spool->head.checkpoint != NULL;
    *out = spool;
    return CBX_OK;
}

const cbx_spool_head *cbx_spool_head_of(const cbx_spool *spool) {
    return &spool->head;
}

const char *cbx_spool_name(const cbx_spool *spool) {
    return spool->name;
}

void cbx_spool_close(cbx_spool *spool, int stays) {
    if (!spool) {
        return;
    }
    if (spool->file && !stays) {
        unlink(spool->name);
    }
    cbx_temporary_dismiss(spool->listed);
    if (spool->file) {
        fclose(spool->file); /* which ends the lock, too */
    }
    json_decref(spool->texts);
    free(spool->extradata);
    free(spool->checkpoint);
    free(spool->sample);
    free(spool);
}

/* ---- read ---- */

static cbx_status make_room(cbx_spool *spool, size_t bytes) {
    if (bytes <= spool->room) {
        return CBX_OK;
    }
    free(spool->sample);
    spool->sample = NULL;
    spool->room = 0;
    const cbx_status status = cbx_new(&spool->sample, bytes);
    spool->room = status ? 0 : bytes;
    return status;
}

cbx_status cbx_spool_next(cbx_spool *spool, const uint8_t **sample, size_t *bytes, int *key) {
    uint32_t words[2];
    *sample = NULL;
    *bytes = 0;
    if (fread(words, 1, sizeof words, spool->file) != sizeof words) {
        return check_reading(spool);
    }
    const size_t size = words[0] & ~KEY_BIT;
    if (size == 0 || (long long)(sizeof words + size) > spool->size - spool->reached) {
        return CBX_OK;
    }
    const cbx_status status = make_room(spool, size);
    if (status || fread(spool->sample, 1, size, spool->file) != size ||
        words[1] != cbx_crc32(cbx_crc32(0, words, WORD), spool->sample, size)) {
        return status ? status : check_reading(spool);
    }
    spool->reached += (long long)(sizeof words + size);
    *sample = spool->sample;
    *bytes = size;
    *key = (words[0] & KEY_BIT) != 0;
    return CBX_OK;
}

cbx_status cbx_spool_continue(cbx_spool *spool) {
    errno = 0;
    return fflush(spool->file) == 0 && fseeko(spool->file, (off_t)spool->reached, SEEK_SET) == 0 &&
                   ftruncate(fileno(spool->file), (off_t)spool->reached) == 0
               ? CBX_OK
               : fail_to_write(spool);
}

/* ---- written ---- */

/* A film that no checkpoint counts on is none the worse. */
static cbx_status fail(cbx_spool *spool) {
    if (spool->needed) {
        return fail_to_write(spool);
    }
    unlink(spool->name);
    fclose(spool->file);
    spool->file = NULL;
    return CBX_OK;
}

/* A file system that cannot do it (EINVAL, EROFS) has nothing to lose either. */
static int put_on_disk(cbx_spool *spool) {
    if (fdatasync(fileno(spool->file)) != 0 && errno != EINVAL && errno != EROFS) {
        return 0;
    }
    if (!atomic_exchange(&spool->named, 1)) {
        cbx_put_folder_on_disk(spool->name);
    }
    return 1;
}

/* The frames before a key frame are a whole group. */
static int end_group(cbx_spool *spool) {
    const double now = cbx_clock_seconds();
    if (fflush(spool->file) != 0) {
        return 0;
    }
    if (now - spool->synced >= SYNC_SECONDS) {
        spool->synced = now;
        return put_on_disk(spool);
    }
    return 1;
}

cbx_status cbx_spool_append(cbx_spool *spool, const uint8_t *sample, size_t bytes, int key) {
    const uint32_t length = (uint32_t)bytes | (key ? KEY_BIT : 0);
    if (!spool->file) {
        return CBX_OK;
    }
    if (spool->error) {
        return fail_to_write(spool);
    }
    errno = 0;
    const uint32_t words[2] = {length, cbx_crc32(cbx_crc32(0, &length, WORD), sample, bytes)};
    return (!key || end_group(spool)) && put_words(spool->file, words, sizeof words, sample, bytes)
               ? CBX_OK
               : fail(spool);
}

cbx_status cbx_spool_flush(cbx_spool *spool) {
    errno = 0;
    return !spool->file || (!spool->error && fflush(spool->file) == 0) ? CBX_OK : fail(spool);
}

cbx_status cbx_spool_sync(cbx_spool *spool) {
    return !spool->file || put_on_disk(spool) ? CBX_OK : fail_to_write(spool);
}
