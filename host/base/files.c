/* realpath() */
#define _XOPEN_SOURCE 700
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

/* A hidden name may be longer than its target's; file systems allow 255 bytes. */
enum { NAME_BYTES_KEPT = 200, TEMPORARY_TRIES = 100 };

/* Bytes of `path` up to its last slash, that one included; 0 without a slash. */
static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static cbx_status copy_text(char **out, const char *text) {
    cbx_status status = cbx_new(out, strlen(text) + 1);
    if (status == CBX_OK) {
        memcpy(*out, text, strlen(text));
    }
    return status;
}

/* Says why a file cannot be created beside `path`, from errno. */
static cbx_status fail_to_create(const char *path, int error) {
    size_t length = folder_length(path);
    const char *folder = length > 0 ? path : ".";
    int shown = length > 1 ? (int)length - 1 : 1;
    switch (error) {
    case ENOENT:
        return cbx_fail(CBX_CANNOT_CREATE,
                        "cannot create %s: the folder %.*s does not exist; make it first", path,
                        shown, folder);
    case ENOTDIR:
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create %s: %.*s is not a folder", path, shown,
                        folder);
    case EACCES:
    case EPERM:
    case EROFS:
        return cbx_fail(CBX_CANNOT_CREATE,
                        "cannot create %s: the folder %.*s cannot be written to (%s)", path, shown,
                        folder, strerror(error));
    default:
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create %s in the folder %.*s: %s", path, shown,
                        folder, strerror(error));
    }
}

static cbx_status fail_existing(const char *path) {
    return cbx_fail(CBX_CANNOT_CREATE,
                    "%s exists already and is not to be replaced; choose another name", path);
}

/* Creates `.NAME.part-PID` beside output->path, or `.NAME.part-PID-2` and so on when
 * this process writes the same target twice, or a killed one left its file behind. */
static cbx_status create_temporary(cbx_output *output) {
    size_t folder = folder_length(output->path);
    const char *name = output->path + folder;
    size_t capacity = folder + NAME_BYTES_KEPT + 64;
    cbx_status status = cbx_new(&output->temporary, capacity);
    if (status != CBX_OK) {
        return status;
    }
    for (int attempt = 1; attempt <= TEMPORARY_TRIES; attempt++) {
        int length = snprintf(output->temporary, capacity, "%.*s.%.*s.part-%ld", (int)folder,
                              output->path, NAME_BYTES_KEPT, name, (long)getpid());
        if (attempt > 1) {
            snprintf(output->temporary + length, capacity - (size_t)length, "-%d", attempt);
        }
        int file = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0) {
            close(file);
            return CBX_OK;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    int error = errno;
    free(output->temporary);
    output->temporary = NULL;
    return fail_to_create(output->path, error);
}

/* A link stays a link: what it points to is replaced. */
static cbx_status follow_link(cbx_output *output) {
    char *resolved = realpath(output->path, NULL);
    if (!resolved) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create %s: %s", output->path, strerror(errno));
    }
    free(output->path);
    output->path = resolved;
    return CBX_OK;
}

static cbx_status prepare_existing(cbx_output *output, const struct stat *target) {
    if (S_ISDIR(target->st_mode)) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create %s: it is a folder; add a file name",
                        output->path);
    }
    if (!S_ISREG(target->st_mode)) {
        if (access(output->path, W_OK) != 0) {
            return cbx_fail(CBX_CANNOT_CREATE, "cannot write to %s: %s", output->path,
                            strerror(errno));
        }
        return copy_text(&output->temporary, output->path);
    }
    if (output->no_clobber) {
        return fail_existing(output->path);
    }
    cbx_status status = follow_link(output);
    return status == CBX_OK ? create_temporary(output) : status;
}

cbx_status cbx_output_open(cbx_output *output, const char *path, int no_clobber) {
    struct stat target;
    cbx_status status;

    memset(output, 0, sizeof *output);
    output->no_clobber = no_clobber;
    size_t length = strlen(path);
    if (length == 0) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create an output file without a name");
    }
    status = copy_text(&output->path, path);
    if (status != CBX_OK) {
        return status;
    }
    if (stat(path, &target) == 0) {
        status = prepare_existing(output, &target);
    } else if (errno != ENOENT) {
        status = fail_to_create(path, errno);
    } else if (path[length - 1] == '/') {
        status = cbx_fail(CBX_CANNOT_CREATE,
                          "cannot create %s: it ends like a folder; add a "
                          "file name",
                          path);
    } else {
        status = create_temporary(output);
    }
    if (status != CBX_OK) {
        cbx_output_discard(output);
    }
    return status;
}

static int is_direct(const cbx_output *output) {
    return strcmp(output->path, output->temporary) == 0;
}

/* Gives the temporary file its name unless the name is taken; errno on failure. */
static int move_to_free_name(const cbx_output *output) {
    if (link(output->temporary, output->path) == 0) {
        unlink(output->temporary);
        return 0;
    }
    if (errno == EEXIST) {
        return -1;
    }
    /* No hard links here (FAT): take the name with an empty file, then replace that. */
    int file = open(output->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        return -1;
    }
    close(file);
    if (rename(output->temporary, output->path) != 0) {
        int error = errno;
        unlink(output->path);
        errno = error;
        return -1;
    }
    return 0;
}

cbx_status cbx_output_commit(cbx_output *output) {
    if (!output->path || !output->temporary) {
        return cbx_fail(CBX_BAD_ARGUMENT, "an output file that is not open cannot be committed");
    }
    if (!is_direct(output)) {
        int failed = output->no_clobber ? move_to_free_name(output)
                                        : rename(output->temporary, output->path);
        if (failed) {
            cbx_status status = errno == EEXIST && output->no_clobber
                                    ? fail_existing(output->path)
                                    : fail_to_create(output->path, errno);
            cbx_output_discard(output);
            return status;
        }
    }
    free(output->temporary);
    output->temporary = NULL;
    return CBX_OK;
}

void cbx_output_discard(cbx_output *output) {
    if (output->temporary && !is_direct(output)) {
        unlink(output->temporary);
    }
    free(output->temporary);
    free(output->path);
    output->temporary = NULL;
    output->path = NULL;
}

static cbx_status write_all(const cbx_output *output, const unsigned char *bytes, size_t size) {
    int file = open(output->temporary, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot open %s: %s", output->temporary,
                        strerror(errno));
    }
    size_t done = 0;
    int error = 0;
    while (done < size && error == 0) {
        ssize_t written = write(file, bytes + done, size - done);
        if (written >= 0) {
            done += (size_t)written;
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    if (close(file) != 0 && error == 0) {
        error = errno;
    }
    if (error != 0) {
        return cbx_fail(CBX_CANNOT_WRITE, "cannot write %s: %s after %zu of %zu bytes",
                        output->path, strerror(error), done, size);
    }
    return CBX_OK;
}

cbx_status cbx_write_file(const char *path, int no_clobber, const void *bytes, unsigned long size) {
    cbx_output output;
    cbx_status status = cbx_output_open(&output, path, no_clobber);
    if (status == CBX_OK) {
        status = write_all(&output, bytes, size);
    }
    if (status == CBX_OK) {
        status = cbx_output_commit(&output);
    }
    cbx_output_discard(&output);
    return status;
}
