/* SPDX-License-Identifier: MIT */
/* The parts of a running job, shared by the files of host/learn. */
#ifndef CBX_LEARN_JOB_H
#define CBX_LEARN_JOB_H

#include "base/error.h"
#include "base/files.h"
#include "base/reservation.h"
#include "clearbox/learn.h"
#include "device/walk.h"
#include "learn/checkpoint.h"
#include "learn/clock.h"
#include "learn/page_film.h"
#include "learn/trace.h"
#include "learn/position.h"
#include "network/trainer.h"
#include "ranks/lead.h"
#include "reel/reel.h"
#include "team/team.h"

/* Of training, each with the weights from before its batch. Zeroed: nobody wants them. */
typedef struct cbx_losses {
    float *of_images;   /* (training_images), in the order of the epoch under way */
    double *of_batches; /* (plan.batches), their means */
    uint64_t count;     /* batches so far */
} cbx_losses;

/* Batches that are computed again on the host. Zeroed: none are. */
typedef struct cbx_checks {
    struct cbx_spot_check *spot;
    uint64_t due; /* the next batch, counted from the run's start */
} cbx_checks;

/* What a page tells of the epochs. */
typedef struct cbx_story {
    cbx_epoch_report *epochs; /* (settings->epochs) */
    uint32_t count;           /* of them, so far */
} cbx_story;

/* A file with weights to start from. */
typedef struct cbx_init {
    cbx_safetensors file;
    cbx_weights_file weights;
} cbx_init;

typedef struct cbx_job {
    const cbx_learn_settings *settings;
    cbx_learn_observer *observers; /* (observer_count), those that failed zeroed */
    size_t observer_count;
    const cbx_learn_control *control; /* NULL: nobody stops it */
    cbx_learn_result *result;         /* never NULL */
    cbx_learn_plan plan;
    cbx_film_settings film; /* zeroed: none */
    cbx_timing timing;      /* of the film */
    uint64_t asked, drawn;  /* frames whose batches the trainer has, where the film has a length;
                               and those that are drawn */
    uint64_t told;          /* the batch of the last caption */
    double accuracy;        /* of the last validation */
    char encoder_why[512];  /* plan.encoder_why, cut to fit; "": it is no fallback */
    cbx_dataset *dataset;
    char data_sha256[CBX_SHA256_TEXT]; /* as cbx_hash_dataset() says; "": no output tells it */
    cbx_device *device;
    cbx_walk walk;        /* the devices that were passed over */
    cbx_device **devices; /* (device_count), the first is `device`; NULL: one device trains here */
    size_t device_count;
    cbx_owner *owners; /* (owner_count), for the plan: of those devices, or of all ranks */
    size_t owner_count;
    cbx_team *team;         /* of those devices; NULL: one device trains here */
    cbx_lead *lead;         /* of other ranks; NULL: there are none */
    cbx_bond bond;          /* with them, of the trainer */
    cbx_network *network;   /* of a look; else NULL until a page wants what came of the training */
    cbx_init init;          /* the weights that the settings name; zeroed: none */
    double mean, deviation; /* of a look: what pixels are normalised by */
    cbx_trainer *trainer;
    cbx_painter painter;                 /* zeroed: none */
    cbx_easel easel;                     /* on which the trainer draws the film */
    cbx_reel *reel;                      /* NULL: no film, or it is lost */
    cbx_spool *spool;                    /* of its frames; NULL: none */
    cbx_output files[CBX_LEARN_OUTPUTS]; /* between writing and commit; else zeroed */
    cbx_fault fault;                     /* the first: of training, an output or an observer */
    uint32_t *order;                     /* (training_images) */
    cbx_position position;
    cbx_losses losses;
    cbx_checks checks;
    cbx_page_film page_film;
    cbx_story story;         /* zeroed: no page was asked for */
    cbx_checkpoint *resumed; /* what the run goes on from; NULL: it begins */
    cbx_reservation from;    /* of that file */
    cbx_reservation to;      /* of the checkpoints to come, where they go elsewhere */
    struct cbx_keeper *keeper; /* keep.c; NULL: it makes no checkpoints */
    uint64_t pause;            /* training pauses when position.batch_number is this; 0: nowhere */
    double began;              /* clock */
    double reported;           /* clock of the last progress report */
    int stopping;
} cbx_job;

