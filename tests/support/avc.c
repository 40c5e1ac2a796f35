/* SPDX-License-Identifier: MIT */
#include "support/avc.h"

#include <stdio.h>
#include <string.h>

#include "support/bands.h"
#include "support/fixture.h"
#include "support/test.h"

/* ---- the encoder's buffers and kernels ---- */

static bands *banding; /* what cbx_buffer_create() makes, lies among these */
static cl_mem levels_buffer, counts_buffer;

/* What is to be written in place of what the kernels find out; the next launch's. */
static avc_made making;
static size_t making_mbs; /* 0: nothing */

/* These names are the linker's: it sends calls to the second. */
cbx_status __real_cbx_buffer_create(cbx_device *device, cl_mem_flags flags, uint64_t bytes,
                                    const char *what, cl_mem *out);
cbx_status __wrap_cbx_buffer_create(cbx_device *device, cl_mem_flags flags, uint64_t bytes,
                                    const char *what, cl_mem *out);

cbx_status __wrap_cbx_buffer_create(cbx_device *device, cl_mem_flags flags, uint64_t bytes,
                                    const char *what, cl_mem *out) {
    if (!banding) {
        return __real_cbx_buffer_create(device, flags, bytes, what, out);
    }
    *out = bands_output(banding, what, NULL, (size_t)bytes);
    assert_int_equal(CL_SUCCESS, clRetainMemObject(*out));
    levels_buffer = strcmp(what, "a film's levels") == 0 ? *out : levels_buffer;
    counts_buffer = strcmp(what, "a film's counts") == 0 ? *out : counts_buffer;
    return CBX_OK;
}

cbx_status __real_cbx_enqueue(cl_command_queue queue, cl_kernel kernel,
                              const cbx_argument *arguments, cl_uint count, cbx_range range,
                              const cl_event *wait, cl_event *event);
cbx_status __wrap_cbx_enqueue(cl_command_queue queue, cl_kernel kernel,
                              const cbx_argument *arguments, cl_uint count, cbx_range range,
                              const cl_event *wait, cl_event *event);

/* Whether it makes levels of pictures. */
static int finds_levels(cl_kernel kernel) {
    char name[64] = "";
    assert_int_equal(CL_SUCCESS,
                     clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL));
    return strncmp(name, "film_key", 8) == 0 || strncmp(name, "film_change", 11) == 0;
}

cbx_status __wrap_cbx_enqueue(cl_command_queue queue, cl_kernel kernel,
                              const cbx_argument *arguments, cl_uint count, cbx_range range,
                              const cl_event *wait, cl_event *event) {
    if (making_mbs == 0 || !finds_levels(kernel)) {
        return __real_cbx_enqueue(queue, kernel, arguments, count, range, wait, event);
    }
    assert_int_equal(CL_SUCCESS, clEnqueueWriteBuffer(queue, levels_buffer, CL_TRUE, 0,
                                                      making_mbs * CBX_MB_LEVELS * sizeof(cl_short),
                                                      making.levels, 0, NULL, NULL));
    assert_int_equal(CL_SUCCESS,
                     clEnqueueWriteBuffer(queue, counts_buffer, CL_TRUE, 0, making_mbs * CBX_COUNTS,
                                          making.counts, 0, NULL, NULL));
    return CBX_OK;
}

/* ---- encoding ---- */

typedef struct coder {
    cbx_device *device;
    const avc_planes *planes;
    const avc_way *way;
    cbx_avc_settings settings;
    bands *b;
    cbx_avc *avc;
    cl_mem luma, chroma, samples, sizes;
    size_t room; /* for a sample */
} coder;

static void open_coder(coder *c, cbx_device *device, const avc_planes *planes, const avc_way *way) {
    const size_t luma = (size_t)planes->width * planes->height;
    uint8_t *spared;
    *c = (coder){.device = device, .planes = planes, .way = way};
    c->settings = (cbx_avc_settings){.width = planes->width,
                                     .height = planes->height,
                                     .group = way->group,
                                     .frames = way->at_a_time,
                                     .qp = way->qp,
                                     .chroma_changes = planes->chroma_changes};
    c->room = cbx_avc_sample_bytes(&c->settings);
    c->b = bands_open(device);
    banding = way->unwatched ? NULL : c->b;
    assert_ok(cbx_avc_create(&c->avc, device, &c->settings));
    banding = NULL;
    TEST_NEW(spared, planes->frames * luma + CBX_AVC_SPARE_BYTES);
    memcpy(spared, planes->luma, planes->frames * luma);
    memset(spared + planes->frames * luma, 0x5a, CBX_AVC_SPARE_BYTES);
    c->luma = bands_input(c->b, "luma", spared, planes->frames * luma + CBX_AVC_SPARE_BYTES);
    free(spared);
    c->chroma = bands_input(c->b, "chroma", planes->chroma,
                            (planes->chroma_changes ? planes->frames : 1) * luma / 2);
    c->samples = bands_output(c->b, "samples", NULL, way->at_a_time * c->room);
    c->sizes = bands_output(c->b, "sizes", NULL, way->at_a_time * sizeof(cl_uint));
}

