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
#include "network/weights.h"

enum { MOST = 64 << 10 };

static void make_right(uint8_t *bytes, size_t size) {
    uint32_t sum;
    if (size >= sizeof sum) {
        sum = cbx_crc32(0, bytes, size - sizeof sum);
        memcpy(bytes + size - sizeof sum, &sum, sizeof sum);
    }
}

/* The file that comes of it, as long as *size says, for free(). */
/* The weights that a file has; NULL: they are not finite, which is found when they are read. */
static cbx_network *weights_of(const cbx_checkpoint *checkpoint) {
    cbx_network *network = NULL;
    FUZZ_REQUIRE(cbx_network_create(&network, checkpoint->settings.hidden) == CBX_OK);
    const cbx_status status = cbx_network_take_weights(network, &checkpoint->weights);
    FUZZ_REQUIRE(!status || status == CBX_BAD_DATA);
    if (status) {
        fuzz_require_told(status);
        cbx_network_destroy(network);
        return NULL;
    }
    return network;
}

static uint8_t *write_it(cbx_checkpoint *checkpoint, const cbx_network *network, size_t *size) {
    cbx_network_weights weights = {.network = network};
    checkpoint->weights = (cbx_pieces){cbx_network_weights_next, &weights};
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
    cbx_network *network = weights_of(&checkpoint);
    FUZZ_REQUIRE(network);
    uint8_t *new_bytes = write_it(&checkpoint, network, new_size);
    cbx_network_destroy(network);
    cbx_checkpoint_clear(&checkpoint);
    return new_bytes;
}

static void require_the_same_again(cbx_checkpoint *checkpoint, const cbx_network *network) {
    size_t first_size, second_size;
    uint8_t *first = write_it(checkpoint, network, &first_size);
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
        cbx_network *network = weights_of(&checkpoint);
        if (network) {
            require_the_same_again(&checkpoint, network);
        }
        cbx_network_destroy(network);
    }
    cbx_checkpoint_clear(&checkpoint);
    return 0;
}
