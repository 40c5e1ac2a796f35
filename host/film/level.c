/* SPDX-License-Identifier: MIT */
#include "film/level.h"

enum { MACROBLOCK_SIDE = 16 };

const cbx_level cbx_levels[CBX_LEVELS] = {
    {"1.0", 10, 1485, 99, 64, 175},
    {"1.1", 11, 3000, 396, 192, 500},
    {"1.2", 12, 6000, 396, 384, 1000},
    {"1.3", 13, 11880, 396, 768, 2000},
    {"2.0", 20, 11880, 396, 2000, 2000},
    {"2.1", 21, 19800, 792, 4000, 4000},
    {"2.2", 22, 20250, 1620, 4000, 4000},
    {"3.0", 30, 40500, 1620, 10000, 10000},
    {"3.1", 31, 108000, 3600, 14000, 14000},
    {"3.2", 32, 216000, 5120, 20000, 20000},
    {"4.0", 40, 245760, 8192, 20000, 25000},
    {"4.1", 41, 245760, 8192, 50000, 62500},
    {"4.2", 42, 522240, 8704, 50000, 62500},
    {"5.0", 50, 589824, 22080, 135000, 135000},
    {"5.1", 51, 983040, 36864, 240000, 240000},
    {"5.2", 52, 2073600, 36864, 240000, 240000},
    {"6.0", 60, 4177920, 139264, 240000, 240000},
    {"6.1", 61, 8355840, 139264, 480000, 480000},
    {"6.2", 62, 16711680, 139264, 800000, 800000},
};

void cbx_buffers_add(cbx_buffers *buffers, size_t bytes) {
    for (size_t i = 0; i < CBX_LEVELS; i++) {
        const uint64_t lost = (uint64_t)cbx_levels[i].max_br * 1000;
        const uint64_t left = buffers->held[i] > lost ? buffers->held[i] - lost : 0;
        buffers->held[i] = left + (uint64_t)bytes * 8 * buffers->fps;
        if (buffers->most[i] < buffers->held[i]) {
            buffers->most[i] = buffers->held[i];
        }
    }
}

static int holds_size(const cbx_level *level, uint64_t across, uint64_t down) {
    const uint64_t side = 8 * (uint64_t)level->max_fs;
    return across * down <= level->max_fs && across * across <= side && down * down <= side;
}

static int holds_bits(const cbx_level *level, const cbx_buffers *buffers) {
    return buffers->most[level - cbx_levels] <= (uint64_t)level->max_cpb * 1000 * buffers->fps;
}

int cbx_level_holds(const cbx_level *level, uint32_t width, uint32_t height, uint32_t fps,
                    const cbx_buffers *buffers) {
    const uint64_t across = ((uint64_t)width + MACROBLOCK_SIDE - 1) / MACROBLOCK_SIDE;
    const uint64_t down = ((uint64_t)height + MACROBLOCK_SIDE - 1) / MACROBLOCK_SIDE;
    return holds_size(level, across, down) && across * down * fps <= level->max_mbps &&
           (!buffers || holds_bits(level, buffers));
}

const cbx_level *cbx_level_of(uint32_t width, uint32_t height, uint32_t fps,
                              const cbx_buffers *buffers) {
    const cbx_level *level = cbx_levels, *last = cbx_levels + CBX_LEVELS - 1;
    while (level < last && !cbx_level_holds(level, width, height, fps, buffers)) {
        level++;
    }
    return level;
}
