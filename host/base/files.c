/* SPDX-License-Identifier: MIT */
/* realpath(), faccessat() */
#define _XOPEN_SOURCE 700
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/temporary.h"

/* Says why a file cannot be created beside `path`, from errno. */
static cbx_status fail_to_create(const char *path, int error) {
    size_t length = cbx_path_folder_bytes(path);
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
    case EEXIST:
        return cbx_fail(CBX_CANNOT_CREATE,
                        "cannot create %s: the folder %.*s has all of its temporary files .%.200s"
                        ".part-%ld… in use; remove them if nobody writes them",
                        path, shown, folder, path + length, (long)getpid());
    default:
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create %s in the folder %.*s: %s", path, shown,
                        folder, strerror(error));
    }
}

static cbx_status fail_existing(const char *path) {
    return cbx_fail(CBX_CANNOT_CREATE,
                    "%s exists already and is not to be replaced; choose another name", path);
}

/* ---- opening ---- */

static cbx_status open_stream(cbx_output *output, int file, const char *mode) {
    output->stream = fdopen(file, mode);
    if (!output->stream) {
        int error = errno;
        close(file);
        return cbx_fail(CBX_NO_MEMORY, "cannot write %s: %s", output->path, strerror(error));
    }
    return CBX_OK;
}

/* `old` is as check_target() left it. */
static cbx_status create_temporary(cbx_output *output, const struct stat *old) {
    int file = cbx_temporary_create(output->path, CBX_PART_KIND, old->st_mode ? old : NULL,
                                    &output->temporary);
    if (file < 0) {
        return errno == ENOMEM
                   ? cbx_fail(CBX_NO_MEMORY, "not enough memory to create %s", output->path)
                   : fail_to_create(output->path, errno);
    }
    return open_stream(output, file, "w+b");
}

/* Where `path` leads: a link stays a link, and what it points to is replaced. */
static cbx_status follow(cbx_output *output, const char *path) {
    char followed[PATH_MAX];
    if (strlen(path) >= sizeof followed) {
        return fail_to_create(path, ENAMETOOLONG);
    }
    return cbx_copy_text(&output->path, cbx_path_follow(path, followed));
}

/* Opens what is not a regular file. A pipe without a reader is tried again until there
 * is one, rather than waited for in a call that nothing but a signal ends. */
static cbx_status open_direct(cbx_output *output, const struct stat *target,
                              int (*stop)(void *user), void *user) {
    const struct timespec pause = {0, 20000000};
    const int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
    int file;
    while ((file = open(output->path, flags | (S_ISFIFO(target->st_mode) ? O_NONBLOCK : 0))) < 0 &&
           (errno == EINTR || (errno == ENXIO && S_ISFIFO(target->st_mode)))) {
        if (stop && stop(user)) {
            return cbx_fail(CBX_INTERRUPTED, "stopped while waiting for a reader of %s",
                            output->path);
        }
        nanosleep(&pause, NULL);
    }
    if (file < 0) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot write to %s: %s", output->path, strerror(errno));
    }
    (void)fcntl(file, F_SETFL, O_WRONLY);
    output->temporary = output->path;
    return open_stream(output, file, "wb");
}

static int is_direct(const struct stat *target) {
    return target->st_mode && !S_ISREG(target->st_mode);
}

/* What can be said of the target before anything is opened. Without one *target is zeroed. */
static cbx_status check_target(const char *path, int no_clobber, struct stat *target) {
    size_t length = strlen(path);
    struct stat link;
    if (length == 0) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create an output file without a name");
    }
    const int exists = stat(path, target) == 0;
    if (!exists) {
        if (errno != ENOENT) {
            return fail_to_create(path, errno);
        }
        memset(target, 0, sizeof *target);
        if (path[length - 1] == '/') {
            return cbx_fail(CBX_CANNOT_CREATE,
                            "cannot create %s: it ends like a folder; add a file name", path);
        }
    }
    if (S_ISDIR(target->st_mode)) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create %s: it is a folder; add a file name",
                        path);
    }
    if (no_clobber && !is_direct(target) && lstat(path, &link) == 0) {
        return fail_existing(path);
    }
    if (exists && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot write to %s: %s", path, strerror(errno));
    }
    return CBX_OK;
}

cbx_status cbx_output_open_unless(cbx_output *output, const char *path, int no_clobber,
                                  int (*stop)(void *user), void *user) {
    struct stat target;
    *output = (cbx_output){.no_clobber = no_clobber};
    cbx_status status = check_target(path, no_clobber, &target);
    if (!status && is_direct(&target)) {
        status = cbx_copy_text(&output->path, path);
        status = status ? status : open_direct(output, &target, stop, user);
    } else if (!status) {
        status = follow(output, path);
        status = status ? status : create_temporary(output, &target);
    }
    if (status) {
        cbx_output_discard(output);
    }
    return status;
}

