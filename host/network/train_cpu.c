/* SPDX-License-Identifier: MIT */
/* The schedules `fused` and `sparse` on processors: kernels/train/train_cpu.cl. */
#include "network/train_cpu.h"

#include <math.h>

#include "network/launch.h"
#include "network/trainer_buffers.h"

enum { DRAWN_SCALE = 1 }; /* as in kernels/picture/picture_cpu.cl */

/* Several chunks a unit even out their ends; each costs a pass over the sums. */
enum { CHUNKS_A_UNIT = 8 };

enum { TRAIN_CPU, TURN_INK }; /* kernels */

/* Panels a unit from which on turning the lists of ink round pays. */
enum { FEWEST_TO_TURN = 3 };

/* Batches whose lists of ink there is room for: as many as fit into so many bytes, and a power of
 * two, so that batches that follow each other have different slots when tickets start again. */
enum { FEWEST_SLOTS = 2, MOST_SLOTS = 16, BYTES_OF_SLOTS = 16 << 20 };

/* Batches that are launched one by one after work-groups left: twice as many when they do it
 * again at the next try. */
enum { FEWEST_SINGLY = 64, MOST_SINGLY = 1024 };

/* Takes what was read from the device, if it is there. Groups that left had to wait too long for
 * others: there are more of them than free cores. Then waiting within a launch costs more
 * than waking threads for each. */
static cbx_status look(cbx_crowd *crowd) {
    cl_int state = CL_QUEUED;
    if (!crowd->reading) {
        return CBX_OK;
    }
    cbx_status status =
        cbx_cl_check(clGetEventInfo(crowd->reading, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state,
                                    &state, NULL),
                     "train_cpu");
    if (status || state != CL_COMPLETE) {
        return status;
    }
    const uint32_t next = crowd->next > 0 ? crowd->next : FEWEST_SINGLY;
    const int left = crowd->left != crowd->before;
    cbx_event_release(&crowd->reading);
    crowd->before = crowd->left;
    crowd->trusted = !left;
    crowd->singly = left ? next : 0;
    crowd->next = !left ? FEWEST_SINGLY : next < MOST_SINGLY ? 2 * next : next;
    return CBX_OK;
}

/* Starts reading how many groups left, without waiting. */
static cbx_status ask(cbx_trainer *trainer) {
    cbx_train_cpu *own = trainer->own;
    cbx_crowd *crowd = &own->crowd;
    return cbx_cl_check(clEnqueueReadBuffer(trainer->device->queue, own->progress, CL_FALSE,
                                            (trainer->chunks + 1) * sizeof crowd->left,
                                            sizeof crowd->left, &crowd->left, 0, NULL,
                                            &crowd->reading),
                        "train_cpu");
}

/* Keeps the record of the crowd, around each launch of `count` batches. */
static cbx_status watch(cbx_trainer *trainer, uint32_t count) {
    cbx_crowd *crowd = &((cbx_train_cpu *)trainer->own)->crowd;
    crowd->singly -= count < crowd->singly ? count : crowd->singly;
    cbx_status status = look(crowd);
    return status || count < 2 || crowd->reading ? status : ask(trainer);
}

static void close(cbx_trainer *trainer) {
    cbx_train_cpu *own = trainer->own;
    cbx_event_release(&own->crowd.reading);
}

/* Panels of a chunk, at most, a power of two, so that none has panels of two nodes of the owner's. */
static uint32_t chunk_unit(const cbx_trainer *trainer) {
    const uint32_t first = trainer->share.first / CBX_PANEL;
    const uint32_t end = first + CBX_PANELS_OF(trainer->share.count);
    const uint32_t borders = first | (end < trainer->meeting.panels ? end : 0);
    return borders ? borders & (0 - borders) : UINT32_MAX;
}

