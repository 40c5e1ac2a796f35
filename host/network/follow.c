/* SPDX-License-Identifier: MIT */
#include "network/follow.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/crew.h"

static cbx_status receive(const cbx_trainer *trainer, void *bytes, size_t size) {
    return trainer->links->receive(trainer->links->user, 0, bytes, size);
}

static cbx_status take_weights(cbx_trainer *trainer, const cbx_command *command) {
    (void)command;
    return cbx_trainer_receive_weights(trainer);
}

static cbx_status take_order(cbx_trainer *trainer, const cbx_command *command) {
    uint32_t *order = NULL;
    cbx_status status = cbx_new(&order, command->count);
    if (!status) {
        status = receive(trainer, order, command->count * sizeof *order);
    }
    if (!status) {
        status = cbx_trainer_set_order(trainer, order, command->count);
    }
    free(order);
    return status;
}

static cbx_status train(cbx_trainer *trainer, const cbx_command *c) {
    if (c->rows == trainer->settings.batch) {
        return cbx_trainer_steps_drawing(trainer, c->first, c->count, c->rates, c->number,
                                         c->every);
    }
    return (c->every ? cbx_trainer_step_drawing : cbx_trainer_step)(trainer, c->first, c->rows,
                                                                    c->rates, c->number);
}

static cbx_status flush(cbx_trainer *trainer, const cbx_command *command) {
    (void)command;
    return cbx_trainer_flush(trainer);
}

static cbx_status evaluate(cbx_trainer *trainer, const cbx_command *command) {
    cbx_evaluation unused;
    return cbx_trainer_evaluate(trainer, (cbx_part)command->count, &unused);
}

static cbx_status give_outputs(cbx_trainer *trainer, const cbx_command *command) {
    float *z2 = NULL;
    cbx_status status = cbx_new(&z2, (size_t)trainer->images_of[command->count] * CBX_CLASSES);
    if (!status) {
        status = cbx_trainer_outputs(trainer, (cbx_part)command->count, z2);
    }
    free(z2);
    return status;
}

static cbx_status give_w1(cbx_trainer *trainer, const cbx_command *command) {
    (void)command;
    const cbx_status status = cbx_trainer_flush(trainer);
    return status ? status : cbx_crew_send_w1(trainer);
}

static cbx_status give_weights(cbx_trainer *trainer, const cbx_command *command) {
    const cbx_status status = give_w1(trainer, command);
    return status ? status : cbx_crew_send_w2(trainer);
}

static cbx_status (*const deeds[CBX_WORDS])(cbx_trainer *, const cbx_command *) = {
    [CBX_TELL_WEIGHTS] = take_weights, [CBX_TELL_ORDER] = take_order,
    [CBX_TELL_BATCHES] = train,        [CBX_TELL_FLUSH] = flush,
    [CBX_TELL_EVALUATE] = evaluate,    [CBX_TELL_OUTPUTS] = give_outputs,
    [CBX_ASK_WEIGHTS] = give_weights,  [CBX_ASK_W1] = give_w1,
};

cbx_status cbx_trainer_follow(cbx_trainer *trainer) {
    for (;;) {
        cbx_command command;
        cbx_status status = receive(trainer, &command, sizeof command);
        if (status || command.word == CBX_TELL_END) {
            return status;
        }
        status = deeds[command.word](trainer, &command);
        if (status && status != CBX_DIVERGED) {
            return status;
        }
    }
}
