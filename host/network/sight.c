/* SPDX-License-Identifier: MIT */
#include "network/sight.h"

#include <stdlib.h>

#include "base/memory.h"

/* Tiles side by side, counted in tiles. */
typedef struct block {
    uint32_t x, y, width, height;
} block;

/* A share's neurons fill columns of g tiles: what it has of its first one, whole ones, and what it has of
 * its last one. */
enum { MOST_BLOCKS = 3 };

struct cbx_sight {
    const cbx_easel *told;  /* of a leader: the one that its followers know of */
    uint32_t scale;         /* 0: pictures that are not plain */
    cbx_frame_layout whole; /* of plain ones */
    uint8_t *tiles;         /* of a follower its own, of a leader those of all followers in turn */
    cbx_painter painter;    /* of a follower */
    cl_mem luma;
};

static int list_blocks(const cbx_frame_layout *layout, cbx_share share, block blocks[MOST_BLOCKS]) {
    const uint32_t rows = layout->rows, end = share.first + share.count;
    const uint32_t top = share.first % rows, bottom = end % rows;
    uint32_t x = share.first / rows;
    const uint32_t last = end / rows; /* the first column that is not whole */
    int count = 0;
    if (x == last) {
        blocks[count++] = (block){x, top, 1, share.count};
        return count;
    }
    if (top > 0) {
        blocks[count++] = (block){x++, top, 1, rows - top};
    }
    if (x < last) {
        blocks[count++] = (block){x, 0, last - x, rows};
    }
    if (bottom > 0) {
        blocks[count++] = (block){last, 0, 1, bottom};
    }
    return count;
}

static size_t bytes_of(const cbx_frame_layout *layout, cbx_share share) {
    const size_t tile = (size_t)CBX_IMAGE_SIDE * layout->scale;
    return share.count * tile * tile;
}

static cbx_status make(cbx_trainer *trainer) {
    return trainer->sight ? CBX_OK : cbx_new(&trainer->sight, 1);
}

/* ---- the leader ---- */

static size_t bytes_of_others(const cbx_trainer *trainer, const cbx_frame_layout *layout) {
    size_t bytes = 0;
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks; rank++) {
        bytes += bytes_of(layout, cbx_crew_share(trainer, rank));
    }
    return bytes;
}

cbx_status cbx_sight_tell(cbx_trainer *trainer) {
    const cbx_easel *easel = trainer->shown;
    if (!cbx_crew_leads(trainer) || !easel || (trainer->sight && trainer->sight->told == easel)) {
        return CBX_OK;
    }
    cbx_status status = make(trainer);
    if (status) {
        return status;
    }
    struct cbx_sight *sight = trainer->sight;
    sight->scale = cbx_painter_plain_scale(easel->painter);
    sight->whole = easel->painter->layout;
    free(sight->tiles);
    sight->tiles = NULL;
    if (sight->scale > 0) {
        status = cbx_new(&sight->tiles, bytes_of_others(trainer, &sight->whole));
    }
    if (!status) {
        const cbx_command command = {
            .word = CBX_TELL_EASEL, .rows = sight->scale, .count = sight->whole.tone};
        status = cbx_crew_tell(trainer, &command, NULL, 0);
    }
    sight->told = status ? NULL : easel;
    return status;
}

static cbx_status receive_tiles(const cbx_trainer *trainer) {
    uint8_t *to = trainer->sight->tiles;
    cbx_status status = CBX_OK;
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks && !status; rank++) {
        const size_t bytes = bytes_of(&trainer->sight->whole, cbx_crew_share(trainer, rank));
        status = cbx_crew_receive(trainer, rank, to, bytes);
        to += bytes;
    }
    return status;
}

/* Of one follower. `done` marks the end; waits. */
static cbx_status put_tiles(const cbx_trainer *trainer, const cbx_canvas *canvas, cbx_share share,
                            const uint8_t *from, cl_event *done) {
    const cbx_frame_layout *layout = &trainer->sight->whole;
    const size_t tile = (size_t)CBX_IMAGE_SIDE * layout->scale;
    block blocks[MOST_BLOCKS];
    const int count = list_blocks(layout, share, blocks);
    cbx_status status = CBX_OK;
    for (int i = 0; i < count && !status; i++) {
        const block *b = &blocks[i];
        const size_t y = b->y * tile + (size_t)canvas->plane * layout->height;
        const size_t to[3] = {b->x * tile, y, 0}, origin[3] = {0, 0, 0};
        const size_t region[3] = {b->width * tile, b->height * tile, 1};
        cbx_event_release(done);
        status = cbx_cl_check(clEnqueueWriteBufferRect(trainer->device->queue, canvas->luma,
                                                       CL_TRUE, to, origin, region, layout->width,
                                                       0, region[0], 0, from, 0, NULL, done),
                              "putting a picture together");
        from += region[0] * region[1];
    }
    return status;
}

