/* SPDX-License-Identifier: MIT */
#include "device/device.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "device/walk.h"

/* Every device of every platform, side by side. */
typedef struct device_table {
    cl_device_id *ids;
    cbx_device_info *infos;
    size_t count;
} device_table;

static const cbx_traits traits[] = {
    {"Portable Computing Language", 1, 1, 0},
    {"NVIDIA CUDA", 1, 0, 0},
    {"Oclgrind", 1, 0, 0},
    {"AMD Accelerated Parallel Processing", 0, 0, 1},
    {"Apple", 0, 0, 1},
    {NULL, 0, 0, 0}, /* all others */
};

const cbx_traits *cbx_platform_traits(const cbx_device_info *info) {
    const cbx_traits *row = traits;
    while (row->platform && strcmp(row->platform, info->platform) != 0) {
        row++;
    }
    return row;
}

unsigned cbx_device_vector(const cbx_device *device) {
    const unsigned width = device->info.vector_floats;
    return width >= 16 ? 16 : width >= 8 ? 8 : 4;
}

static void free_table(device_table *table) {
    free(table->ids);
    free(table->infos);
    memset(table, 0, sizeof *table);
}

/* What a driver calls itself, cut to fit, without spaces at its ends and without what a
 * terminal or a table could stumble over. */
static void copy_text(char *out, size_t size, const char *text) {
    while (isspace((unsigned char)*text)) {
        text++;
    }
    snprintf(out, size, "%s", text);
    for (size_t n = strlen(out); n > 0 && isspace((unsigned char)out[n - 1]); n--) {
        out[n - 1] = '\0';
    }
    for (; *out; out++) {
        *out = iscntrl((unsigned char)*out) ? '?' : *out;
    }
}

static void read_text(cl_device_id id, cl_device_info what, char *out, size_t size) {
    char text[1024] = "";
    if (clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS) {
        text[0] = '\0';
    }
    copy_text(out, size, text);
}

/* Oclgrind says that it is a CPU and a GPU and more: then it is neither. */
static cbx_device_kind kind_of(cl_device_type type) {
    switch (type & ~(cl_device_type)CL_DEVICE_TYPE_DEFAULT) {
    case CL_DEVICE_TYPE_GPU:
        return CBX_KIND_GPU;
    case CL_DEVICE_TYPE_CPU:
        return CBX_KIND_CPU;
    default:
        return CBX_KIND_OTHER;
    }
}

/* Strings are cut to fit. */
static cbx_status describe(cl_device_id id, cl_platform_id platform, cbx_device_info *info) {
    cl_device_type type = 0;
    cl_uint units = 0, clock = 0, vector = 0;
    cl_ulong global = 0, largest = 0, local = 0;
    size_t group = 0;
    cl_int error = clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    error |= clGetDeviceInfo(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    error |= clGetDeviceInfo(id, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof clock, &clock, NULL);
    error |= clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof global, &global, NULL);
    error |= clGetDeviceInfo(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof largest, &largest, NULL);
    error |= clGetDeviceInfo(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    error |= clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof group, &group, NULL);
    error |= clGetDeviceInfo(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof vector, &vector, NULL);
    if (error != CL_SUCCESS || units == 0) {
        return cbx_fail(CBX_NO_DEVICE, "an OpenCL device does not answer: its driver is broken");
    }
    char platform_name[sizeof info->platform] = "";
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof platform_name - 1, platform_name, NULL);
    copy_text(info->platform, sizeof info->platform, platform_name);
    read_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    read_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    read_text(id, CL_DEVICE_VERSION, info->version, sizeof info->version);
    read_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    info->kind = kind_of(type);
    info->compute_units = units;
    info->clock_mhz = clock;
    info->global_memory_bytes = global;
    info->largest_buffer_bytes = largest;
    info->local_memory_bytes = local;
    info->largest_group = group;
    info->vector_floats = vector;
    return CBX_OK;
}

/* Appends the devices of one platform. */
static cbx_status add_platform(device_table *table, cl_platform_id platform, unsigned index) {
    cl_uint count = 0;
    cl_int error = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count);
    if (error != CL_SUCCESS || count == 0) {
        return CBX_OK; /* a platform without devices is not a fault as such */
    }
    cl_device_id *ids = realloc(table->ids, (table->count + count) * sizeof *ids);
    if (!ids) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a list of devices");
    }
    table->ids = ids;
    cbx_device_info *infos = realloc(table->infos, (table->count + count) * sizeof *infos);
    if (!infos) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a list of devices");
    }
    table->infos = infos;
    error = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids + table->count, NULL);
    if (error != CL_SUCCESS) {
        return cbx_fail(CBX_NO_DEVICE, "listing the devices of an OpenCL platform failed: %s",
                        cbx_cl_name(error));
    }
    for (cl_uint i = 0; i < count; i++) {
        cbx_device_info *info = &infos[table->count];
        memset(info, 0, sizeof *info);
        info->platform_index = index;
        info->device_index = i;
        cbx_status status = describe(ids[table->count], platform, info);
        if (status) {
            return status;
        }
        table->count++;
    }
    return CBX_OK;
}