static void divide(cbx_trainer *trainer, const cbx_division *wished) {
    cbx_train_cpu *own = trainer->own;
    const uint32_t units = trainer->device->info.compute_units, panels = trainer->panels;
    const uint32_t most = wished->chunks ? wished->chunks : CHUNKS_A_UNIT * units;
    const uint32_t together = CBX_INK_PANELS_OF(trainer->device->built.vector);
    const uint32_t unit = chunk_unit(trainer);
    trainer->chunk_panels = 1;
    while (panels / (2 * trainer->chunk_panels) >= most && trainer->chunk_panels < unit) {
        trainer->chunk_panels *= 2;
    }
    own->ink = !trainer->way->ops->sparse        ? CBX_DENSE
               : wished->ink > 0                 ? wished->ink
               : panels < FEWEST_TO_TURN * units ? CBX_BY_ROWS
                                                 : CBX_BY_PIXELS;
    /* Lists of ink are worth more than even ends. */
    while (own->ink == CBX_BY_PIXELS && !wished->chunks && trainer->chunk_panels < together &&
           panels / (2 * trainer->chunk_panels) >= units && trainer->chunk_panels < unit) {
        trainer->chunk_panels *= 2;
    }
    trainer->chunks = (panels + trainer->chunk_panels - 1) / trainer->chunk_panels;
    own->levels = cbx_tree_levels(trainer->chunk_panels);
    /* More would find nothing to do. */
    own->groups = units < trainer->chunks ? units : trainer->chunks;
}

/* Whether what a work-group of train_cpu wrote is there for another one that sees, within the
 * launch, that it is done. OpenCL 1.2 promises that for no fence. Processors of the x86 kind
 * show every core's stores to the others in order, so there it is enough that the compiler
 * keeps its own order, to which fences and atomics bind it. A processor whose memory is the
 * host's is the host's own, whose kind is known here. */
static int keeps_order(const cbx_device *device) {
#if defined(__x86_64__) || defined(__i386__)
    return device->shares_memory;
#else
    (void)device;
    return 0;
#endif
}

static uint32_t batches_per_launch(const cbx_trainer *trainer) {
    enum { MOST = 64, ON_TRIAL = 16 };
    const cbx_train_cpu *own = trainer->own;
    const cbx_crowd *crowd = &own->crowd;
    const int asked = crowd->reading && !crowd->trusted; /* one launch on trial at a time */
    if (!keeps_order(trainer->device) || crowd->singly > 0 || asked) {
        return 1;
    }
    /* Some 20 ms at 100 GFLOP/s a unit: long beside the time that a sleeping thread takes
     * to wake up at the start of a launch, short for a person. */
    const double work = 4.0 * trainer->settings.batch * CBX_W1_ROWS * trainer->settings.hidden;
    const double fits = 20e-3 * 100e9 * own->groups / work;
    const double most = crowd->trusted ? MOST : ON_TRIAL;
    const double room = own->slots > 0 ? own->slots - 1 : MOST;
    return (uint32_t)fmax(1.0, fmin(fmin(fits, most), room));
}

/* Bytes of the lists of a batch. */
static uint64_t slot_bytes(const cbx_trainer *trainer) {
    const uint64_t stride = trainer->stride;
    return (CBX_IMAGE_PIXELS + 1) * sizeof(cl_uint) +
           stride * CBX_IMAGE_PIXELS * sizeof(cbx_ink_mark);
}

static uint32_t choose_slots(const cbx_trainer *trainer) {
    const uint64_t fit = BYTES_OF_SLOTS / slot_bytes(trainer);
    uint32_t slots = FEWEST_SLOTS;
    while (slots < MOST_SLOTS && 2 * slots <= fit) {
        slots *= 2;
    }
    return slots;
}