cbx_status cbx_sight_draw(cbx_trainer *trainer, const cbx_easel *easel) {
    if (!trainer->sight || trainer->sight->scale == 0) {
        return cbx_easel_draw(easel, trainer->whole_w1);
    }
    cbx_painter *painter = easel->painter;
    const cbx_frame_layout whole = painter->layout;
    const uint8_t *tiles = trainer->sight->tiles;
    cbx_canvas canvas;
    cl_event done = NULL;
    cbx_status status = easel->canvas(easel->user, &canvas);
    if (status || !canvas.luma) {
        return status;
    }
    painter->layout.first = trainer->share.first;
    painter->layout.count = trainer->share.count;
    status = cbx_painter_luma(painter, trainer->w1, &canvas, NULL);
    painter->layout = whole;
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks && !status; rank++) {
        const cbx_share share = cbx_crew_share(trainer, rank);
        status = put_tiles(trainer, &canvas, share, tiles, &done);
        tiles += bytes_of(&whole, share);
    }
    if (status) {
        cbx_event_release(&done);
        return status;
    }
    return easel->drawn(easel->user, 1, done);
}

/* ---- a follower ---- */

static void clear_painter(struct cbx_sight *sight) {
    cbx_buffer_release(sight->luma);
    sight->luma = NULL;
    free(sight->tiles);
    sight->tiles = NULL;
    if (sight->painter.device) {
        cbx_painter_clear(&sight->painter);
    }
}

cbx_status cbx_sight_take(cbx_trainer *trainer, uint32_t scale, cbx_tone tone) {
    cbx_grid grid;
    cbx_status status = make(trainer);
    if (status) {
        return status;
    }
    struct cbx_sight *sight = trainer->sight;
    clear_painter(sight);
    sight->scale = scale;
    if (scale == 0) {
        return CBX_OK;
    }
    status = cbx_grid_lay_out(&grid, trainer->settings.hidden, scale);
    if (!status) {
        status = cbx_painter_init(&sight->painter, trainer->device, &grid, tone);
    }
    if (!status) {
        sight->whole = sight->painter.layout;
        sight->painter.layout.first = trainer->share.first;
        sight->painter.layout.count = trainer->share.count;
        status = cbx_new(&sight->tiles, bytes_of(&sight->whole, trainer->share));
    }
    return status
               ? status
               : cbx_buffer_create(trainer->device, CL_MEM_READ_WRITE,
                                   (uint64_t)grid.width * grid.height, "a picture", &sight->luma);
}

static cbx_status send_tiles(cbx_trainer *trainer) {
    struct cbx_sight *sight = trainer->sight;
    const size_t tile = (size_t)CBX_IMAGE_SIDE * sight->scale;
    const cbx_canvas canvas = {.luma = sight->luma};
    block blocks[MOST_BLOCKS];
    uint8_t *to = sight->tiles;
    const int count = list_blocks(&sight->whole, trainer->share, blocks);
    cbx_status status = cbx_painter_luma(&sight->painter, trainer->w1, &canvas, NULL);
    for (int i = 0; i < count && !status; i++) {
        const block *b = &blocks[i];
        const size_t from[3] = {b->x * tile, b->y * tile, 0}, origin[3] = {0, 0, 0};
        const size_t region[3] = {b->width * tile, b->height * tile, 1};
        status = cbx_cl_check(clEnqueueReadBufferRect(trainer->device->queue, sight->luma, CL_TRUE,
                                                      from, origin, region, sight->whole.width, 0,
                                                      region[0], 0, to, 0, NULL, NULL),
                              "reading a share of a picture");
        to += region[0] * region[1];
    }
    return status
               ? status
               : cbx_crew_send(trainer, 0, sight->tiles, bytes_of(&sight->whole, trainer->share));
}

/* ---- both ---- */

cbx_status cbx_sight_show(cbx_trainer *trainer) {
    const int plain = trainer->sight && trainer->sight->scale > 0;
    if (!cbx_crew_leads(trainer)) {
        return plain ? send_tiles(trainer) : cbx_crew_send_w1(trainer, 0, CBX_W1_ROWS);
    }
    const cbx_status status = plain ? receive_tiles(trainer) : cbx_crew_collect_w1(trainer);
    return status || !trainer->shown ? status : cbx_sight_draw(trainer, trainer->shown);
}

void cbx_sight_clear(cbx_trainer *trainer) {
    if (trainer->sight) {
        clear_painter(trainer->sight);
        free(trainer->sight);
        trainer->sight = NULL;
    }
}
