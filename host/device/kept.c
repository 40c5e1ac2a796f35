/* SPDX-License-Identifier: MIT */
/* A kept program is a file of
 *
 *   magic 8 bytes, identity and binary: their sizes and a checksum of both, 3 × 8 bytes
 *   identity   everything that the binary depends on, in words: device, driver, options, what
 *              the processor can do, sources; compared byte by byte, so that no two can be taken for each other
 *   binary     the driver's
 *
 * in the byte order of the machine. Its name depends on the device and the options alone:
 * a new driver or new sources replace it. */
#include "device/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/memory.h"
#include "device/cache.h"

extern char **environ;

#define MOST_BYTES (UINT64_C(1) << 28)

typedef struct header {
    char magic[8];
    uint64_t identity_bytes, binary_bytes, checksum;
} header;

static const char magic[8] = {'c', 'b', 'x', 'p', 'r', 'o', 'g', '1'};

/* ---- what identifies a program ---- */

typedef struct identity {
    unsigned char *bytes;
    size_t size;
    cbx_status status; /* of all that was added */
} identity;

/* Appends a text and its end. */
static void add(identity *to, const char *text, size_t size) {
    unsigned char *bytes =
        to->status ? NULL : realloc(to->bytes, to->size + size + 1); /* never 0 bytes */
    if (!bytes) {
        to->status = CBX_NO_MEMORY;
        return;
    }
    to->bytes = bytes;
    memcpy(bytes + to->size, text, size);
    to->size += size;
    bytes[to->size++] = '\0';
}

/* What the processor can do: machines that share a home folder may have processors of one
 * name and different instructions. */
static void add_processor(identity *to) {
    char line[8192];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0) {
            add(to, line, strlen(line));
            break;
        }
    }
    if (file) {
        fclose(file);
    }
}

/* Intel's runtime is told through the environment what to compile for. */
static void add_environment(identity *to) {
    for (char **variable = environ; *variable; variable++) {
        if (strncmp(*variable, "CL_CONFIG_", 10) == 0) {
            add(to, *variable, strlen(*variable));
        }
    }
}

/* The bytes are for free() in every case. */
static cbx_status describe(identity *out, const cbx_device *device, const cbx_sources *sources,
                           const char *options) {
    const cbx_device_info *info = &device->info;
    const char *words[] = {info->platform, info->vendor, info->name,
                           info->version,  info->driver, options};
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < CBX_COUNT(words); i++) {
        add(out, words[i], strlen(words[i]));
    }
    if (info->kind == CBX_KIND_CPU) {
        add_processor(out);
    }
    add_environment(out);
    for (size_t i = 0; i < sources->count; i++) {
        add(out, sources->texts[i], sources->sizes[i]);
    }
    return out->status;
}

static int find_place(char path[PATH_MAX], const cbx_device *device, const char *options) {
    uint64_t hash = cbx_hash_text(CBX_HASH_SEED, device->info.platform);
    hash = cbx_hash_text(hash, device->info.name);
    hash = cbx_hash_text(hash, options);
    return cbx_cache_path(path, "program", hash, "bin");
}

static uint64_t checksum(const unsigned char *bytes, size_t size) {
    return cbx_hash(CBX_HASH_SEED, bytes, size);
}

/* ---- reading ---- */

/* The whole of a regular file, for free(); NULL: there is none, or none of a sensible size. */
static unsigned char *read_file(const char *path, size_t *size) {
    struct stat about;
    unsigned char *bytes = NULL;
    FILE *file = stat(path, &about) == 0 && S_ISREG(about.st_mode) ? fopen(path, "rb") : NULL;
    if (!file) {
        return NULL;
    }
    *size = about.st_size > 0 && (uint64_t)about.st_size <= MOST_BYTES ? (size_t)about.st_size : 0;
    if (*size > sizeof(header) && cbx_allocate(&bytes, *size, 1) == CBX_OK &&
        fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

/* Where the binary begins in a file that belongs to `who` and is whole; 0: it is not. */
static size_t find_binary(const unsigned char *bytes, size_t size, const identity *who) {
    header head;
    memcpy(&head, bytes, sizeof head);
    const unsigned char *payload = bytes + sizeof head;
    const size_t rest = size - sizeof head;
    const int ours =
        memcmp(head.magic, magic, sizeof magic) == 0 && head.identity_bytes == who->size &&
        rest > who->size && head.binary_bytes == rest - who->size &&
        head.checksum == checksum(payload, rest) && memcmp(payload, who->bytes, who->size) == 0;
    return ours ? sizeof head + who->size : 0;
}

static cl_program build(const cbx_device *device, const char *options, const unsigned char *binary,
                        size_t size) {
    cl_int error = CL_SUCCESS, accepted = CL_SUCCESS;
    cl_program program = clCreateProgramWithBinary(device->context, 1, &device->id, &size, &binary,
                                                   &accepted, &error);
    if (error != CL_SUCCESS) {
        return NULL;
    }
    if (accepted != CL_SUCCESS ||
        clBuildProgram(program, 1, &device->id, options, NULL, NULL) != CL_SUCCESS) {
        clReleaseProgram(program);
        return NULL;
    }
    return program;
}

cl_program cbx_kept_recall(const cbx_device *device, const cbx_sources *sources,
                           const char *options) {
    char path[PATH_MAX];
    identity who;
    size_t size = 0;
    cl_program program = NULL;
    const int known =
        describe(&who, device, sources, options) == CBX_OK && find_place(path, device, options);
    unsigned char *bytes = known ? read_file(path, &size) : NULL;
    const size_t at = bytes ? find_binary(bytes, size, &who) : 0;
    if (at > 0) {
        program = build(device, options, bytes + at, size - at);
    }
    free(bytes);
    free(who.bytes);
    return program;
}

/* ---- writing ---- */

/* Appends the driver's binary to what is in front of it; NULL where there is none. */
static unsigned char *fetch(cl_program program, const identity *who, size_t *size) {
    unsigned char *bytes = NULL;
    size_t binary = 0;
    const size_t front = sizeof(header) + who->size;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof binary, &binary, NULL) !=
            CL_SUCCESS ||
        binary == 0 || binary > MOST_BYTES - front ||
        cbx_allocate(&bytes, front + binary, 1) != CBX_OK) {
        return NULL;
    }
    unsigned char *place = bytes + front;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof place, &place, NULL) != CL_SUCCESS) {
        free(bytes);
        return NULL;
    }
    header head = {.identity_bytes = who->size, .binary_bytes = binary};
    memcpy(head.magic, magic, sizeof magic);
    memcpy(bytes + sizeof head, who->bytes, who->size);
    head.checksum = checksum(bytes + sizeof head, who->size + binary);
    memcpy(bytes, &head, sizeof head);
    *size = front + binary;
    return bytes;
}

void cbx_kept_store(const cbx_device *device, const cbx_sources *sources, const char *options,
                    cl_program program) {
    char path[PATH_MAX];
    identity who;
    size_t size = 0;
    const int known =
        describe(&who, device, sources, options) == CBX_OK && find_place(path, device, options);
    unsigned char *bytes = known ? fetch(program, &who, &size) : NULL;
    if (bytes && cbx_cache_make() == CBX_OK) {
        (void)cbx_write_file(path, 0, bytes, size);
    }
    free(bytes);
    free(who.bytes);
}
