/* SPDX-License-Identifier: MIT */
#include "film/spool.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/claim.h"
#include "base/clock.h"
#include "base/crc32.h"
#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/temporary.h"

/* PADDING: what libavcodec may read behind a packet. */
enum { WORD = 4, PADDING = AV_INPUT_BUFFER_PADDING_SIZE };

#define KEY_BIT 0x80000000u

/* A key frame ends what was not yet on the disk, but not more often than so. */
#define SYNC_SECONDS 5.0

struct cbx_spool {
    FILE *file; /* NULL: it was given up */
    char name[CBX_CLAIM_BYTES];
    cbx_spool_head head;
    int needed;            /* a checkpoint counts on every frame; else … */
    const char *listed;    /* … it goes when the process is ended at once */
    atomic_int error;      /* errno of the first write that failed: nothing after it can be read */
    atomic_int named;      /* its name is on the disk */
    char *checkpoint;      /* of one that was created; else … */
    cbx_spool_texts texts; /* … of the head */
    uint8_t *sample;       /* the last that was read */
    size_t room;           /* for it */
    long long size;        /* of the file when it was opened */
    long long reached;     /* the end of the last whole record that was read */
    double synced;         /* clock */
};

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
        status = cbx_spool_head_write(head, spool->file, spool->name);
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
    } else if (fstat(file, &about) != 0) {
        status = cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", name, strerror(errno));
    } else {
        status =
            cbx_spool_head_read(&spool->head, &spool->texts, spool->file, name, &spool->reached);
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
    cbx_spool_texts_clear(&spool->texts);
    free(spool->checkpoint);
    free(spool->sample);
    free(spool);
}

/* For good: streams forget what they could not write. */
static cbx_status fail_to_write(cbx_spool *spool) {
    int none = 0;
    atomic_compare_exchange_strong(&spool->error, &none, errno ? errno : EIO);
    return cbx_fail(CBX_CANNOT_WRITE, "cannot write %s: %s", spool->name, strerror(spool->error));
}

/* ---- read ---- */

static cbx_status make_room(cbx_spool *spool, size_t bytes) {
    if (bytes <= spool->room) {
        return CBX_OK;
    }
    free(spool->sample);
    spool->sample = NULL;
    spool->room = 0;
    const cbx_status status = cbx_new(&spool->sample, bytes + PADDING);
    spool->room = status ? 0 : bytes;
    return status;
}

cbx_status cbx_spool_next(cbx_spool *spool, const uint8_t **sample, size_t *bytes, int *key) {
    uint32_t words[2];
    *sample = NULL;
    *bytes = 0;
    if (fread(words, 1, sizeof words, spool->file) != sizeof words) {
        return cbx_spool_check_reading(spool->file, spool->name);
    }
    const size_t size = words[0] & ~KEY_BIT;
    if (size == 0 || (long long)(sizeof words + size) > spool->size - spool->reached) {
        return CBX_OK;
    }
    const cbx_status status = make_room(spool, size);
    if (status || fread(spool->sample, 1, size, spool->file) != size ||
        words[1] != cbx_crc32(cbx_crc32(0, words, WORD), spool->sample, size)) {
        return status ? status : cbx_spool_check_reading(spool->file, spool->name);
    }
    memset(spool->sample + size, 0, PADDING);
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
    return (!key || end_group(spool)) &&
                   fwrite(words, 1, sizeof words, spool->file) == sizeof words &&
                   fwrite(sample, 1, bytes, spool->file) == bytes
               ? CBX_OK
               : fail(spool);
}

cbx_status cbx_spool_end_group(cbx_spool *spool) {
    errno = 0;
    return !spool->file || (!spool->error && end_group(spool)) ? CBX_OK : fail(spool);
}

cbx_status cbx_spool_flush(cbx_spool *spool) {
    errno = 0;
    return !spool->file || (!spool->error && fflush(spool->file) == 0) ? CBX_OK : fail(spool);
}

cbx_status cbx_spool_sync(cbx_spool *spool) {
    return !spool->file || put_on_disk(spool) ? CBX_OK : fail_to_write(spool);
}
