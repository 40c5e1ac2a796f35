/* SPDX-License-Identifier: MIT */
#include "learn/needed.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "data/safetensors.h"
#include "learn/checkpoint_names.h"
#include "network/weights_file.h"

/* Of a file that is whole. */
static int names(const cbx_safetensors *file, const char *spool) {
    int found = 0;
    for (int i = 0; i < CBX_KEPT_FILMS && !found; i++) {
        const char *own = cbx_safetensors_string(file, cbx_film_keys[i].spool);
        found = own && cbx_files_same(own, spool);
    }
    return found;
}

static int may_count_on(const char *path, const char *spool) {
    cbx_safetensors file;
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return 0;
    }
    if (cbx_safetensors_open(&file, path, "checkpoint", CBX_WEIGHTS_NEEDED)) {
        return 1;
    }
    const int may = names(&file, spool) || cbx_safetensors_check(&file) != CBX_OK;
    cbx_safetensors_close(&file);
    return may;
}

int cbx_spool_is_needed(const cbx_spool *spool) {
    const char *checkpoint = cbx_spool_head_of(spool)->checkpoint;
    char *previous = checkpoint ? cbx_checkpoint_previous(checkpoint) : NULL;
    const int needed =
        checkpoint && (!previous || may_count_on(checkpoint, cbx_spool_name(spool)) ||
                       may_count_on(previous, cbx_spool_name(spool)));
    free(previous);
    return needed;
}
