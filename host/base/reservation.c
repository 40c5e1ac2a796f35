/* SPDX-License-Identifier: MIT */
#include "base/reservation.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/claim.h"
#include "base/path.h"
#include "base/temporary.h"

static const char KIND[] = "lock";

typedef struct search {
    const char *own; /* which does not count */
    int found;
} search;

static void consider(void *user, const char *name) {
    search *others = user;
    if (!others->found && (!others->own || strcmp(name, others->own) != 0)) {
        others->found = cbx_claim_is_held(name);
    }
}

/* FILE, FILE~ and what may have been behind them go together, by the lock of the first. */
static void cut_tildes(char *path) {
    size_t length = strlen(path);
    while (length > cbx_path_folder_bytes(path) + 1 && path[length - 1] == '~') {
        path[--length] = '\0';
    }
}

int cbx_reservation_take(cbx_reservation *out, const char *path) {
    char followed[PATH_MAX];
    *out = (cbx_reservation){0};
    if (cbx_path_follow(path, followed) != followed) {
        return ENAMETOOLONG;
    }
    cut_tildes(followed);
    /* Made first and looked for others then: of two at least one sees the other. */
    out->file = cbx_temporary_create(followed, KIND, NULL, &out->name);
    const int error = out->name ? 0 : errno;
    search others = {out->name, 0};
    cbx_claim_each(followed, KIND, consider, &others);
    if (others.found) {
        cbx_reservation_end(out);
        return EWOULDBLOCK;
    }
    return error;
}

void cbx_reservation_end(cbx_reservation *reservation) {
    if (reservation->name) {
        cbx_temporary_remove(reservation->name);
        close(reservation->file);
    }
    *reservation = (cbx_reservation){0};
}