/* Whether all epochs are done. */
static inline int cbx_job_is_whole(const cbx_job *job) {
    return job->result->epochs == job->settings->epochs;
}

/* encoder.c: the film that the settings ask for, with the codec that stands in where
 * libavcodec lacks an encoder. Statuses of cbx_film_check(). */
cbx_status cbx_job_film_settings(const cbx_learn_settings *settings, const cbx_grid *grid,
                                 cbx_film_settings *out);
/* For a job that has its device: fills job->film, and what the plan says of the encoder. */
cbx_status cbx_job_choose_encoder(cbx_job *job);

/* memory.c: CBX_TOO_LARGE when the run that job->plan describes needs more memory than
 * this process may use. */
cbx_status cbx_job_check_memory(cbx_job *job);
/* The same of a device with memory of its own, for a run with all that it takes beside training. What
 * training alone takes is for the trainer to check. */
cbx_status cbx_job_check_device_memory(cbx_job *job);

/* prepare.c: everything up to the first batch, and the end of it all. */
cbx_status cbx_job_prepare(cbx_job *job);
/* Only what training needs, for a job that has its dataset and its device, and no outputs. */
cbx_status cbx_job_prepare_training(cbx_job *job);
cbx_status cbx_job_make_plan(cbx_job *job);
/* The part of the plan that is about the device. */
void cbx_job_describe_device(cbx_job *job);
/* What a look needs, for a job that has its network. */
cbx_status cbx_job_prepare_look(cbx_job *job);
void cbx_job_clear(cbx_job *job);

/* weights.c: where the weights come from. Opens the file that the settings name: what does not fit is told
 * before anything takes time. CBX_BAD_ARGUMENT, and the statuses of cbx_network_load(). */
cbx_status cbx_job_open_init(cbx_job *job);
/* To the trainer: the network's, those of the run that is resumed, of that file, or random ones. */
cbx_status cbx_job_set_weights(cbx_job *job);
void cbx_job_close_init(cbx_job *job);
/* And where they go, piece by piece: the trainer's as they stand, into their hash, a file, and where
 * there is none yet into job->network. */
cbx_status cbx_job_hash_weights(cbx_job *job, char text[CBX_DIGEST_TEXT]);
cbx_status cbx_job_write_weights(cbx_job *job, cbx_output *to);
cbx_status cbx_job_fetch_network(cbx_job *job);

/* start.c: the device that the settings name, or the first that works. */
cbx_status cbx_job_start_device(cbx_job *job);
/* One of them, whoever steers the run having no objection. *out is the caller's. */
cbx_status cbx_job_try_device(cbx_job *job, const char *spec, cbx_device **out);

/* settings.c: whether a spec names several devices, "all" or a list; and what those cannot do. */
extern const char cbx_every_device[];
int cbx_spec_is_list(const char *spec);
cbx_status cbx_job_check_crew(const cbx_learn_settings *settings);

/* crew.c: several devices, of this process or of ranks. */
/* The device that the settings name, or those; of every rank its own. */
cbx_status cbx_job_start(cbx_job *job);
/* For a job that has them, its plan and its dataset: its trainer, which leads them. */
cbx_status cbx_job_make_team(cbx_job *job, const cbx_trainer_settings *settings);
/* For a job with its dataset, whose devices are those of ranks: how long they take. */
cbx_status cbx_job_time_ranks(cbx_job *job, const cbx_trainer_settings *settings, uint32_t count,
                              double seconds, cbx_ranks_timed *out);
/* `status`, or where that is because another device failed, what that one says. */
cbx_status cbx_job_blame(const cbx_job *job, cbx_status status);
/* After the trainer. */
void cbx_job_clear_devices(cbx_job *job);

/* epoch.c: trains from job->position to the end of its epoch; ends early when the run is
 * to stop, and where it is to pause. */
cbx_status cbx_job_train_epoch(cbx_job *job);
/* A run that stops leaves a checkpoint, and the batch before one is checked: whether it has to train one
 * more for that, which cbx_job_train_epoch() does. */
