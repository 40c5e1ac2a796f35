/* SPDX-License-Identifier: MIT */
/* The weights of a run, which never lie on the host as a whole unless a page wants them: of many ranks each
 * has its share, and what goes through here goes in pieces. */
#include "base/error.h"
#include "learn/hashes.h"
#include "learn/job.h"
#include "learn/metadata.h"
#include "network/trainer_weights.h"
#include "network/weights.h"

/* ---- from where ---- */

cbx_status cbx_job_open_init(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_init *init = &job->init;
    if (!settings->init || settings->resume) {
        return CBX_OK;
    }
    cbx_status status =
        cbx_safetensors_open(&init->file, settings->init, "weights", CBX_WEIGHTS_NEEDED);
    if (!status) {
        status = cbx_weights_file_open(&init->weights, &init->file);
    }
    if (!status && cbx_weights_file_hidden(&init->weights) != settings->hidden) {
        const uint32_t hidden = cbx_weights_file_hidden(&init->weights);
        status = cbx_fail(CBX_BAD_ARGUMENT,
                          "%s holds a network of %u hidden neurons; run it with hidden %u",
                          settings->init, hidden, hidden);
    }
    return status;
}

void cbx_job_close_init(cbx_job *job) {
    cbx_safetensors_close(&job->init.file);
    job->init = (cbx_init){0};
}

cbx_status cbx_job_set_weights(cbx_job *job) {
    cbx_random_weights random = {.hidden = job->settings->hidden};
    cbx_pieces from = {cbx_random_weights_next, &random};
    if (job->network) {
        return cbx_trainer_set_weights(job->trainer, job->network);
    }
    if (job->resumed) {
        from = job->resumed->weights;
    } else if (job->init.file.file) {
        from = cbx_weights_file_pieces(&job->init.weights);
    } else {
        cbx_random_seed(&random.random, job->settings->seed, CBX_STREAM_WEIGHTS);
    }
    const cbx_status status = cbx_trainer_take_weights(job->trainer, &from);
    if (job->resumed) {
        cbx_checkpoint_close(job->resumed);
    }
    cbx_job_close_init(job);
    return status;
}

/* ---- whereto ---- */

/* Lets someone have them piece by piece. */
static cbx_status
give(cbx_job *job, cbx_status (*take)(cbx_job *job, const cbx_pieces *from, void *to), void *to) {
    cbx_trainer_weights *weights = NULL;
    cbx_status status = cbx_trainer_weights_open(&weights, job->trainer);
    if (!status) {
        const cbx_pieces from = cbx_trainer_weights_pieces(weights);
        status = take(job, &from, to);
    }
    cbx_trainer_weights_close(weights);
    return status;
}

static cbx_status hash(cbx_job *job, const cbx_pieces *from, void *text) {
    return cbx_hash_weights(job->settings->hidden, from, text);
}

cbx_status cbx_job_hash_weights(cbx_job *job, char text[CBX_DIGEST_TEXT]) {
    return give(job, hash, text);
}

static cbx_status write_file(cbx_job *job, const cbx_pieces *from, void *to) {
    cbx_metadata metadata;
    cbx_job_metadata(job, &metadata);
    return cbx_weights_write(job->settings->hidden, from, to, metadata.settings, metadata.count);
}

cbx_status cbx_job_write_weights(cbx_job *job, cbx_output *to) {
    return give(job, write_file, to);
}

static cbx_status fetch(cbx_job *job, const cbx_pieces *from, void *unused) {
    (void)unused;
    return cbx_network_take_weights(job->network, from);
}

cbx_status cbx_job_fetch_network(cbx_job *job) {
    if (job->network) {
        return CBX_OK;
    }
    const cbx_status status = cbx_network_create(&job->network, job->settings->hidden);
    return status ? status : give(job, fetch, NULL);
}
