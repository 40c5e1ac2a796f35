/* SPDX-License-Identifier: MIT */
#include "avc/avc.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "film/coding.h"

enum { MOST_GROUP = 1 << CBX_FRAME_NUM_BITS, BEST_QP = 1, COARSEST_QP = 51 };

/* Each has a kernel of that name. */
enum { KEY, CHANGE, LENGTHS, OFFSETS, PACK, SAMPLES, KERNELS };

/* What the kernels hand on to each other, and what is kept from frame to frame. */
enum { OLD, OLD_CHROMA, LEVELS, COUNTS, SHARES, SLICES, BITS, BUFFERS };

struct cbx_avc {
    cbx_device *device;
    cbx_avc_settings settings;
    cbx_coding coding; /* of the next frames */
    uint32_t slices;   /* of a key frame */
    size_t group;      /* CBX_FILM_GROUP of the kernels */
    cl_kernel kernels[KERNELS];
    cl_mem buffers[BUFFERS];
};

static uint32_t macroblocks(const cbx_coding *coding) {
    return coding->mbs_wide * coding->mbs_high;
}

/* Chroma that never changes is told in key frames alone, which are fine: that is fine enough. What
 * changes is half of what is seen. */
enum { STILL_OFFSET = 6, CHANGING_OFFSET = 3 };

int cbx_avc_chroma_qp_offset(int chroma_changes) {
    return chroma_changes ? CHANGING_OFFSET : STILL_OFFSET;
}

/* Table 8-15: QP'C of qPI. */
static uint32_t chroma_qp(const cbx_avc_settings *settings, int luma_qp) {
    static const uint8_t from_30[] = {29, 30, 31, 32, 32, 33, 34, 34, 35, 35, 36,
                                      36, 37, 37, 37, 38, 38, 38, 39, 39, 39, 39};
    const int qp = luma_qp + cbx_avc_chroma_qp_offset(settings->chroma_changes);
    return qp < 0 ? 0 : qp < 30 ? (uint32_t)qp : from_30[qp > 51 ? 21 : qp - 30];
}

/* Key frames are far finer: what begins nearly exact need not be corrected for long. Eight steps give
 * the best picture for the bytes of these films. */
enum { KEY_FINER = 8 };

static int key_qp(int qp) {
    return qp > KEY_FINER ? qp - KEY_FINER : BEST_QP;
}

static cbx_coding coding_of(const cbx_avc_settings *settings, cbx_family family) {
    cbx_coding coding = {
        .width = settings->width,
        .height = settings->height,
        .mbs_wide = (settings->width + CBX_MB - 1) / CBX_MB,
        .mbs_high = (settings->height + CBX_MB - 1) / CBX_MB,
        .qp = (cbx_u32)settings->qp,
        .key_qp = (cbx_u32)key_qp(settings->qp),
        .chroma_qp = chroma_qp(settings, settings->qp),
        .key_chroma_qp = chroma_qp(settings, key_qp(settings->qp)),
        .group = settings->group,
        .chroma_bytes = settings->chroma_changes ? settings->width * settings->height / 2 : 0,
    };
    coding.slice_rows = (coding.mbs_high + CBX_MOST_SLICES - 1) / CBX_MOST_SLICES;
    coding.share_mbs = family == CBX_FAMILY_CPU ? coding.slice_rows * coding.mbs_wide : 1;
    coding.shares = (macroblocks(&coding) + coding.share_mbs - 1) / coding.share_mbs;
    return coding;
}

size_t cbx_avc_sample_bytes(const cbx_avc_settings *settings) {
    const cbx_coding coding = coding_of(settings, CBX_FAMILY_CPU);
    return CBX_SAMPLE_BYTES((size_t)macroblocks(&coding));
}

static void list_bytes(const cbx_avc_settings *settings, const cbx_coding *coding,
                       uint64_t bytes[BUFFERS]) {
    const uint64_t mbs = macroblocks(coding), frames = settings->frames;
    bytes[OLD] = (uint64_t)CBX_PITCH(coding->mbs_wide) * coding->mbs_high * CBX_MB;
    bytes[OLD_CHROMA] = mbs * 2 * CBX_CHROMA_MB * CBX_CHROMA_MB;
    bytes[LEVELS] = frames * mbs * CBX_MB_LEVELS * sizeof(cl_short);
    bytes[COUNTS] = frames * mbs * CBX_COUNTS;
    bytes[SHARES] = frames * coding->shares * sizeof(cbx_share);
    bytes[SLICES] = frames * CBX_MOST_SLICES * sizeof(cl_uint);
    bytes[BITS] = frames * CBX_FRAME_WORDS(mbs) * sizeof(cl_uint);
}