static cbx_status ask_platforms(device_table *table) {
    cl_platform_id platforms[64];
    cl_uint count = 0;
    memset(table, 0, sizeof *table);
    cl_int error = clGetPlatformIDs(64, platforms, &count);
    if (error != CL_SUCCESS || count == 0) {
        return cbx_fail_without_platform();
    }
    count = count > 64 ? 64 : count;
    for (cl_uint i = 0; i < count; i++) {
        cbx_status status = add_platform(table, platforms[i], i);
        if (status) {
            free_table(table);
            return status;
        }
    }
    if (table->count == 0) {
        char name[128] = "";
        clGetPlatformInfo(platforms[0], CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
        free_table(table);
        return cbx_fail(CBX_NO_DEVICE,
                        "the OpenCL platform \"%s\" has no device; if it is PoCL, check that its "
                        "cache folder (POCL_CACHE_DIR, else ~/.cache/pocl) can be written",
                        name);
    }
    return CBX_OK;
}

/* One thread at a time: a loader or driver that is asked for the first time sets itself up,
 * and some (PoCL 3.1) give a second thread what is not finished. */
static cbx_status fill_table(device_table *table) {
    static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&asking);
    cbx_status status = ask_platforms(table);
    pthread_mutex_unlock(&asking);
    return status;
}

cbx_status cbx_device_list(cbx_device_info **out, size_t *count) {
    device_table table;
    *out = NULL;
    *count = 0;
    cbx_status status = fill_table(&table);
    if (status) {
        return status;
    }
    *out = table.infos;
    *count = table.count;
    table.infos = NULL;
    free_table(&table);
    return CBX_OK;
}

void cbx_device_list_free(cbx_device_info *list) {
    free(list);
}

static int contains_ignoring_case(const char *text, const char *part) {
    for (; *text; text++) {
        size_t n = 0;
        while (part[n] && tolower((unsigned char)text[n]) == tolower((unsigned char)part[n])) {
            n++;
        }
        if (!part[n]) {
            return 1;
        }
    }
    return 0;
}

/* The "P:D" form: 1 and both numbers, or 0. */
static int parse_indices(const char *spec, unsigned *platform, unsigned *device) {
    int end = 0;
    return isdigit((unsigned char)spec[0]) &&
           sscanf(spec, "%6u:%6u%n", platform, device, &end) == 2 && spec[end] == '\0';
}

static int fits(const cbx_device_info *info, const char *spec) {
    unsigned platform = 0, device = 0;
    if (strcmp(spec, "gpu") == 0) {
        return info->kind == CBX_KIND_GPU;
    }
    if (strcmp(spec, "cpu") == 0) {
        return info->kind == CBX_KIND_CPU;
    }
    if (parse_indices(spec, &platform, &device)) {
        return info->platform_index == platform && info->device_index == device;
    }
    return contains_ignoring_case(info->name, spec);
}

/* Lists candidates as "0:0 name, 1:0 name"; those that fit, or all. */
static void describe_candidates(const device_table *table, const char *spec, char *out,
                                size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < table->count && used < size; i++) {
        const cbx_device_info *info = &table->infos[i];
        if (spec && !fits(info, spec)) {
            continue;
        }
        int n = snprintf(out + used, size - used, "%s%u:%u %s", used ? ", " : "",
                         info->platform_index, info->device_index, info->name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static cbx_status choose_default(const device_table *table, size_t *index) {
    size_t *order = NULL;
    cbx_status status = cbx_walk_order(table->infos, table->count, &order);
    if (!status) {
        *index = order[0];
    }
    free(order);
    return status;
}

static cbx_status choose(const device_table *table, const char *spec, size_t *index) {
    char candidates[1024];
    size_t matches = 0;
    if (!spec || !*spec) {
        return choose_default(table, index);
    }
    for (size_t i = 0; i < table->count; i++) {
        if (fits(&table->infos[i], spec)) {
            *index = matches++ ? *index : i;
        }
    }
    if (matches == 0) {
        describe_candidates(table, NULL, candidates, sizeof candidates);
        return cbx_fail(CBX_NO_DEVICE, "no OpenCL device fits \"%s\"; there is: %s", spec,
                        candidates);
    }
    const int by_kind = strcmp(spec, "gpu") == 0 || strcmp(spec, "cpu") == 0;
    if (matches > 1 && !by_kind) {
        describe_candidates(table, spec, candidates, sizeof candidates);
        return cbx_fail(CBX_NO_DEVICE, "\"%s\" fits more than one device, name one of: %s", spec,
                        candidates);
    }
    return CBX_OK;
}

cbx_status cbx_device_select(const char *spec, cl_device_id *id, cbx_device_info *info) {
    device_table table;
    size_t index = 0;
    cbx_status status = fill_table(&table);
    if (status) {
        return status;
    }
    status = choose(&table, spec, &index);
    if (!status) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a table without devices is a failure */
        *id = table.ids[index];
        *info = table.infos[index];
    }
    free_table(&table);
    return status;
}
