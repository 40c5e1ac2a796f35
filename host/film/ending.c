/* SPDX-License-Identifier: MIT */
/* Which container a film gets. */
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "film/containers.h"
#include "film/film.h"

/* What is behind the last dot of the name, with it; NULL: there is none but in front. */
static const char *ending_of(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *leaf = slash ? slash + 1 : path;
    const char *dot = strrchr(leaf, '.');
    return dot && dot != leaf && dot[1] ? dot : NULL;
}

int cbx_film_ending_says(const char *path) {
    const char *ending = ending_of(path);
    return ending && cbx_container_of_ending(ending);
}

/* A pipe or a device may be called anything. */
int cbx_film_is_file(const char *path) {
    struct stat target;
    return stat(path, &target) != 0 || S_ISREG(target.st_mode);
}

static cbx_status fail_ending(const char *path, const char *ending) {
    char known[120];
    cbx_container_list_endings(known, sizeof known);
    return cbx_fail(CBX_BAD_ARGUMENT, "%s ends in %.20s, which is no film; it can end in %s", path,
                    ending, known);
}

cbx_status cbx_film_container(cbx_container *out, const char *path, cbx_container wish) {
    const char *ending = path ? ending_of(path) : NULL;
    const cbx_container_kind *said = ending ? cbx_container_of_ending(ending) : NULL;
    const cbx_container_kind *kind = cbx_container_kind_of(wish);
    const int file = path && cbx_film_is_file(path);
    if (!kind) {
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown container %d", (int)wish);
    }
    if (wish == CBX_CONTAINER_AUTO && !path) {
        kind = cbx_container_kind_of(CBX_CONTAINER_MPEGTS);
    } else if (wish == CBX_CONTAINER_AUTO && said) {
        kind = said;
    } else if (wish == CBX_CONTAINER_AUTO && ending && file) {
        return fail_ending(path, ending);
    } else if (said && said != kind && file) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%s ends like %s, and is to be %s; change one of them",
                        path, said->a_film, kind->a_film);
    }
    if (kind->needs_file && !file) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "%s needs a regular file, because its head is written last, and %s is none",
                        kind->a_film, path ? path : "a pipe");
    }
    *out = kind->container;
    return CBX_OK;
}
