/* SPDX-License-Identifier: MIT */
/* Any bytes as the file of a program that was compiled before. The first one says what of it is made
 * right beforehand: 1 the identity, 2 the sizes and the magic, 4 the check sum. A driver that is asked for
 * anything must get the end of a whole file; there is none here, but calls that stand in for it. */
#include "fuzz/fuzz.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "device/cache.h"
#include "device/kept.h"
#include "support/scratch.h"

/* ---- the driver ---- */

static const unsigned char *file_bytes; /* what the program may be made of */
static size_t file_size;
static int asked;
static const unsigned char binary[] = "compiled";

/* These names are the linker's. */
cl_program __wrap_clCreateProgramWithBinary(cl_context context, cl_uint count,
                                            const cl_device_id *devices, const size_t *sizes,
                                            const unsigned char **binaries, cl_int *statuses,
                                            cl_int *error);
cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                             const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                             void *user);
cl_int __wrap_clReleaseProgram(cl_program program);
cl_int __wrap_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value,
                               size_t *size_ret);

cl_program __wrap_clCreateProgramWithBinary(cl_context context, cl_uint count,
                                            const cl_device_id *devices, const size_t *sizes,
                                            const unsigned char **binaries, cl_int *statuses,
                                            cl_int *error) {
    (void)context;
    (void)devices;
    asked = 1;
    FUZZ_REQUIRE(count == 1 && sizes[0] > 0 && sizes[0] < file_size);
    FUZZ_REQUIRE(memcmp(binaries[0], file_bytes + file_size - sizes[0], sizes[0]) == 0);
    *statuses = binaries[0][0] & 1 ? CL_SUCCESS : CL_INVALID_BINARY;
    *error = CL_SUCCESS;
    return (cl_program)fuzz_allocate(1);
}

cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                             const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                             void *user) {
    (void)program;
    (void)count;
    (void)devices;
    (void)options;
    (void)notify;
    (void)user;
    return CL_SUCCESS;
}

cl_int __wrap_clReleaseProgram(cl_program program) {
    free(program);
    return CL_SUCCESS;
}

cl_int __wrap_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value,
                               size_t *size_ret) {
    (void)program;
    (void)size;
    (void)size_ret;
    if (what == CL_PROGRAM_BINARY_SIZES) {
        memcpy(value, &(size_t){sizeof binary}, sizeof(size_t));
    } else {
        unsigned char *place;
        memcpy(&place, value, sizeof place);
        memcpy(place, binary, sizeof binary);
    }
    return CL_SUCCESS;
}

/* ---- files ---- */

enum { HEAD = 32, MAGIC = 8 }; /* the header as host/device/kept.c lays it out */

static const char *texts[] = {"kernel void a(void) {}\n", "kernel void b(void) {}\n"};
static const size_t sizes[] = {23, 23};
static const cbx_sources sources = {.texts = texts, .sizes = sizes, .count = 2};
static cbx_device device;
static char path[PATH_MAX];
static blob whole; /* the file of a program that was kept */

static void keep_one(void) {
    device.info.kind = CBX_KIND_GPU; /* so that the processor does not matter */
    snprintf(device.info.platform, sizeof device.info.platform, "a platform");
    snprintf(device.info.name, sizeof device.info.name, "a device");
    FUZZ_REQUIRE(setenv("XDG_CACHE_HOME", fuzz_folder(), 1) == 0);
    cbx_kept_store(&device, &sources, "-DA=1", NULL);
    uint64_t hash = cbx_hash_text(CBX_HASH_SEED, device.info.platform);
    hash = cbx_hash_text(cbx_hash_text(hash, device.info.name), "-DA=1");
    FUZZ_REQUIRE(cbx_cache_path(path, "program", hash, "bin"));
    whole.bytes = scratch_read(path, &whole.size);
    FUZZ_REQUIRE(whole.size > HEAD + sizeof binary);
}

/* Recalls what is at `path`, and whether the driver was asked. */
static int recall(const blob *file) {
    file_bytes = file->bytes;
    file_size = file->size;
    asked = 0;
    scratch_write(path, file->bytes, file->size);
    cl_program program = cbx_kept_recall(&device, &sources, "-DA=1");
    FUZZ_REQUIRE(!program || asked);
    if (program) {
        clReleaseProgram(program);
    }
    return asked;
}

static void put_number(blob *file, size_t place, uint64_t number) {
    if (file->size >= MAGIC + 8 * (place + 1)) {
        memcpy(file->bytes + MAGIC + 8 * place, &number, sizeof number);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    blob file = {0};
    if (!whole.bytes) {
        keep_one();
    }
    if (size == 0) {
        FUZZ_REQUIRE(recall(&whole));
        return 0;
    }
    const size_t identity = whole.size - HEAD - sizeof binary;
    if (bytes[0] & 1) {
        blob_add(&file, whole.bytes, HEAD + identity);
    }
    blob_add(&file, bytes + 1, size - 1);
    if (bytes[0] & 2 && file.size >= HEAD) {
        memcpy(file.bytes, whole.bytes, MAGIC);
        put_number(&file, 0, identity);
        put_number(&file, 1, file.size - HEAD - identity);
    }
    if (bytes[0] & 4 && file.size >= HEAD) {
        put_number(&file, 2, cbx_hash(CBX_HASH_SEED, file.bytes + HEAD, file.size - HEAD));
    }
    const int may =
        file.size > HEAD + identity && memcmp(file.bytes + HEAD, whole.bytes + HEAD, identity) == 0;
    const int asked_for = recall(&file);
    FUZZ_REQUIRE(may || !asked_for);
    FUZZ_REQUIRE(asked_for || (bytes[0] & 7) != 7 || file.size <= HEAD + identity);
    blob_free(&file);
    return 0;
}