uint64_t cbx_avc_device_bytes(const cbx_avc_settings *settings) {
    const cbx_coding coding = coding_of(settings, CBX_FAMILY_GPU);
    uint64_t bytes[BUFFERS], all = 0;
    list_bytes(settings, &coding, bytes);
    for (int i = 0; i < BUFFERS; i++) {
        all += bytes[i];
    }
    return all;
}

uint64_t cbx_avc_largest_bytes(const cbx_avc_settings *settings) {
    const cbx_coding coding = coding_of(settings, CBX_FAMILY_GPU);
    uint64_t bytes[BUFFERS], largest = 0;
    list_bytes(settings, &coding, bytes);
    for (int i = 0; i < BUFFERS; i++) {
        largest = bytes[i] > largest ? bytes[i] : largest;
    }
    return largest;
}

/* ---- made and destroyed ---- */

static cbx_status check(const cbx_device *device, const cbx_avc_settings *settings) {
    cl_bool little = CL_FALSE;
    if (settings->width == 0 || settings->height == 0 || settings->width % 4 ||
        settings->height % 4) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "pictures of %u x %u pixels cannot be encoded on the device: both sides "
                        "must be multiples of 4",
                        settings->width, settings->height);
    }
    if (settings->qp < BEST_QP || settings->qp > COARSEST_QP || settings->group < 1 ||
        settings->group > MOST_GROUP || settings->frames < 1) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there is no film with QP %d and groups of %u frames",
                        settings->qp, settings->group);
    }
    cbx_status status = cbx_cl_check(
        clGetDeviceInfo(device->id, CL_DEVICE_ENDIAN_LITTLE, sizeof little, &little, NULL),
        "asking for the order of bytes");
    return !status && !little
               ? cbx_fail(CBX_NO_DEVICE,
                          "%s is big-endian, which the encoder's kernels are not for",
                          device->info.name)
               : status;
}

static cbx_status make_kernels(cbx_avc *avc) {
    const int cpu = avc->device->family == CBX_FAMILY_CPU;
    const char *const names[KERNELS] = {
        [KEY] = "film_key",         [CHANGE] = cpu ? "film_change_cpu" : "film_change_gpu",
        [LENGTHS] = "film_lengths", [OFFSETS] = "film_offsets",
        [PACK] = "film_pack",       [SAMPLES] = "film_samples"};
    cbx_status status = cbx_program_create_once(avc->device, "film", &avc->device->film);
    for (int i = 0; i < KERNELS && !status; i++) {
        status = cbx_kernel_create_in(avc->device->film, names[i], &avc->kernels[i]);
        if (!status) {
            status = cbx_kernel_check_group(avc->device, avc->kernels[i], names[i]);
        }
    }
    return status;
}

static cbx_status make_buffers(cbx_avc *avc) {
    static const char *const names[BUFFERS] = {
        [OLD] = "the frame before",   [OLD_CHROMA] = "the frame before",
        [LEVELS] = "a film's levels", [COUNTS] = "a film's counts",
        [SHARES] = "a film's shares", [SLICES] = "a film's slices",
        [BITS] = "a film's bits"};
    uint64_t bytes[BUFFERS];
    cbx_status status = CBX_OK;
    list_bytes(&avc->settings, &avc->coding, bytes);
    for (int i = 0; i < BUFFERS && !status; i++) {
        status =
            cbx_buffer_create(avc->device, CL_MEM_READ_WRITE, bytes[i], names[i], &avc->buffers[i]);
    }
    return status;
}

cbx_status cbx_avc_create(cbx_avc **out, cbx_device *device, const cbx_avc_settings *settings) {
    cbx_avc *avc = NULL;
    *out = NULL;
    cbx_status status = check(device, settings);
    if (!status) {
        status = cbx_new(&avc, 1);
    }
    if (status) {
        return status;
    }
    avc->device = device;
    avc->settings = *settings;
    avc->coding = coding_of(settings, device->family);
    avc->slices = (avc->coding.mbs_high + avc->coding.slice_rows - 1) / avc->coding.slice_rows;
    avc->group = device->family == CBX_FAMILY_CPU ? 1 : CBX_GPU_FILM_GROUP;
    status = make_kernels(avc);
    if (!status) {
        status = make_buffers(avc);
    }
    if (status) {
        cbx_avc_destroy(avc);
        return status;
    }
    *out = avc;
    return CBX_OK;
}

void cbx_avc_destroy(cbx_avc *avc) {
    if (!avc) {
        return;
    }
    for (int i = 0; i < KERNELS; i++) {
        cbx_kernel_release(avc->kernels[i]);
    }
    for (int i = 0; i < BUFFERS; i++) {
        cbx_buffer_release(avc->buffers[i]);
    }
    free(avc);
}

