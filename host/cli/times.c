/* SPDX-License-Identifier: MIT */
#include "cli/times.h"

#include <string.h>

#define AT(member) offsetof(cbx_learn_times, member)

const cli_time cli_times[CLI_TIMES] = {
    {AT(load), "load", "load_seconds", "load", 7, "load", "images, alongside the start", ""},
    {AT(start), "start", "start_seconds", "start", 6, "start", "device, kernels, self-test, upload",
     ""},
    {AT(first_batch), "first_batch", "first_batch_seconds", NULL, 0, NULL, NULL, ""},
    {AT(train), "train", "train_seconds", "train", 0, "train", "", ""},
    {AT(exchange), "exchange", "exchange_seconds", NULL, 0, "  exchange",
     "with other ranks, and waiting for them", ""},
    {AT(evaluate), "evaluate", "evaluate_seconds", "evaluate", 4, "evaluate", "", ""},
    {AT(draw), "draw", "draw_seconds", "draw", 8, "  draw", "alongside, on the device", "train"},
    {AT(read_back), "read_back", "read_back_seconds", "read back", 9, "  read back", "alongside",
     "train"},
    {AT(encode), "encode", "encode_seconds", "encode", 1, "  encode", "alongside, processor time",
     "train"},
    {AT(waited), "waited", "waited_seconds", "waited", 3, "  held back",
     "training waited for encoders", "train"},
    {AT(finish), "finish", "finish_seconds", "finish", 10, "finish", "", ""},
    {AT(total), "total", "total_seconds", "total s", 0, "total", "", ""},
};

_Static_assert(sizeof(cbx_learn_times) == CLI_TIMES * sizeof(double), "each time has a row");

double cli_time_seconds(const cli_time *time, const cbx_learn_times *times) {
    double seconds;
    memcpy(&seconds, (const char *)times + time->at, sizeof seconds);
    return seconds;
}