int cbx_job_wants_one_more(const cbx_job *job);

/* losses.c: what the observers and a page are told of every batch. */
uint64_t cbx_job_losses_bytes(const cbx_job *job);
/* For a job with its trainer, before the first batch. */
cbx_status cbx_job_keep_losses(cbx_job *job);
/* Of the batches of the epoch under way, up to job->position; waits. */
cbx_status cbx_job_take_losses(cbx_job *job);
void cbx_job_clear_losses(cbx_job *job);

/* checks.c: batches that are computed again on the host. For a job with its trainer: */
cbx_status cbx_job_open_checks(cbx_job *job);
/* Bytes on the host, and nearly as many on the device. */
uint64_t cbx_job_checks_bytes(const cbx_job *job);
uint64_t cbx_job_checks_device_bytes(const cbx_job *job);
/* Before `count` batches are given to the trainer: chooses one of them, where one is due. */
cbx_status cbx_job_begin_check(cbx_job *job, uint64_t count);
/* Has the next batch checked, whatever its number; nothing where there are no checks, or one is under
 * way. And whether one is. */
void cbx_job_check_next(cbx_job *job);
int cbx_job_is_checking(const cbx_job *job);
/* Whether those that were checked are right, as far as is known; waits for nothing.
 * CBX_BAD_KERNEL: the training is wrong since that batch at the latest. */
cbx_status cbx_job_look_at_check(cbx_job *job);
/* The same with waiting for the one under way. Before anything is saved of what training left. */
cbx_status cbx_job_end_check(cbx_job *job);
void cbx_job_clear_checks(cbx_job *job);

/* footage.c: the film, on its way from job->painter to its file. One that fails is lost,
 * see below, and job->reel is NULL then. */
/* From then on the trainer draws, and waits for free frames. */
cbx_status cbx_job_open_film(cbx_job *job);
/* Hands all that was drawn to the film, if there is one. */
cbx_status cbx_job_collect(cbx_job *job);
/* What of it is ready, to the films; does not wait. */
cbx_status cbx_job_look(cbx_job *job);
/* Completes the file as far as `trained` allows. A film without frames is not written: the
 * run was stopped before one was due. */
void cbx_job_finish_film(cbx_job *job, cbx_status trained);

/* spool.c: what keeps the frames of a film beside it. `which` is the film that the reel opened, at
 * `path`; *out is the caller's. In a run that goes on the reel gets the frames of before. */
cbx_status cbx_job_open_spool(cbx_job *job, cbx_kept_film_name which, const char *path,
                              cbx_spool **out);
/* For the film at `path`: removes those of the dead that nobody needs; and those that only
 * `checkpoint` counted on. */
void cbx_job_remove_spools(const char *path);
void cbx_job_remove_spools_of(const char *path, const char *checkpoint);
/* Removes its spool, unless a checkpoint counts on it. `stands`: the film is there, and whole, in the
 * place of what was left of others. */
void cbx_job_close_spool(const char *path, int stands, cbx_spool **spool);

/* resume.c: a run that goes on. */
/* Reads the checkpoint, and looks whether the settings are those of its run; before any work. */
cbx_status cbx_job_open_resumed(cbx_job *job);
/* For a job with its plan: whether dataset and device are those of the checkpoint's run. */
cbx_status cbx_job_check_resumed(cbx_job *job);
/* For a job with its trainer, before there are films: where it stands. */
cbx_status cbx_job_restore(cbx_job *job);
/* Tells the observers of the epochs of before. */
void cbx_job_retell(cbx_job *job);
void cbx_job_clear_resumed(cbx_job *job);

/* keep.c: checkpoints. */
/* For a job that is ready to train; does nothing where none are wanted. */
cbx_status cbx_job_open_keeper(cbx_job *job);
/* Between two segments of training: makes one when its time has come. A fault of the device. */
cbx_status cbx_job_keep(cbx_job *job);
/* Whether one is due after the next batch alone, which is to be checked. */
int cbx_job_keep_waits(const cbx_job *job);
/* Training failed: waits until the one that is being written stands. */
void cbx_job_keep_stop(cbx_job *job);
/* One of now, and waits until it stands. */
cbx_status cbx_job_keep_now(cbx_job *job);
/* The run is over and its outputs stand: the checkpoint says so. */
cbx_status cbx_job_keep_end(cbx_job *job);
void cbx_job_clear_keeper(cbx_job *job);

