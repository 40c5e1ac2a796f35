/* SPDX-License-Identifier: MIT */
/* Valid files with bytes changed, cut, repeated or inserted, many thousand times and
 * always the same way: readers say CBX_OK or what is wrong, take no more memory than
 * the bytes can justify, and crash never (best run under sanitizers). */
#include "support/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "network/weights_file.h"
#include "support/allocations.h"
#include "support/idx.h"

enum { MUTATIONS = 20000 };

/* One to four changes. Most fall into the first `head` bytes, where headers are. */
static blob mutate(const blob *from, size_t head, cbx_random *random) {
    static const uint8_t tricky[] = {0x00, 0xff, 0x7f, 0x80, 0x1f, 0x8b, '"', '{', '9', '-'};
    blob to = {NULL, 0};
    blob_add(&to, from->bytes, from->size);
    for (uint32_t i = cbx_random_below(random, 4) + 1; i > 0 && to.size > 0; i--) {
        size_t span = cbx_random_below(random, 4) > 0 && head < to.size ? head : to.size;
        size_t at = cbx_random_below(random, (uint32_t)span);
        switch (cbx_random_below(random, 5)) {
        case 0:
            to.bytes[at] ^= (uint8_t)(1u << cbx_random_below(random, 8));
            break;
        case 1:
            to.bytes[at] = tricky[cbx_random_below(random, sizeof tricky)];
            break;
        case 2:
            to.size = at;
            break;
        case 3: /* remove one byte */
            memmove(to.bytes + at, to.bytes + at + 1, to.size - at - 1);
            to.size--;
            break;
        default: /* repeat one byte */
            blob_add(&to, "", 1);
            memmove(to.bytes + at + 1, to.bytes + at, to.size - at - 1);
            break;
        }
    }
    return to;
}

static void assert_sane(cbx_status status, size_t file_bytes) {
    if (status != CBX_OK && status != CBX_BAD_DATA) {
        fail_msg("%s: %s", cbx_status_text(status), cbx_last_error());
    }
    /* Deflate packs no more than 1032 bytes into one; the scratch buffer has 64 KiB. */
    assert_true(allocations_largest <= 1032 * file_bytes + 65536);
}

static void check_idx(const blob *from, int gzipped, cbx_idx_kind kind, size_t head) {
    cbx_random random;
    int read = 0;
    cbx_random_seed(&random, 11, 0);
    for (int i = 0; i < MUTATIONS; i++) {
        blob mutated = mutate(from, head, &random);
        cbx_idx idx;
        allocations_largest = 0;
        cbx_status status = idx_decode(&idx, "mutated", mutated.bytes, mutated.size, gzipped, kind);
        assert_sane(status, mutated.size);
        read += status == CBX_OK;
        assert_true((idx.items != NULL) == (status == CBX_OK));
        cbx_idx_free(&idx);
        blob_free(&mutated);
    }
    /* Some mutations are harmless, most are not: else they would test nothing. */
    assert_in_range(read, 1, MUTATIONS / 2);
}

static void mutated_idx_files_are_judged(void **state) {
    (void)state;
    blob images = blob_images(4), labels = blob_labels(200);
    blob packed_images = blob_gzip(&images), packed_labels = blob_gzip(&labels);
    check_idx(&images, 0, CBX_IDX_IMAGES, 16);
    check_idx(&labels, 0, CBX_IDX_LABELS, 8);
    check_idx(&packed_images, 1, CBX_IDX_IMAGES, 40);
    check_idx(&packed_labels, 1, CBX_IDX_LABELS, 40);
    blob_free(&images);
    blob_free(&labels);
    blob_free(&packed_images);
    blob_free(&packed_labels);
}

static void mutated_safetensors_files_are_judged(void **state) {
    const cbx_setting settings[] = {{"seed", "0"}, {"recipe", "lesson"}};
    const char *path = scratch_path(state, "w.safetensors");
    cbx_network *network = NULL;
    cbx_random random;
    blob whole = {NULL, 0};
    int read = 0;

    assert_ok(cbx_network_create(&network, 1));
    cbx_network_randomise(network, 0);
    assert_ok(cbx_network_save(network, path, settings, 2));
    cbx_network_destroy(network);
    whole.bytes = scratch_read(path, &whole.size);
    cbx_random_seed(&random, 12, 0);
    for (int i = 0; i < MUTATIONS; i++) {
        blob mutated = mutate(&whole, 200, &random);
        /* One byte more, so that an empty file can be opened, too. */
        FILE *file = fmemopen(mutated.bytes, mutated.size + 1, "rb");
        assert_non_null(file);
        allocations_largest = 0;
        cbx_safetensors tensors;
        cbx_status status = cbx_safetensors_open_stream(&tensors, file, mutated.size, "mutated",
                                                        CBX_WEIGHTS_NEEDED);
        network = NULL;
        if (!status) {
            status = cbx_network_read(&network, &tensors);
        }
        assert_sane(status, mutated.size);
        read += status == CBX_OK;
        assert_true((network != NULL) == (status == CBX_OK));
        cbx_network_destroy(network);
        cbx_safetensors_close(&tensors);
        blob_free(&mutated);
    }
    assert_in_range(read, 1, MUTATIONS / 2);
    blob_free(&whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_idx_files_are_judged),
        SCRATCH_TEST(mutated_safetensors_files_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