static cbx_buffer_rows buffers(cbx_trainer *trainer) {
    static const cl_uint zero = 0; /* no stage, or one of long ago */
    cbx_train_cpu *own = trainer->own;
    const uint64_t groups = own->groups, chunks = trainer->chunks;
    const uint64_t row = (uint64_t)trainer->stride * sizeof(float);
    const uint64_t scratch = (2 * CBX_INK_PITCH + (1 + own->levels) * CBX_LANES_OUT) * row +
                             CBX_SLAB * CBX_PANEL * sizeof(float);
    const uint64_t dense = own->ink == CBX_DENSE, held = 2 * groups * (1 - dense);
    const uint64_t entries = held * (trainer->stride * CBX_IMAGE_PIXELS + CBX_INK_SPARE);
    own->slots = own->ink == CBX_BY_PIXELS ? choose_slots(trainer) : 0;
    const uint64_t slots = own->slots, rows = slots * trainer->stride;
    return (cbx_buffer_rows){{
        {&trainer->sums, 2 * (chunks + 1) * CBX_LANES_OUT * row, "the output sums", NULL},
        {&own->scratch, groups * scratch, "D1, Q and D2", NULL},
        {&own->x, dense * groups * 2 * CBX_IMAGE_PIXELS * row, "X", NULL},
        {&own->held, groups * 2 * sizeof(cl_uint), "what X holds", &zero},
        {&own->progress, (chunks + 2) * sizeof(cl_uint), "the progress", &zero},
        {&own->row_inks, held * trainer->stride * sizeof(cbx_ink), "ink of rows", NULL},
        {&own->places, entries * sizeof(cl_ushort), "places of ink", NULL},
        {&own->levels_of_ink, entries * sizeof(float), "levels of ink", NULL},
        {&own->pixel_marks, slots * (CBX_IMAGE_PIXELS + 1) * sizeof(cl_uint), "ink of pixels",
         NULL},
        {&own->marks, rows * CBX_IMAGE_PIXELS * sizeof(cbx_ink_mark), "marks of ink", NULL},
    }};
}

/* The lists of `count` batches from the one that the next launch starts. */
static cbx_status turn_ink(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    const cbx_train_cpu *own = trainer->own;
    const uint32_t ticket = own->ticket + 1;
    const cbx_argument arguments[] = {ARG(trainer->order),      ARG(first->first),
                                      ARG(first->rows),         ARG(count),
                                      ARG(trainer->stride),     ARG(ticket),
                                      ARG(own->slots),          ARG(trainer->inks),
                                      ARG(trainer->ink_pixels), ARG(trainer->ink_levels),
                                      ARG(own->pixel_marks),    ARG(own->marks)};
    return cbx_enqueue_bound(trainer->device->queue, trainer->kernels[TURN_INK],
                             &trainer->bound[TURN_INK], arguments, CBX_COUNT(arguments),
                             cbx_launch_range(trainer, count, 1), NULL, NULL);
}

/* How many stages from the next one on have their lists. */
static uint32_t listed(const cbx_train_cpu *own) {
    return own->listed_from == own->ticket + 1 ? own->listed : 0;
}

/* Those of batches of the call from the next launch's first on. Alone as many as there is room for beside the
 * pending one, so that all units have some for a while; among several owners one for each unit, since the
 * others will be made while sums are exchanged. */
static cbx_status list_more(cbx_trainer *trainer, const cbx_batch *first) {
    cbx_train_cpu *own = trainer->own;
    const uint32_t units = trainer->device->info.compute_units, room = own->slots - 1;
    const int alone = trainer->meeting.exchange.ranks == 1;
    const uint32_t most = alone || units > room ? room : units;
    own->listed_from = own->ticket + 1;
    own->listed = trainer->ahead < most ? trainer->ahead : most;
    return turn_ink(trainer, first, own->listed);
}

/* Sees that the batches of the next launch have their lists. */
static cbx_status list_ink(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    cbx_train_cpu *own = trainer->own;
    const cbx_status status = listed(own) < count ? list_more(trainer, first) : CBX_OK;
    own->listed -= count;
    own->listed_from += count;
    return status;
}

static cbx_status prepare(cbx_trainer *trainer) {
    const cbx_train_cpu *own = trainer->own;
    cbx_batch next = trainer->pending;
    next.first += next.rows;
    if (own->ink != CBX_BY_PIXELS || listed(own) > 0) {
        return CBX_OK;
    }
    const cbx_status status = list_more(trainer, &next);
    return status ? status
                  : cbx_cl_check(clFlush(trainer->device->queue), "submitting lists of ink");
}