/* captions.c: what the next picture says. */
void cbx_job_caption(cbx_job *job);

/* outputs.c */
/* Whether every output can be created, no two are the same file and none is an input;
 * before any work. */
cbx_status cbx_job_probe_outputs(cbx_job *job);
/* Whether an output may show what training left, which ended with `trained`: after a fault
 * of the device only the frames that reached the host, after a divergence nothing. */
int cbx_job_is_sound(const cbx_job *job, cbx_status trained, cbx_learn_output output);
/* Writes every output but the film, which is finished before, as far as `trained` allows; and
 * gives those that are written their names. */
void cbx_job_write_outputs(cbx_job *job, cbx_status trained);
void cbx_job_commit_outputs(cbx_job *job);
/* Whether another output was asked for. */
int cbx_job_writes_besides(const cbx_learn_settings *settings, cbx_learn_output output);
/* Keeps the first failure for the end of the run, and tells the observers. */
void cbx_job_lose(cbx_job *job, cbx_learn_output output, cbx_status status);
/* Opens an output; a pipe without a reader is waited for until the run is to stop. */
cbx_status cbx_job_open_output(cbx_job *job, const char *path, cbx_output *output);

/* page.c: a page to look inside the network, and what has to be kept for it. */
cbx_status cbx_job_begin_story(cbx_job *job);
void cbx_job_note_epoch(cbx_job *job, const cbx_epoch_report *report);
void cbx_job_clear_story(cbx_job *job);
cbx_status cbx_job_write_page(cbx_job *job, cbx_output *to);

/* page_film.c: a film for the page, where the run's own is not for one; for a job that has its plan.
 * It is drawn beside the run's. */
void cbx_job_plan_page_film(cbx_job *job);
cbx_status cbx_job_open_page_film(cbx_job *job);
/* The batch, counted from 1, after which a frame of it is due; UINT64_MAX: there is none. */
uint64_t cbx_job_page_film_next(const cbx_job *job);
/* Those that are due, after the batches so far. */
cbx_status cbx_job_draw_page_film(cbx_job *job);
/* As of the run's own film. */
cbx_status cbx_job_look_page_film(cbx_job *job);
cbx_status cbx_job_collect_page_film(cbx_job *job);
void cbx_job_finish_page_film(cbx_job *job, cbx_status trained);
/* Once the page has it: removes its file. */
void cbx_job_remove_page_film(cbx_job *job);
void cbx_job_clear_page_film(cbx_job *job);

/* Between two reports of how far something is: some 20 a second. */
#define CBX_REPORT_SECONDS 0.05

/* observers.c: whoever looks on, told in turn; what fails there is kept in job->fault. */
cbx_status cbx_job_set_observers(cbx_job *job, const cbx_learn_observer *observers, size_t count);
void cbx_job_tell_started(cbx_job *job);
/* At most some 20 times a second; asks whether to stop. */
void cbx_job_report(cbx_job *job, uint64_t batches_done);
void cbx_job_tell_evaluating(cbx_job *job, uint32_t epoch);
void cbx_job_tell_epoch(cbx_job *job, const cbx_epoch_report *report);
void cbx_job_tell_finishing(cbx_job *job, uint64_t frames_left);
/* `why` comes with its sentence. */
void cbx_job_tell_lost(cbx_job *job, cbx_learn_output output, const char *path, cbx_status why);
/* The same, of what is tried again; and that it is there. */
void cbx_job_tell_missed(cbx_job *job, cbx_learn_output output, const char *path, cbx_status why);
void cbx_job_tell_found(cbx_job *job, cbx_learn_output output, const char *path);
void cbx_job_tell_ended(cbx_job *job);
/* Asks whether to stop; `job` is a cbx_job. */
int cbx_job_should_stop(void *job);

#endif
