/* SPDX-License-Identifier: MIT */
#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static cbx_status fail_to_read(const cbx_input *from) {
    return cbx_fail(CBX_MISSING_INPUT, "cannot read %s%s: %s", from->what, from->name,
                    strerror(errno));
}

cbx_status cbx_input_open(cbx_input *out, const char *what, const char *path) {
    struct stat about;
    *out = (cbx_input){.what = what, .name = path};
    /* O_NONBLOCK: opening a pipe must not wait; regular files do not care. */
    out->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (out->file < 0) {
        return fail_to_read(out);
    }
    out->open = 1;
    out->alone = fstat(out->file, &about) == 0 && S_ISFIFO(about.st_mode);
    return CBX_OK;
}

void cbx_input_standard(cbx_input *out, const char *what) {
    *out = (cbx_input){.what = what, .name = "standard input", .file = STDIN_FILENO};
}

/* Until there is something to read, or a writer has gone: *gone says that. */
static cbx_status wait_for_writer(const cbx_input *from, int *gone) {
    const int most_ms = !from->open ? -1 : from->alone ? CBX_INPUT_ALONE_MS : CBX_INPUT_SILENT_MS;
    struct pollfd wanted = {.fd = from->file, .events = POLLIN};
    int ready;
    do {
        ready = poll(&wanted, 1, most_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) {
        return fail_to_read(from);
    }
    if (ready == 0) {
        return cbx_fail(CBX_MISSING_INPUT,
                        "cannot read %s%s: for %d seconds nobody has written to it", from->what,
                        from->name, most_ms / 1000);
    }
    *gone = !(wanted.revents & POLLIN);
    return CBX_OK;
}

cbx_status cbx_input_read(cbx_input *from, void *out, size_t capacity, size_t *got) {
    int gone = 0;
    *got = 0;
    for (;;) {
        const ssize_t result = read(from->file, out, capacity);
        const int waits = result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (result > 0 || (result == 0 && (!from->alone || gone))) {
            from->alone = 0;
            *got = (size_t)result;
            return CBX_OK;
        }
        if (waits) {
            from->alone = 0; /* there is a writer */
        } else if (result < 0 && errno != EINTR) {
            return fail_to_read(from);
        }
        cbx_status status = result == 0 || waits ? wait_for_writer(from, &gone) : CBX_OK;
        if (status) {
            return status;
        }
    }
}

/* Makes room for more than there is, up to `most` and the byte that would be too many. */
static cbx_status grow(const cbx_input *from, char **bytes, size_t *room, size_t most) {
    const size_t wanted = *room > 0 ? 2 * *room : (size_t)1 << 16;
    *room = wanted < most + 1 ? wanted : most + 1;
    char *larger = realloc(*bytes, *room);
    if (!larger) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for %s%s", from->what, from->name);
    }
    *bytes = larger;
    return CBX_OK;
}

cbx_status cbx_input_read_all(cbx_input *from, size_t most, char **bytes, size_t *size) {
    size_t room = 0, got = 1;
    cbx_status status = CBX_OK;
    *bytes = NULL;
    *size = 0;
    while (!status && got > 0 && *size <= most) {
        status = *size == room ? grow(from, bytes, &room, most) : CBX_OK;
        if (!status) {
            status = cbx_input_read(from, *bytes + *size, room - *size, &got);
            *size += got;
        }
    }
    if (!status && *size > most) {
        status = cbx_fail(CBX_BAD_DATA, "%s is larger than %zu KiB", from->name, most >> 10);
    }
    if (status) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}

void cbx_input_close(cbx_input *from) {
    if (from->open) {
        close(from->file);
    }
    *from = (cbx_input){0};
}