/* Trains, and draws where there is a canvas: *done is the end of that. */
static cbx_status train(cbx_trainer *trainer, const cbx_batch *first, uint32_t count,
                        const cbx_canvas *canvas, cl_event *done) {
    const cbx_train_cpu *own = trainer->own;
    static const cbx_frame_layout no_picture;
    cbx_frame_layout layout = canvas->luma ? trainer->easel->painter->layout : no_picture;
    const int turned = own->ink == CBX_BY_PIXELS;
    cbx_launch launch = cbx_launch_record(trainer, first, count);
    if (!canvas->luma) {
        launch.draw = launch.draw_every = 0;
    }
    layout.plane = canvas->plane;
    launch.ticket = own->ticket;
    launch.ink = own->ink;
    launch.slots = own->slots;
    const cbx_argument arguments[] = {ARG(trainer->images),
                                      ARG(trainer->normal),
                                      ARG(trainer->labels),
                                      ARG(trainer->order),
                                      ARG(trainer->w1),
                                      ARG(trainer->w2),
                                      ARG(trainer->a1),
                                      ARG(trainer->sums),
                                      ARG(own->scratch),
                                      ARG(own->levels),
                                      ARG(*cbx_launch_buffer(trainer, &own->x)),
                                      ARG(own->progress),
                                      ARG(own->held),
                                      ARG(*cbx_launch_buffer(trainer, &trainer->inks)),
                                      ARG(*cbx_launch_buffer(trainer, &trainer->ink_pixels)),
                                      ARG(*cbx_launch_buffer(trainer, &trainer->ink_levels)),
                                      ARG(*cbx_launch_buffer(trainer, &own->row_inks)),
                                      ARG(*cbx_launch_buffer(trainer, &own->places)),
                                      ARG(*cbx_launch_buffer(trainer, &own->levels_of_ink)),
                                      ARG(*cbx_launch_buffer(trainer, &own->pixel_marks)),
                                      ARG(*cbx_launch_buffer(trainer, &own->marks)),
                                      ARG(trainer->fault),
                                      ARG(trainer->losses),
                                      ARG(launch),
                                      ARG(layout),
                                      ARG(*cbx_launch_buffer(trainer, &canvas->luma))};
    const cbx_range range = {{own->groups, 1}, {1, 1}};
    const cbx_status status = turned && count > 0 ? list_ink(trainer, first, count) : CBX_OK;
    return status ? status
                  : cbx_enqueue_bound(trainer->device->queue, trainer->kernels[TRAIN_CPU],
                                      &trainer->bound[TRAIN_CPU], arguments, CBX_COUNT(arguments),
                                      range, canvas->wait ? &canvas->wait : NULL,
                                      canvas->luma ? done : NULL);
}

static cbx_status run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    cbx_train_cpu *own = trainer->own;
    const cbx_easel *easel = trainer->easel;
    const uint32_t pictures = cbx_launch_pictures(trainer, first, count);
    /* Magnified pictures are drawn by the kernels of picture.cl: the forward pass of
     * the next batch leaves the weights as they are. */
    const int apart = pictures > 0 && cbx_painter_plain_scale(easel->painter) != DRAWN_SCALE;
    cbx_canvas canvas = {.luma = NULL};
    cl_event done = NULL;
    cbx_status status = pictures > 0 && !apart ? easel->canvas(easel->user, &canvas) : CBX_OK;
    if (!status) {
        status = train(trainer, first, count, &canvas, &done);
    }
    if (!status && canvas.luma) {
        status = easel->drawn(easel->user, pictures, done);
    }
    if (!status && apart) {
        status = cbx_easel_draw(easel, trainer->w1);
    }
    cbx_launch_end(trainer, first, count);
    own->ticket += count > 0 ? count : 1;
    return status ? status : watch(trainer, count);
}

/* What both schedules say. */
#define TRAIN_CPU_OPS                                                                              \
    .own_bytes = sizeof(cbx_train_cpu), .divide = divide, .buffers = buffers, .run = run,          \
    .prepare = prepare, .batches_per_launch = batches_per_launch, .close = close,                  \
    .draws_scale = DRAWN_SCALE, .spare_rows = 1

const cbx_schedule_ops cbx_train_cpu_ops = {.kernels = {[TRAIN_CPU] = "train_cpu"}, TRAIN_CPU_OPS};

const cbx_schedule_ops cbx_train_ink_ops = {
    .kernels = {[TRAIN_CPU] = "train_cpu", [TURN_INK] = "turn_ink"}, .sparse = 1, TRAIN_CPU_OPS};
