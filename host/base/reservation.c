/* SPDX-License-Identifier: MIT */
#include "base/reservation.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
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

/* Whoever has a name has that with a '~', too. */
static int is_taken(const char *path, const char *own) {
    char other[PATH_MAX];
    search others = {own, 0};
    const size_t length = strlen(path);
    cbx_claim_each(path, KIND, consider, &others);
    if (snprintf(other, sizeof other, "%s~", path) < PATH_MAX) {
        cbx_claim_each(other, KIND, consider, &others);
    }
    if (length > 0 && path[length - 1] == '~') {
        snprintf(other, sizeof other, "%.*s", (int)length - 1, path);
        cbx_claim_each(other, KIND, consider, &others);
    }
    return others.found;
}

int cbx_reservation_take(cbx_reservation *out, const char *path) {
    char followed[PATH_MAX];
    *out = (cbx_reservation){0};
    path = cbx_path_follow(path, followed);
    /* Made first and looked for others then: of two at least one sees the other. */
    out->file = cbx_temporary_create(path, KIND, NULL, &out->name);
    const int error = out->name ? 0 : errno;
    if (is_taken(path, out->name)) {
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
