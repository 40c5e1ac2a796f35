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

/* Every device of every platform, side by side; those that do not answer apart. */
typedef struct device_table {
    cl_device_id *ids;
    cbx_device_info *infos;
    size_t count;
    cbx_device_info *mute;
    size_t mutes;
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
    free(table->mute);
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

/* Whether it answers; strings are cut to fit. Of one that does not, its name where it tells that. */
static int describe(cl_device_id id, cbx_device_info *info) {
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
    read_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    info->kind = kind_of(type);
    if (error != CL_SUCCESS || units == 0) {
        return 0;
    }
    read_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    read_text(id, CL_DEVICE_VERSION, info->version, sizeof info->version);
    read_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    info->compute_units = units;
    info->clock_mhz = clock;
    info->global_memory_bytes = global;
    info->largest_buffer_bytes = largest;
    info->local_memory_bytes = local;
    info->largest_group = group;
    info->vector_floats = vector;
    return 1;
}

/* For more of both. */
static cbx_status make_room(device_table *table, size_t more) {
    cl_device_id *ids = realloc(table->ids, (table->count + more) * sizeof *ids);
    table->ids = ids ? ids : table->ids;
    cbx_device_info *infos = realloc(table->infos, (table->count + more) * sizeof *infos);
    table->infos = infos ? infos : table->infos;
    cbx_device_info *mute = realloc(table->mute, (table->mutes + more) * sizeof *mute);
    table->mute = mute ? mute : table->mute;
    return ids && infos && mute ? CBX_OK
                                : cbx_fail(CBX_NO_MEMORY, "no memory for a list of devices");
}

/* Appends a device to those that answer or to the others. */
static void add_device(device_table *table, const cbx_device_info *place, const cl_device_id *id) {
    cbx_device_info info = *place;
    if (id && describe(*id, &info)) {
        table->ids[table->count] = *id;
        table->infos[table->count++] = info;
    } else {
        table->mute[table->mutes++] = info;
    }
}

/* Appends the devices of one platform. Those that it counts and then does not list do not answer. */
static cbx_status add_platform(device_table *table, cl_platform_id platform, unsigned index) {
    cbx_device_info place = {.platform_index = index, .kind = CBX_KIND_OTHER};
    char name[sizeof place.platform] = "";
    cl_uint count = 0, listed = 0;
    cl_int error = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count);
    if (error != CL_SUCCESS || count == 0) {
        return CBX_OK; /* a platform without devices is not a fault as such */
    }
    cbx_status status = make_room(table, count);
    if (status) {
        return status;
    }
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
    copy_text(place.platform, sizeof place.platform, name);
    cl_device_id *ids = table->ids + table->count; /* where those that answer move to the front */
    error = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids, &listed);
    listed = error != CL_SUCCESS ? 0 : listed;
    for (cl_uint i = 0; i < count; i++) {
        place.device_index = i;
        add_device(table, &place, i < listed ? &ids[i] : NULL);
    }
    return CBX_OK;
}

/* CBX_NO_DEVICE, of platforms of which this is the first. */
static cbx_status fail_without_device(cl_platform_id platform) {
    char name[128] = "";
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
    return cbx_fail(CBX_NO_DEVICE,
                    "the OpenCL platform \"%s\" has no device; if it is PoCL, check that its "
                    "cache folder (POCL_CACHE_DIR, else ~/.cache/pocl) can be written",
                    name);
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
        const int mute = table->mutes > 0;
        free_table(table);
        return mute ? cbx_fail(CBX_NO_DEVICE,
                               "an OpenCL device does not answer: its driver is broken")
                    : fail_without_device(platforms[0]);
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

cbx_status cbx_device_list_apart(cbx_device_info **out, size_t *count, cbx_device_info **mute,
                                 size_t *mutes) {
    device_table table;
    cbx_status status = fill_table(&table);
    *out = table.infos; /* nothing after a failure */
    *count = table.count;
    *mute = table.mute;
    *mutes = table.mutes;
    table.infos = table.mute = NULL;
    free_table(&table);
    return status;
}

cbx_status cbx_device_list(cbx_device_info **out, size_t *count) {
    cbx_device_info *mute;
    size_t mutes;
    cbx_status status = cbx_device_list_apart(out, count, &mute, &mutes);
    cbx_device_list_free(mute);
    return status;
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

/* CBX_NO_DEVICE where what is named is there, but does not answer. */
static cbx_status check_answers(const device_table *table, const char *spec) {
    for (size_t i = 0; i < table->mutes; i++) {
        const cbx_device_info *info = &table->mute[i];
        if (fits(info, spec)) {
            return cbx_fail(CBX_NO_DEVICE,
                            "the OpenCL device %u:%u of %s does not answer: its driver is broken",
                            info->platform_index, info->device_index, info->platform);
        }
    }
    return CBX_OK;
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
        const cbx_status mute = check_answers(table, spec);
        if (mute) {
            return mute;
        }
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
