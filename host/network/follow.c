/* SPDX-License-Identifier: MIT */
#include "network/follow.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/sight.h"

/* What a follower has beside its trainer. */
typedef struct follower {
    cbx_trainer *trainer;
    const cbx_follower_checks *checks;
    uint32_t *order; /* as it was told last */
} follower;

static cbx_status take_w1(follower *f, const cbx_command *command) {
    return cbx_crew_receive_w1(f->trainer, command->first, command->rows);
}

static cbx_status take_w2(follower *f, const cbx_command *command) {
    (void)command;
    return cbx_crew_receive_w2(f->trainer);
}

static cbx_status take_order(follower *f, const cbx_command *command) {
    free(f->order);
    f->order = NULL;
    cbx_status status = cbx_new(&f->order, command->count);
    if (!status) {
        status = cbx_crew_receive(f->trainer, 0, f->order, command->count * sizeof *f->order);
    }
    return status ? status : cbx_trainer_set_order(f->trainer, f->order, command->count);
}

static cbx_status train(follower *f, const cbx_command *c) {
    if (c->rows == f->trainer->settings.batch) {
        return cbx_trainer_steps_drawing(f->trainer, c->first, c->count, c->rates, c->number,
                                         c->every);
    }
    return (c->every ? cbx_trainer_step_drawing : cbx_trainer_step)(f->trainer, c->first, c->rows,
                                                                    c->rates, c->number);
}

static cbx_status take_easel(follower *f, const cbx_command *command) {
    return cbx_sight_take(f->trainer, command->rows, (cbx_tone)command->count);
}

static cbx_status flush(follower *f, const cbx_command *command) {
    (void)command;
    return cbx_trainer_flush(f->trainer);
}

static cbx_status check_part(const cbx_command *command) {
    return command->count <= CBX_TEST
               ? CBX_OK
               : cbx_fail(CBX_DEVICE_FAULT, "there are no images of part %u", command->count);
}

static cbx_status evaluate(follower *f, const cbx_command *command) {
    cbx_evaluation unused;
    const cbx_status status = check_part(command);
    return status ? status : cbx_trainer_evaluate(f->trainer, (cbx_part)command->count, &unused);
}

static cbx_status give_outputs(follower *f, const cbx_command *command) {
    float *z2 = NULL;
    cbx_status status = check_part(command);
    if (status) {
        return status;
    }
    status = cbx_new(&z2, (size_t)f->trainer->images_of[command->count] * CBX_CLASSES);
    if (!status) {
        status = cbx_trainer_outputs(f->trainer, (cbx_part)command->count, z2);
    }
    free(z2);
    return status;
}

static cbx_status give_w1(follower *f, const cbx_command *command) {
    const cbx_status status = cbx_trainer_flush(f->trainer);
    return status ? status : cbx_crew_send_w1(f->trainer, command->first, command->rows);
}

static cbx_status give_w2(follower *f, const cbx_command *command) {
    const cbx_status status = cbx_trainer_flush(f->trainer);
    (void)command;
    return status ? status : cbx_crew_send_w2(f->trainer);
}

static cbx_status begin_check(follower *f, const cbx_command *c) {
    if (f->checks->begin) {
        f->checks->begin(f->checks->user, f->order, c->first, c->rows, c->rates, c->number);
    }
    return CBX_OK;
}

static cbx_status give_verdict(follower *f, const cbx_command *command) {
    static const char right = 1;
    cbx_status status = cbx_trainer_flush(f->trainer);
    (void)command;
    if (!status && f->checks->end) {
        status = f->checks->end(f->checks->user);
    }
    return status ? status : cbx_crew_send(f->trainer, 0, &right, sizeof right);
}

static cbx_status (*const deeds[CBX_WORDS])(follower *, const cbx_command *) = {
    [CBX_TELL_W1] = take_w1,        [CBX_TELL_W2] = take_w2,
    [CBX_TELL_ORDER] = take_order,  [CBX_TELL_EASEL] = take_easel,
    [CBX_TELL_BATCHES] = train,     [CBX_TELL_FLUSH] = flush,
    [CBX_TELL_EVALUATE] = evaluate, [CBX_TELL_OUTPUTS] = give_outputs,
    [CBX_ASK_W1] = give_w1,         [CBX_ASK_W2] = give_w2,
    [CBX_TELL_CHECK] = begin_check, [CBX_ASK_VERDICT] = give_verdict,
};

static cbx_status follow(follower *f) {
    for (;;) {
        cbx_command command;
        cbx_status status = cbx_crew_receive(f->trainer, 0, &command, sizeof command);
        if (status || command.word == CBX_TELL_END) {
            return status;
        }
        status = (unsigned)command.word < CBX_WORDS && deeds[command.word]
                     ? deeds[command.word](f, &command)
                     : cbx_fail(CBX_DEVICE_FAULT, "the leader says what nobody knows");
        if (status && status != CBX_DIVERGED) {
            return status;
        }
    }
}

cbx_status cbx_trainer_follow(cbx_trainer *trainer, const cbx_follower_checks *checks) {
    follower f = {trainer, checks, NULL};
    const cbx_status status = follow(&f);
    free(f.order);
    return status;
}