cbx_status cbx_output_open(cbx_output *output, const char *path, int no_clobber) {
    return cbx_output_open_unless(output, path, no_clobber, NULL, NULL);
}

cbx_status cbx_output_open_descriptor(cbx_output *output, int descriptor, const char *name) {
    *output = (cbx_output){0};
    cbx_status status = cbx_copy_text(&output->path, name);
    if (status) {
        close(descriptor);
        return status;
    }
    output->temporary = output->path;
    status = open_stream(output, descriptor, "wb");
    if (status) {
        cbx_output_discard(output);
    }
    return status;
}

cbx_status cbx_output_probe(const char *path, int no_clobber) {
    cbx_output output;
    struct stat target;
    cbx_status status = check_target(path, no_clobber, &target);
    if (status || is_direct(&target)) {
        return status;
    }
    status = cbx_output_open(&output, path, no_clobber);
    cbx_output_discard(&output);
    return status;
}

/* ---- writing ---- */

int cbx_output_is_regular(const cbx_output *output) {
    return output->temporary && output->temporary != output->path;
}

static void note_error(cbx_output *output, int error) {
    if (!output->error) {
        output->error = error ? error : EIO;
    }
}

void cbx_output_write(cbx_output *output, const void *bytes, size_t size) {
    errno = 0;
    if (!output->error && fwrite(bytes, 1, size, output->stream) != size) {
        note_error(output, errno);
    }
}

static cbx_status report_error(const cbx_output *output) {
    if (!output->error) {
        return CBX_OK;
    }
    return cbx_fail(output->error == ENOMEM ? CBX_NO_MEMORY : CBX_CANNOT_WRITE,
                    "cannot write %s: %s", output->path, strerror(output->error));
}

cbx_status cbx_output_flush(cbx_output *output) {
    errno = 0;
    if (fflush(output->stream) != 0 || ferror(output->stream)) {
        note_error(output, errno);
    }
    return report_error(output);
}

/* A file system that cannot do it (EINVAL, EROFS) has nothing to lose either. */
static void put_on_disk(cbx_output *output) {
    if (cbx_output_is_regular(output) && fsync(fileno(output->stream)) != 0 && errno != EINVAL &&
        errno != EROFS && errno != ENOSYS) {
        note_error(output, errno);
    }
}

void cbx_put_folder_on_disk(const char *path) {
    char folder[PATH_MAX];
    size_t length = cbx_path_folder_bytes(path);
    if (length >= sizeof folder) {
        return;
    }
    snprintf(folder, sizeof folder, "%.*s", (int)length, path);
    int file = open(length > 0 ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        (void)fsync(file);
        close(file);
    }
}

static cbx_status move(cbx_output *output) {
    if (cbx_temporary_move(output->temporary, output->path, output->no_clobber) != 0) {
        return errno == EEXIST && output->no_clobber ? fail_existing(output->path)
                                                     : fail_to_create(output->path, errno);
    }
    output->temporary = NULL; /* there is nothing left to remove */
    cbx_put_folder_on_disk(output->path);
    return CBX_OK;
}

cbx_status cbx_output_commit_keeping(cbx_output *output, const char *previous) {
    if (!output->path) {
        return cbx_fail(CBX_BAD_ARGUMENT, "an output file that is not open cannot be committed");
    }
    cbx_status status = cbx_output_flush(output);
    if (!status) {
        put_on_disk(output);
        status = report_error(output);
    }
    if (!status && previous && cbx_temporary_keep(output->path, previous) != 0) {
        status = fail_to_create(previous, errno);
    }
    if (!status && cbx_output_is_regular(output)) {
        status = move(output);
    }
    cbx_output_discard(output);
    return status;
}

cbx_status cbx_output_commit(cbx_output *output) {
    return cbx_output_commit_keeping(output, NULL);
}

void cbx_output_discard(cbx_output *output) {
    if (cbx_output_is_regular(output)) {
        cbx_temporary_remove(output->temporary);
    }
    if (output->stream) {
        fclose(output->stream); /* which ends the lock, too */
    }
    free(output->path);
    *output = (cbx_output){0};
}

cbx_status cbx_write_file(const char *path, int no_clobber, const void *bytes, size_t size) {
    cbx_output output;
    cbx_status status = cbx_output_open(&output, path, no_clobber);
    if (!status) {
        cbx_output_write(&output, bytes, size);
        status = cbx_output_commit(&output);
    }
    return status;
}
