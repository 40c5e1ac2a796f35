/* SPDX-License-Identifier: MIT */
#include "team/fellow.h"

#include "check/spot_check.h"
#include "network/follow.h"

static void begin_check(void *user, const uint32_t *order, uint32_t first, uint32_t rows,
                        cbx_rates rates, uint64_t number) {
    const cbx_spot_batch batch = {order, first, rows, rates, number};
    cbx_spot_check_begin(user, &batch);
}

static cbx_status end_check(void *user) {
    return cbx_spot_check_look(user, 1);
}

cbx_status cbx_fellow_serve(const cbx_fellow *fellow) {
    static const cbx_follower_checks none;
    cbx_trainer *trainer = NULL;
    cbx_spot_check *check = NULL;
    cbx_status status = cbx_trainer_create_with(&trainer, fellow->device, fellow->dataset,
                                                fellow->settings, fellow->division);
    if (!status && fellow->checks) {
        status = cbx_spot_check_create(&check, trainer, fellow->dataset);
    }
    status = fellow->ready(fellow->user, status);
    if (!status) {
        const cbx_follower_checks checks = {begin_check, end_check, check};
        status = cbx_trainer_follow(trainer, check ? &checks : &none);
    }
    cbx_spot_check_destroy(check);
    cbx_trainer_destroy(trainer);
    return status;
}