static void close_coder(coder *c) {
    cbx_avc_destroy(c->avc);
    bands_close(c->b);
}

static blob read_sample(const coder *c, uint32_t place, cl_uint size) {
    blob sample = {.size = size};
    assert_in_range(size, 1, c->room);
    TEST_NEW(sample.bytes, size);
    assert_int_equal(CL_SUCCESS,
                     clEnqueueReadBuffer(c->device->queue, c->samples, CL_TRUE, place * c->room,
                                         size, sample.bytes, 0, NULL, NULL));
    return sample;
}

/* Prepares what the launch of `count` frames from `first` on is to write. */
static void make(const coder *c, uint32_t first, uint32_t count) {
    const cbx_stream stream = {.width = c->planes->width, .height = c->planes->height};
    const size_t mbs = avc_macroblocks(&stream);
    if (c->way->made) {
        making = (avc_made){c->way->made->levels + first * mbs * CBX_MB_LEVELS,
                            c->way->made->counts + first * mbs * CBX_COUNTS};
        making_mbs = count * mbs;
    }
}

static void read_meant(coder *c, uint32_t frame, avc_coded *out) {
    const size_t luma = (size_t)c->planes->width * c->planes->height;
    uint8_t *meant = out->meant + frame * avc_plane_bytes(c->planes);
    if (!c->way->made) {
        assert_ok(cbx_avc_reconstruction(c->avc, meant, meant + luma, meant + luma / 4 * 5));
        out->known[frame] = 1;
    }
}

/* A launch of `count` frames from `first` on. */
static void encode_some(coder *c, uint32_t first, uint32_t count, avc_coded *out) {
    const cbx_avc_pictures pictures = {c->luma, c->chroma, first, count};
    cl_event done = NULL;
    make(c, first, count);
    assert_ok(cbx_avc_encode(c->avc, &pictures, c->samples, c->sizes, NULL, &done));
    making_mbs = 0;
    assert_int_equal(CL_SUCCESS, clWaitForEvents(1, &done));
    cbx_event_release(&done);
    if (!c->way->unwatched) {
        bands_check(c->b, "the encoder");
    }
    cl_uint *sizes = bands_read(c->b, c->sizes);
    for (uint32_t i = 0; i < count; i++) {
        out->samples[first + i] = read_sample(c, i, sizes[i]);
    }
    free(sizes);
    read_meant(c, first + count - 1, out);
}

avc_coded avc_encode(cbx_device *device, const avc_planes *planes, const avc_way *way) {
    avc_coded out = {.frames = planes->frames};
    coder c;
    uint32_t turn = 0;
    TEST_NEW(out.samples, planes->frames);
    TEST_NEW(out.meant, planes->frames * avc_plane_bytes(planes));
    TEST_NEW(out.known, planes->frames);
    open_coder(&c, device, planes, way);
    for (uint32_t first = 0; first < planes->frames; turn++) {
        const uint32_t left = planes->frames - first;
        const uint32_t wanted = way->uneven ? turn % way->at_a_time + 1 : way->at_a_time;
        const uint32_t count = wanted < left ? wanted : left;
        encode_some(&c, first, count, &out);
        first += count;
    }
    close_coder(&c);
    return out;
}

void avc_check(const avc_planes *planes, int qp, uint32_t group, uint32_t at_a_time,
               avc_tally *tally, const char *what) {
    avc_way way = {.qp = qp, .group = group, .at_a_time = 1};
    avc_coded first = avc_encode(fixture_device(CBX_FAMILY_CPU), planes, &way);
    avc_judge(planes, &way, &first, tally, what);
    way.at_a_time = at_a_time;
    for (way.uneven = 0; way.uneven < 2; way.uneven++) {
        for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
            char how[200];
            avc_coded coded = avc_encode(fixture_device(family), planes, &way);
            snprintf(how, sizeof how, "%s, %s, %u at a time%s", what, cbx_family_name(family),
                     at_a_time, way.uneven ? ", unevenly" : "");
            avc_assert_same(&coded, &first, how);
            avc_free(&coded);
        }
    }
    avc_free(&first);
}
