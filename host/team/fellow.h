/* SPDX-License-Identifier: MIT */
/* One that trains a share of a network's neurons as its leader tells it: in a thread of a team, or in a
 * process of its own. */
#ifndef CBX_TEAM_FELLOW_H
#define CBX_TEAM_FELLOW_H

#include "network/trainer.h"

typedef struct cbx_fellow {
    cbx_device *device;
    const cbx_dataset *dataset;
    const cbx_trainer_settings *settings; /* of the whole network */
    const cbx_division *division;
    int checks; /* whether it checks batches of its share */
    /* Told once, when it has its trainer or failed; it serves only after CBX_OK of both. */
    cbx_status (*ready)(void *user, cbx_status status);
    void *user;
} cbx_fellow;

/* Until its leader lets it go, or something fails. */
cbx_status cbx_fellow_serve(const cbx_fellow *fellow);

#endif
