/* SPDX-License-Identifier: MIT */
/* Dispatch of the kernels that draw in any way: kernels/picture/tiles.cl. */
#ifndef CBX_PICTURE_BRUSH_H
#define CBX_PICTURE_BRUSH_H

#include "device/device.h"
#include "picture/palette.h"

typedef struct cbx_brush {
    cbx_device *device; /* borrowed */
    cbx_tiles_layout layout;
    cbx_u32 tone;
    cl_kernel tone_of_tiles, tiles_yuv, tiles_rgb, ground_rgb;
    cl_mem tones;    /* float4 [H] */
    cl_mem yuv, rgb; /* the palette */
    cbx_colour ground_yuv;
} cbx_brush;

/* Where the planes of one picture begin, in bytes; both may be in one buffer. */
typedef struct cbx_planes {
    cl_mem luma, chroma; /* (height, width); Cb and Cr (height/2, width/2) each */
    uint64_t luma_at, chroma_at;
} cbx_planes;

/* Fills *brush; to be given to cbx_brush_clear() in every case. Builds the program where the device
 * does not have it yet. */
cbx_status cbx_brush_init(cbx_brush *brush, cbx_device *device, const cbx_grid *grid,
                          const cbx_drawing *drawing);
void cbx_brush_clear(cbx_brush *brush);

/* Enqueue on the device's queue: the tiles, from w1 [P][785][32]; pixels outside stay. `wait` or
 * NULL comes before, `event`, if not NULL, marks the end. rgb (height, width, 3) bytes. */
cbx_status cbx_brush_tiles(cbx_brush *brush, cl_mem w1, const cbx_planes *to, const cl_event *wait,
                           cl_event *event);
cbx_status cbx_brush_tiles_rgb(cbx_brush *brush, cl_mem w1, cl_mem rgb);

/* Enqueue: the whole picture becomes ground. */
cbx_status cbx_brush_ground(const cbx_brush *brush, const cbx_planes *to);
cbx_status cbx_brush_ground_rgb(const cbx_brush *brush, cl_mem rgb);

#endif
