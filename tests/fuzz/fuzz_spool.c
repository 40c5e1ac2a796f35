/* SPDX-License-Identifier: MIT */
/* Any bytes as the frames that a killed run has left. The first byte says whether the checksums are made
 * right, which a fuzzer would not find, and as what a film is recovered. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32.h"
#include "clearbox/film.h"
#include "film/spool.h"
#include "support/scratch.h"

enum { MOST = 4096, MAGIC = 16, WORD = 4, RIGHT = 1 };

static const char *const endings[] = {"", ".mp4", ".mkv", ".webm", ".ts", ".gif"};
enum { ENDINGS = sizeof endings / sizeof *endings };

static uint32_t word_at(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static void put_sum(uint8_t *to, uint32_t sum) {
    memcpy(to, &sum, sizeof sum);
}

/* Of the head, and of each record that is whole. */
static void make_right(uint8_t *bytes, size_t size) {
    size_t at = MAGIC + WORD;
    if (size < at || size - at < WORD || word_at(bytes + MAGIC) > size - at - WORD) {
        return;
    }
    const size_t head = word_at(bytes + MAGIC);
    put_sum(bytes + at + head, cbx_crc32(0, bytes + at, head));
    at += head + WORD;
    while (size - at >= 2 * WORD) {
        const size_t sample = word_at(bytes + at) & 0x7fffffff;
        if (sample > size - at - 2 * WORD) {
            return;
        }
        put_sum(bytes + at + WORD,
                cbx_crc32(cbx_crc32(0, bytes + at, WORD), bytes + at + 2 * WORD, sample));
        at += 2 * WORD + sample;
    }
}

/* Frames that can be read; negative: there is not even a head. *counted_on: it names a checkpoint, which may be any
 * file of this machine. */
static long long read_all(const char *name, int *counted_on) {
    cbx_spool *spool = NULL;
    const uint8_t *sample = NULL;
    size_t bytes = 1;
    int key;
    long long frames = -1;
    fuzz_begin();
    const cbx_status status = cbx_spool_open(&spool, name);
    fuzz_require_told(status);
    *counted_on = !status && cbx_spool_head_of(spool)->checkpoint;
    while (!status && bytes > 0) {
        FUZZ_REQUIRE(cbx_spool_next(spool, &sample, &bytes, &key) == CBX_OK);
        FUZZ_REQUIRE(bytes <= MOST);
        frames++;
    }
    cbx_spool_close(spool, 1);
    return frames;
}

/* What is not recovered stays. */
static void recover(const char *folder, const char *left, const char *ending, long long frames) {
    char film[SCRATCH_PATH + 8], out[SCRATCH_PATH + 16];
    cbx_film_result result = {0};
    struct stat about;
    int kept = 1;
    snprintf(film, sizeof film, "%s/film", folder);
    snprintf(out, sizeof out, "%s/out%s", folder, ending);
    fuzz_begin();
    const cbx_status status = cbx_film_recover(film, out, 0, &result, &kept);
    fuzz_require_told(status);
    FUZZ_REQUIRE((status == CBX_OK) == (stat(out, &about) == 0));
    FUZZ_REQUIRE((status == CBX_OK) == (stat(left, &about) != 0));
    FUZZ_REQUIRE((status == CBX_OK) == !kept);
    FUZZ_REQUIRE(status || (frames > 0 && result.frames == (uint64_t)frames));
    unlink(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char *folder;
    uint8_t file[MOST];
    char left[SCRATCH_PATH + 24];
    if (size < 1 || size > MOST) {
        return 0;
    }
    folder = folder ? folder : fuzz_folder();
    snprintf(left, sizeof left, "%s/.film.spool-1", folder);
    memcpy(file, bytes + 1, size - 1);
    if (bytes[0] & RIGHT) {
        make_right(file, size - 1);
    }
    scratch_write(left, file, size - 1);
    int counted_on;
    const long long frames = read_all(left, &counted_on);
    if (frames >= 0 && !counted_on) {
        recover(folder, left, endings[bytes[0] / 2 % ENDINGS], frames);
    }
    unlink(left);
    return 0;
}
