/* SPDX-License-Identifier: MIT */
/* Dispatch of the drawing kernels. */
#ifndef CBX_PICTURE_DRAW_H
#define CBX_PICTURE_DRAW_H

#include "clearbox/picture.h"
#include "device/bound.h"
#include "device/copy.h"
#include "device/device.h"
#include "layout.h"
#include "picture/brush.h"
#include "picture/scribe.h"

/* Draws pictures of weights that lie on the device: plain ones, grey at a scale, of which only luma
 * depends on the weights; or any other. */
typedef struct cbx_painter {
    cbx_device *device;      /* borrowed */
    cbx_frame_layout layout; /* of a whole network; `first` and `count` are the owner's to change */
    cl_kernel tone_of_tiles, picture_luma, picture_rgb, picture_chroma;
    cl_kernel by_panels; /* luma in one launch, … */
    cbx_bound bound;     /* its arguments */
    size_t group;        /* … of groups of so many; 0: by tone_of_tiles and picture_luma */
    cl_mem tones;        /* float4 [H] */
    int plain;           /* with what is above, and its chroma stays the same; else … */
    cbx_brush brush;     /* … with this one; `layout` has only the size */
    cbx_grid grid;       /* of both */
    cbx_scribe scribe;   /* zeroed: there is no caption */
    cbx_facts facts;     /* of the next picture */
    cbx_news news;
} cbx_painter;

/* Room for pictures of successive batches: planes of (height, width) bytes, one behind the
 * other. */
typedef struct cbx_canvas {
    cl_mem luma;    /* NULL: nothing is to be drawn any more */
    uint32_t plane; /* the first to draw on */
    /* Where a picture that is not plain is drawn; there is one then. */
    cbx_planes planes;
    cl_event wait; /* they may be overwritten from then on; NULL: at once. The giver's */
} cbx_canvas;

/* Where whoever draws gets canvases, one for each launch. */
typedef struct cbx_easel {
    cbx_painter *painter;
    /* How many pictures the next canvas has room for, one at least. */
    uint32_t (*room)(void *user);
    /* May wait for room. */
    cbx_status (*canvas)(void *user, cbx_canvas *out);
    /* So many pictures are enqueued, on the first planes of the canvas that was given last;
     * `done` marks their end and is the receiver's to release. */
    cbx_status (*drawn)(void *user, uint32_t pictures, cl_event done);
    void *user;
} cbx_easel;

/* CBX_BAD_ARGUMENT when there is no such tone. */
cbx_status cbx_tone_check(cbx_tone tone);

cbx_frame_layout cbx_frame_layout_of(const cbx_grid *grid, cbx_tone tone);

/* Fills *painter; to be given to cbx_painter_clear() in every case. */
cbx_status cbx_painter_init(cbx_painter *painter, cbx_device *device, const cbx_grid *grid,
                            cbx_tone tone);
void cbx_painter_clear(cbx_painter *painter);

/* Any drawing, with its grid. *painter must stay where it is. */
cbx_status cbx_painter_init_as(cbx_painter *painter, cbx_device *device, const cbx_grid *grid,
                               const cbx_drawing *drawing);

/* Makes room for the losses of a film of so many frames, where there are captions. */
cbx_status cbx_painter_expect(cbx_painter *painter, uint64_t frames);

/* What the captions to come hang on, for a film that is to go on elsewhere: as of cbx_avc_keep(), of so
 * many bytes; none where there are no captions. */
size_t cbx_painter_state_bytes(const cbx_painter *painter);
cbx_status cbx_painter_keep(const cbx_painter *painter, cbx_copy *to);
cbx_status cbx_painter_resume(const cbx_painter *painter, const uint8_t *state);

/* What the captions of the next pictures say, if they have any; the news is in the first of them. */
void cbx_painter_tell(cbx_painter *painter, const cbx_facts *facts, const cbx_news *news);

/* Whether the chroma of such pictures depends on the weights: they are not plain. */
int cbx_drawing_changes_chroma(const cbx_drawing *drawing);

/* The scale where it is plain; 0: it is not. */
uint32_t cbx_painter_plain_scale(const cbx_painter *painter);

/* Enqueues on the device's queue, from w1 [P][785][32]: the picture, on the canvas's first plane. What
 * never changes stays. `event`, if not NULL, marks the end. */
cbx_status cbx_painter_draw(cbx_painter *painter, cl_mem w1, const cbx_canvas *canvas,
                            cl_event *event);

/* What never changes of a picture that is not plain. */
cbx_status cbx_painter_ground(cbx_painter *painter, const cbx_planes *planes);

/* Of a plain one. Enqueues on the device's queue: luma (height, width) bytes from w1 [P][785][32], on the
 * canvas's first plane. Pixels outside tiles stay. `event`, if not NULL, marks the end. */
cbx_status cbx_painter_luma(cbx_painter *painter, cl_mem w1, const cbx_canvas *canvas,
                            cl_event *event);

/* The kernel that does so. */
const char *cbx_painter_luma_kernel(const cbx_painter *painter);

/* The same, one picture on a canvas of the easel. */
cbx_status cbx_easel_draw(const cbx_easel *easel, cl_mem w1);

/* Fills a plane of `bytes` with one value; enqueues only. */
cbx_status cbx_painter_fill(cbx_painter *painter, cl_mem plane, size_t bytes, uint8_t value);

/* Of a plain one: draws the constant chroma planes and reads them: cb and cr, (height/2, width/2)
 * bytes each, host memory. Waits. */
cbx_status cbx_painter_chroma(cbx_painter *painter, uint8_t *cb, uint8_t *cr);

/* Draws and reads the whole picture as rgb, (height, width, 3) bytes. Waits. */
cbx_status cbx_painter_rgb(cbx_painter *painter, cl_mem w1, uint8_t *rgb);

#endif