/* ---- frames ---- */

/* Frames of the launch from `from` on: the key frame that is the first of these, or those up to the
 * next one. Returns how many. */
static uint32_t run_of(const cbx_coding *launch, uint32_t from, cbx_coding *run) {
    const uint32_t in_group = (launch->number + from) % launch->group;
    const uint32_t left = launch->count - from, to_key = launch->group - in_group;
    *run = *launch;
    run->number += from;
    run->first += from;
    run->place += from;
    run->count = in_group == 0 ? 1 : left < to_key ? left : to_key;
    return run->count;
}

/* How a kernel of a run is spread. */
static cbx_range range_of(const cbx_avc *avc, int key) {
    const cbx_range slices = {{avc->slices * avc->group, 1}, {avc->group, 1}};
    const cbx_range blocks = {{(size_t)macroblocks(&avc->coding) * 16, 1}, {CBX_GPU_FILM_GROUP, 1}};
    const cbx_range rows = {{avc->coding.mbs_high, 1}, {1, 1}};
    return key ? slices : avc->device->family == CBX_FAMILY_CPU ? rows : blocks;
}

/* Prediction to reconstruction. `begun`, if not NULL, is the event of the first kernel. */
static cbx_status code(cbx_avc *avc, const cbx_avc_pictures *pictures, const cbx_coding *coding,
                       cl_event *begun) {
    cbx_coding run;
    cbx_status status = CBX_OK;
    for (uint32_t done = 0; done < coding->count && !status;) {
        cl_event *event = done == 0 ? begun : NULL;
        done += run_of(coding, done, &run);
        const int key = run.number % run.group == 0;
        const cbx_argument arguments[] = {CBX_ARGUMENT(pictures->luma),
                                          CBX_ARGUMENT(pictures->chroma),
                                          CBX_ARGUMENT(avc->buffers[OLD]),
                                          CBX_ARGUMENT(avc->buffers[OLD_CHROMA]),
                                          CBX_ARGUMENT(avc->buffers[LEVELS]),
                                          CBX_ARGUMENT(avc->buffers[COUNTS]),
                                          CBX_ARGUMENT(run)};
        status = cbx_enqueue(avc->device->queue, avc->kernels[key ? KEY : CHANGE], arguments,
                             CBX_COUNT(arguments), range_of(avc, key), NULL, event);
    }
    return status;
}

/* Levels to bits. */
static cbx_status write_slices(cbx_avc *avc, const cbx_avc_pictures *pictures,
                               const cbx_coding *coding) {
    cl_mem *buffers = avc->buffers;
    const cbx_argument lengths[] = {CBX_ARGUMENT(buffers[LEVELS]), CBX_ARGUMENT(buffers[COUNTS]),
                                    CBX_ARGUMENT(buffers[SHARES]), CBX_ARGUMENT(*coding)};
    const cbx_argument offsets[] = {CBX_ARGUMENT(buffers[SHARES]), CBX_ARGUMENT(buffers[SLICES]),
                                    CBX_ARGUMENT(buffers[BITS]), CBX_ARGUMENT(*coding)};
    const cbx_argument pack[] = {CBX_ARGUMENT(pictures->luma),  CBX_ARGUMENT(pictures->chroma),
                                 CBX_ARGUMENT(buffers[LEVELS]), CBX_ARGUMENT(buffers[COUNTS]),
                                 CBX_ARGUMENT(buffers[SHARES]), CBX_ARGUMENT(buffers[SLICES]),
                                 CBX_ARGUMENT(buffers[BITS]),   CBX_ARGUMENT(*coding)};
    const cbx_range shares = {{coding->shares, coding->count}, {avc->group, 1}};
    const cbx_range slices = {{avc->group * CBX_MOST_SLICES, coding->count}, {avc->group, 1}};
    cl_command_queue queue = avc->device->queue;
    cbx_status status = CBX_OK;
    if (coding->share_mbs) {
        status = cbx_enqueue(queue, avc->kernels[LENGTHS], lengths, CBX_COUNT(lengths), shares,
                             NULL, NULL);
    }
    if (!status && coding->share_mbs) {
        status = cbx_enqueue(queue, avc->kernels[OFFSETS], offsets, CBX_COUNT(offsets), slices,
                             NULL, NULL);
    }
    return status
               ? status
               : cbx_enqueue(queue, avc->kernels[PACK], pack, CBX_COUNT(pack), shares, NULL, NULL);
}

