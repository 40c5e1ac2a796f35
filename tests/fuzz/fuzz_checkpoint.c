/* SPDX-License-Identifier: MIT */
/* Any bytes as a checkpoint. The first byte says whether the checksum at the end is made right, which a
 * fuzzer would not find. What is accepted is written and read twice more: the same file both times. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32.h"
#include "learn/checkpoint.h"
#include "learn/kept_settings.h"

enum { MOST = 64 << 10 };

static void make_right(uint8_t *bytes, size_t size) {
    uint32_t sum;
    if (size >= sizeof sum) {
        sum = cbx_crc32(0, bytes, size - sizeof sum);
        memcpy(bytes + size - sizeof sum, &sum, sizeof sum);
    }
}

/* The file that comes of it, as long as *size says, for free(). */
static uint8_t *write_it(const cbx_checkpoint *checkpoint, size_t *size) {
    const cbx_setting about = {"data_sha256", checkpoint->data_sha256};
    FILE *file = fuzz_stream(NULL, 0);
    cbx_output output;
    FUZZ_REQUIRE(cbx_output_open_descriptor(&output, dup(fileno(file)), "again") == CBX_OK);
    FUZZ_REQUIRE(cbx_checkpoint_write(checkpoint, &about, 1, &output) == CBX_OK);
    FUZZ_REQUIRE(cbx_output_flush(&output) == CBX_OK);
    cbx_output_discard(&output);
    FUZZ_REQUIRE(fseek(file, 0, SEEK_END) == 0);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = fuzz_allocate(*size);
    FUZZ_REQUIRE(fread(bytes, 1, *size, file) == *size);
    return bytes;
}

static uint8_t *write_again(const uint8_t *bytes, size_t size, size_t *new_size) {
    cbx_checkpoint checkpoint;
    FUZZ_REQUIRE(cbx_checkpoint_read(&checkpoint, fuzz_file(bytes, size)) == CBX_OK);
    uint8_t *new_bytes = write_it(&checkpoint, new_size);
    cbx_checkpoint_clear(&checkpoint);
    return new_bytes;
}

static void require_the_same_again(const cbx_checkpoint *checkpoint) {
    size_t first_size, second_size;
    uint8_t *first = write_it(checkpoint, &first_size);
    uint8_t *second = write_again(first, first_size, &second_size);
    FUZZ_REQUIRE(second_size == first_size && memcmp(first, second, first_size) == 0);
    FUZZ_REQUIRE(cbx_kept_settings_compare(&checkpoint->settings, &checkpoint->settings, "") ==
                 CBX_OK);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static uint8_t file[MOST];
    cbx_checkpoint checkpoint;
    if (size < 1 || size > MOST) {
        return 0;
    }
    memcpy(file, bytes + 1, size - 1);
    if (bytes[0] & 1) {
        make_right(file, size - 1);
    }
    fuzz_begin();
    const cbx_status status = cbx_checkpoint_read(&checkpoint, fuzz_file(file, size - 1));
    fuzz_require_told(status);
    if (!status) {
        FUZZ_REQUIRE(checkpoint.network->hidden == checkpoint.settings.hidden);
        require_the_same_again(&checkpoint);
    }
    cbx_checkpoint_clear(&checkpoint);
    return 0;
}