cbx_status cbx_avc_encode(cbx_avc *avc, const cbx_avc_pictures *pictures, cl_mem samples,
                          cl_mem sizes, cl_event *begun, cl_event *done) {
    cbx_coding coding = avc->coding;
    if (pictures->count > avc->settings.frames) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u frames at a time: at most %u", pictures->count,
                        avc->settings.frames);
    }
    coding.first = pictures->first;
    coding.count = pictures->count;
    if (avc->device->family == CBX_FAMILY_CPU &&
        pictures->count >= avc->device->info.compute_units) {
        coding.share_mbs = 0;
        coding.shares = CBX_MOST_SLICES;
    }
    cbx_status status = code(avc, pictures, &coding, begun);
    if (!status) {
        status = write_slices(avc, pictures, &coding);
    }
    if (!status) {
        const cbx_argument arguments[] = {CBX_ARGUMENT(avc->buffers[SLICES]),
                                          CBX_ARGUMENT(avc->buffers[BITS]), CBX_ARGUMENT(samples),
                                          CBX_ARGUMENT(sizes), CBX_ARGUMENT(coding)};
        const cbx_range range = {{avc->group, coding.count}, {avc->group, 1}};
        status = cbx_enqueue(avc->device->queue, avc->kernels[SAMPLES], arguments,
                             CBX_COUNT(arguments), range, NULL, done);
    }
    /* Only the place in the group counts, and whether the group is odd. */
    avc->coding.number = (coding.number + coding.count) % (2 * coding.group);
    return status;
}

int cbx_avc_is_key(const cbx_avc_settings *settings, uint64_t number) {
    return number % settings->group == 0;
}

void cbx_avc_restart(cbx_avc *avc) {
    avc->coding.number = 0;
}

/* ---- as it is at one moment of the queue ---- */

void cbx_avc_state_bytes(const cbx_avc *avc, size_t *luma, size_t *chroma) {
    uint64_t bytes[BUFFERS];
    list_bytes(&avc->settings, &avc->coding, bytes);
    *luma = (size_t)bytes[OLD];
    *chroma = (size_t)bytes[OLD_CHROMA];
}

cbx_status cbx_avc_keep(cbx_avc *avc, cbx_copy *to) {
    size_t luma, chroma;
    cbx_avc_state_bytes(avc, &luma, &chroma);
    const cbx_status status = cbx_copy_add(to, avc->buffers[OLD], luma);
    return status ? status : cbx_copy_add(to, avc->buffers[OLD_CHROMA], chroma);
}

static cbx_status put_back(cbx_avc *avc, int which, const uint8_t *bytes, size_t size) {
    return cbx_cl_check(clEnqueueWriteBuffer(avc->device->queue, avc->buffers[which], CL_TRUE, 0,
                                             size, bytes, 0, NULL, NULL),
                        "writing the frame before");
}

cbx_status cbx_avc_resume(cbx_avc *avc, uint64_t frames, const uint8_t *luma,
                          const uint8_t *chroma) {
    size_t luma_bytes, chroma_bytes;
    cbx_avc_state_bytes(avc, &luma_bytes, &chroma_bytes);
    avc->coding.number = (uint32_t)(frames % (2 * avc->coding.group));
    const cbx_status status = put_back(avc, OLD, luma, luma_bytes);
    return status ? status : put_back(avc, OLD_CHROMA, chroma, chroma_bytes);
}

/* The part of a plane that is seen. */
static cbx_status read_plane(cbx_avc *avc, cl_mem buffer, size_t offset, size_t pitch, size_t width,
                             size_t height, uint8_t *out) {
    const size_t from[3] = {offset % pitch, offset / pitch, 0}, to[3] = {0, 0, 0};
    const size_t region[3] = {width, height, 1};
    return cbx_cl_check(clEnqueueReadBufferRect(avc->device->queue, buffer, CL_TRUE, from, to,
                                                region, pitch, 0, width, 0, out, 0, NULL, NULL),
                        "reading a picture");
}

cbx_status cbx_avc_reconstruction(cbx_avc *avc, uint8_t *luma, uint8_t *cb, uint8_t *cr) {
    const size_t width = avc->settings.width, height = avc->settings.height;
    const size_t pitch = (size_t)avc->coding.mbs_wide * CBX_CHROMA_MB;
    const size_t plane = pitch * avc->coding.mbs_high * CBX_CHROMA_MB;
    cbx_status status =
        read_plane(avc, avc->buffers[OLD], 0, CBX_PITCH(avc->coding.mbs_wide), width, height, luma);
    for (int i = 0; i < 2 && !status; i++) {
        status = read_plane(avc, avc->buffers[OLD_CHROMA], i ? plane : 0, pitch, width / 2,
                            height / 2, i ? cr : cb);
    }
    return status;
}
