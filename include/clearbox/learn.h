/* SPDX-License-Identifier: MIT */
/* The whole job: load, train, evaluate, draw, encode, save.
 *
 * cbx_learn() runs it and reports to observers; it never prints. The shortest
 * use is
 *
 *   cbx_learn_settings settings;
 *   cbx_learn_defaults(&settings);
 *   settings.data = "data/mnist";
 *   cbx_status status = cbx_learn(&settings, NULL, 0, NULL, NULL);
 *
 * Several threads may each run a job at the same time, with outputs of their own.
 */
#ifndef CLEARBOX_LEARN_H
#define CLEARBOX_LEARN_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/dataset.h"
#include "clearbox/device.h"
#include "clearbox/film.h"
#include "clearbox/network.h"
#include "clearbox/picture.h"
#include "clearbox/status.h"
#include "clearbox/trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a film goes through the batches: evenly, or faster and faster, frames being taken where
 * things happen: half of all change is over after a tenth of the batches. */
typedef enum cbx_film_clock { CBX_CLOCK_BATCHES, CBX_CLOCK_LOG } cbx_film_clock;

/* "batches" or "log", static; NULL: there is no such clock. */
CBX_API const char *cbx_film_clock_name(cbx_film_clock clock);

#define CBX_MAX_SECONDS 86400 /* of a film */
#define CBX_LOG_SECONDS 12.0

/* All strings are borrowed for the time of the call. */
typedef struct cbx_learn_settings {
    const char *data;   /* folder of the dataset, required */
    /* A spec as of cbx_device_open(); NULL or "": the first that works. Several, with commas between
     * them, or "all" of those that work: the neurons are shared out among them, by speed where they are
     * not alike, and the bits stay what they are. */
    const char *device;
    cbx_family family;
    uint32_t hidden;           /* 64 */
    uint32_t epochs;           /* 5 */
    uint32_t batch;            /* 64 */
    double learning_rate;      /* for both layers, constant; 0: the recipe's, see below */
    cbx_recipe recipe;         /* lesson */
    cbx_schedule schedule;     /* auto */
    cbx_arithmetic arithmetic; /* canon */
    uint64_t seed;             /* 0 */
    int no_shuffle;            /* take the training images in file order */
    const char *init;          /* safetensors to start from, NULL: random */
    uint32_t frame_every;      /* 1: a frame after every batch */
    uint32_t scale;            /* 1; 0: as cbx_drawing says */
    cbx_tone tone;             /* peak */
    cbx_colours colours;       /* grey */
    int caption;               /* 0; as cbx_drawing says */
    const char *film;          /* "learn.mp4"; its ending says what is made; NULL: no film */
    cbx_container container;   /* auto: by that ending, see cbx_film_container() */
    /* Where it is not 0, an open descriptor that the film is streamed to, MPEG-TS where the container
     * is left open; `film` is then no more than what it is called in sentences. It becomes the
     * run's when the film begins, and is closed with it. */
    int film_descriptor;
    uint32_t fps;         /* 70 */
    cbx_film_clock clock; /* batches */
    /* How long the film is, up to CBX_MAX_SECONDS, all batches being shown; frame_every must be 1
     * then. 0: as many frames as frame_every says, or with the clock `log` CBX_LOG_SECONDS. */
    double seconds;
    double hold;     /* 0; the last batch is shown for so long, within `seconds` */
    cbx_codec codec; /* h264 */
    /* NULL or "auto": "device", kernels where the frames are drawn, once they have passed their
     * check, and where no preset is asked for; else the best that is there. Or one of
     * cbx_film_settings. */
    const char *encoder;
    int quality;         /* -1: the encoder's default */
    const char *preset;  /* x264 preset, NULL: the default */
    uint32_t workers;    /* 0: one encoder per processor */
    const char *picture; /* PNG of the last grid as it was drawn, NULL: none */
    /* PNG of the film's last picture as a player shows it, with all that the film's style adds and
     * what coding loses; NULL: none. Needs a film in a regular file, and not WebP. */
    const char *poster;
    const char *save;    /* safetensors, NULL: none */
    const char *report;  /* a page to look inside the network, HTML, NULL: none */
    const char *command; /* what repeats this run, to be told in outputs; NULL: it is not known */
    /* What makes this film again, without device and paths, on which it does not depend: told in its
     * metadata; NULL: it is not known. */
    const char *film_command;
    int no_clobber; /* fail rather than replace outputs */
    /* Leave out that the first batch, the last of the first epoch, and one in a thousand are computed
     * again on the host, which takes less than 0.5 % of the time. */
    int no_check;
    int batch_losses; /* tell observers those of every batch: takes some 2 % of the training at 64
                         neurons, a smaller share at more */
    int hash_film;    /* tell the film's SHA-256 even where no weights are saved */
    /* Measure what a film takes on the device, see cbx_learn_times; with `report` it is measured in
     * any case. The device may take longer for noting it. */
    int device_times;
    /* A file that has, from time to time, all that the run needs to go on after it was ended, NULL:
     * none. It appears only when it is whole and on the disk; the one before is kept as the same name
     * with '~', which no name may end in. When the run is over it stays, and says so. A file of that
     * name that is there at the start is not replaced, unless it is `resume` or `overwrite` is set, and
     * one of another run that is going on never. A film goes on from the frames in a file beside it,
     * .NAME.spool-PID, and must be encoded by the device, into a regular file. docs/checkpoint.md
     * describes both. */
    const char *checkpoint;
    double checkpoint_seconds; /* 60; between one and the next */
    int overwrite;
    /* A checkpoint to go on from; NULL: the run begins. All other settings are that run's, as
     * cbx_resumed_settings() gives them, but that files may be elsewhere and device, family,
     * schedule and workers others; the film can be left out. What comes of it is what would have come
     * of the run without an end, to the byte, times apart. */
    const char *resume;
    const char *kept_text; /* anything, for the one who resumes; NULL: nothing */
} cbx_learn_settings;

/* A SHA-256 in 64 hexadecimal digits, and the end. */
#define CBX_SHA256_TEXT 65u

/* The recipes' own step sizes, for W1 and W2, H = hidden. `lesson`: 0.005 both, constant.
 * `nll`: f·min(0.02, 0.005·max(1, √(H/64))) and f·min(0.01, 5/H), with
 * f = 1 − 64·⌊t/64⌋/T for batch t = 0 … T−1 of the run: linear to zero, in steps of 64
 * batches. Gradients are sums over a batch. Pixels are normalised with mean and standard
 * deviation of all training pixels, for MNIST 33.395 and 78.666. */

/* Seconds of wall time, but `encode`: processor time of all encoders, or the device's time where it
 * encodes. Times of the device are NaN where settings->device_times does not ask for them, or its
 * driver does not tell; 0 is what did not happen. */
typedef struct cbx_learn_times {
    double load;        /* reading and unpacking the dataset */
    double start;       /* opening the device, building kernels, self-test, upload */
    double first_batch; /* from the start of cbx_learn() to the first batch enqueued */
    double train;       /* from the first batch to the last, evaluation left out */
    double exchange;    /* within that, exchanging sums with other ranks, and waiting for them; NaN: there
                           are none */
    double evaluate;
    double draw;      /* device time of separate drawing launches; 0 when fused */
    double read_back; /* device time of frame transfers */
    double encode;
    double waited; /* training held back by full encoders */
    double finish; /* after the last batch until the film stood */
    double total;
} cbx_learn_times;

/* A device's share of the hidden neurons: first … first + count; a count of 0: it has nothing to do. */
typedef struct cbx_owner {
    const cbx_device_info *device;
    /* Where ranks train, one owner is one of them: the name of its machine, and the cores that it is
     * bound to, "0-3,8", or "". NULL: all devices are this process's. */
    const char *host, *cores;
    uint32_t first, count;
} cbx_owner;

typedef struct cbx_learn_plan {
    const cbx_device_info *device; /* the first one */
    const cbx_owner *owners; /* (owner_count), until cbx_learn() returns, where several train; else
                                NULL and 0 */
    size_t owner_count;
    double exchange_seconds; /* of a batch's sums between ranks that wait for nothing else, as was measured
                                before the first; 0: nothing is exchanged */
    int exchange_direct;     /* each rank sends its sums to all others; else they are added up by pairs */
    const cbx_passed_over *passed_over; /* (passed_over_count), until cbx_learn() returns */
    size_t passed_over_count;
    cbx_family family;
    int fuses; /* as cbx_device_fuses() says */
    cbx_arithmetic arithmetic;
    cbx_schedule schedule; /* never AUTO */
    double ink;            /* share of the training pixels that are not 0 */
    cbx_grid grid;
    uint64_t parameters; /* weights, bias rows included */
    uint32_t training_images, validation_images, test_images;
    uint64_t batches; /* of the whole run */
    uint64_t batches_per_epoch;
    uint64_t frames;         /* of the whole film, 0 without one; see cbx_learn_frame_batch() */
    const char *encoder;     /* NULL without a film */
    int encoder_is_fallback; /* none was named, and the best does not work here */
    const char *encoder_why; /* the sentence that tells why; NULL: it is no fallback */
    cbx_container container; /* of the film, never AUTO */
    const char *level;       /* H.264's, by size and rate, "5.2"; NULL: no film in H.264 */
    uint64_t resumed;        /* batches that were done before, by the run that goes on */
    unsigned left_behind;    /* files with frames of the film that processes left which were killed:
                                cbx_film_recover(); they go when the film is there, and whole */
    char caution[80];        /* "", or where the film will not play, or that it is large */
    double first_learning_rate_hidden, first_learning_rate_output;
} cbx_learn_plan;

typedef struct cbx_epoch_report {
    uint32_t epoch; /* 1… */
    double train_loss, validation_loss, validation_accuracy;
    uint64_t validation_confusion[CBX_CLASSES][CBX_CLASSES]; /* as in cbx_evaluation */
    double seconds; /* of this epoch's training, evaluation left out */
    double evaluate_seconds;
    /* The mean loss of the images of each batch of this epoch, in order, with the weights from
     * before it (batches); until the call returns. NULL: neither settings->batch_losses is set nor
     * a page asked for. */
    const double *batch_losses;
    uint64_t batches;
} cbx_epoch_report;

/* What a run writes. */
typedef enum cbx_learn_output {
    CBX_LEARN_FILM,
    CBX_LEARN_WEIGHTS,
    CBX_LEARN_PICTURE,
    CBX_LEARN_POSTER,
    CBX_LEARN_REPORT,
    CBX_LEARN_CHECKPOINT,
    CBX_LEARN_OUTPUTS /* how many there are */
} cbx_learn_output;

typedef struct cbx_learn_result {
    int interrupted;                 /* stopped early on request; outputs are valid */
    int kept[CBX_LEARN_OUTPUTS];     /* which outputs stand complete under their names */
    uint32_t epochs;                 /* completed */
    uint64_t batches;                /* done */
    uint64_t checked;                /* of them, computed again on the host and found right */
    double test_loss, test_accuracy; /* only when not interrupted, else NaN */
    cbx_film_result film;            /* zeros without a film */
    /* Of w1, then w2, float32, row by row: the tensors' bytes in a safetensors file. "": nothing
     * was learned, or training failed. */
    char weights_sha256[CBX_SHA256_TEXT];
    /* Of the finished film's bytes; "" where it is no regular file, could not be read again, or
     * where nobody wants it: neither are weights or a page written, which hold it, nor is
     * hash_film set. */
    char film_sha256[CBX_SHA256_TEXT];
    cbx_learn_times times;
} cbx_learn_result;

/* Looks on. Of a run that goes on, the epochs of before are told once more, after started(). Every
 * function may be NULL; all are called from the thread of cbx_learn(), one
 * observer after the other in the order of the list. One that returns another status than
 * CBX_OK is not called again. The run goes on: the others are told by lost(), no output
 * suffers, and cbx_learn() returns the status if nothing failed earlier. Its sentence is that
 * of the function of this library which failed within the call, if there was one. */
typedef struct cbx_learn_observer {
    cbx_status (*started)(void *user, const cbx_learn_plan *plan);
    /* At most some 20 times a second. */
    cbx_status (*progressed)(void *user, uint64_t batches_done);
    /* The training of `epoch` (1…) is over, and its losses are computed next. */
    cbx_status (*evaluating)(void *user, uint32_t epoch);
    cbx_status (*finished_epoch)(void *user, const cbx_epoch_report *report);
    /* After the last batch, some 20 times a second: frames not yet in the film. */
    cbx_status (*finishing)(void *user, uint64_t frames_left);
    /* An output failed, cbx_last_error() says why; the others go on. A film that fails ends
     * the run only where no other output was asked for. CBX_LEARN_OUTPUTS: an observer failed;
     * `path` is its own, which may be NULL. */
    cbx_status (*lost)(void *user, cbx_learn_output output, const char *path, cbx_status why);
    /* The checkpoint, which was lost when it could not be written, is there again: it is tried
     * again where the next one is due. What a run fails with that ends before, lost() has told. */
    cbx_status (*found)(void *user, cbx_learn_output output, const char *path);
    /* Last of all, however the run ended; the last observer first, so that one that reports
     * can tell what became of the files of those behind it. */
    cbx_status (*ended)(void *user, const cbx_learn_result *result);
    const char *path; /* a file that it writes, for the others; NULL: none */
    void *user;
} cbx_learn_observer;

/* Steers. */
typedef struct cbx_learn_control {
    /* Asked between the steps of the start, between batches, and while a pipe has no
     * reader, in the thread of cbx_learn(); nonzero ends the run in good order. */
    int (*should_stop)(void *user);
    void *user; /* of both */
    /* May be NULL. Asked before a device is opened for the run, in the thread of cbx_learn(): a driver
     * that ends the process, or never answers, is best tried in another process. Another status than
     * CBX_OK is that of a device that does not work; its sentence is that of the function of this
     * library which failed within the call. */
    cbx_status (*try_device)(void *user, const cbx_device_info *device);
    /* Other processes that train a share of the neurons each, of which this one is rank 0, as
     * clearbox-mpi makes them; NULL: there are none. */
    const struct cbx_ranks *ranks;
} cbx_learn_control;

/* "film", "weights", "picture", "poster", "report", "checkpoint": static, never NULL. */
CBX_API const char *cbx_learn_output_name(cbx_learn_output output);

/* Where the settings want it; NULL: it was not asked for. */
CBX_API const char *cbx_learn_output_path(const cbx_learn_settings *settings,
                                          cbx_learn_output output);

/* The lesson's run, to the letter; `data` stays NULL. */
CBX_API void cbx_learn_defaults(cbx_learn_settings *settings);

/* What a film looks like, as a whole: colours, caption, scale, clock, seconds, hold and fps are set,
 * and may be changed after it.
 *   lesson   the defaults
 *   show     signed colours, a caption, about 900 pixels high, 12 seconds at 60 frames a second,
 *            the last two of which hold the last frame, by the logarithmic clock */
typedef enum cbx_style { CBX_STYLE_LESSON, CBX_STYLE_SHOW } cbx_style;

/* "lesson" or "show", static; NULL: there is no such style. */
CBX_API const char *cbx_style_name(cbx_style style);

/* CBX_BAD_ARGUMENT: there is no such style. */
CBX_API cbx_status cbx_learn_set_style(cbx_learn_settings *settings, cbx_style style);

/* What a checkpoint says. */
typedef struct cbx_resumed cbx_resumed;

/* Reads one and checks it. CBX_MISSING_INPUT: it cannot be read; CBX_BAD_DATA: it is damaged, which
 * names the one before where there is one, or is none; CBX_NO_MEMORY. *out is the caller's. What a run
 * that is over had no time to remove goes: the checkpoint before, and frames of its films. */
CBX_API cbx_status cbx_resumed_open(cbx_resumed **out, const char *path);
/* Those of its run, with `resume` and `checkpoint` set to its path; strings and all until it is
 * closed. */
CBX_API const cbx_learn_settings *cbx_resumed_settings(const cbx_resumed *resumed);
/* How many batches the run had done, and whether it is over: then there is nothing to go on with. */
CBX_API uint64_t cbx_resumed_batches(const cbx_resumed *resumed);
CBX_API int cbx_resumed_is_finished(const cbx_resumed *resumed);
CBX_API void cbx_resumed_close(cbx_resumed *resumed); /* NULL is allowed */

/* Checked before any work. CBX_BAD_ARGUMENT: a setting makes no sense, or the film would
 * be larger than its codec allows; CBX_NO_ENCODER: there is none for it. What
 * concerns the film alone is looked at only when there is to be one. */
CBX_API cbx_status cbx_learn_check(const cbx_learn_settings *settings);

/* The batch, 1 … plan->batches, after which frame 0 … plan->frames − 1 of the run's film is drawn;
 * it never falls from one frame to the next. */
CBX_API uint64_t cbx_learn_frame_batch(const cbx_learn_settings *settings,
                                       const cbx_learn_plan *plan, uint64_t frame);

/* Runs the job. Where settings->device names none, a device whose kernels do not build or
 * fail the self-test gives way to the next one; the plan says which and why. A device that
 * is named never does. `observers` (observer_count), `control` and `result` may be NULL;
 * *result is filled in every case.
 * CBX_INTERRUPTED after an orderly stop; before the first batch nothing is written then,
 * and a film without frames is left out. An output that fails costs only itself: the
 * others are kept, as result->kept tells. The first failure is returned. When
 * training fails (CBX_DIVERGED, CBX_DEVICE_FAULT, or CBX_BAD_KERNEL where a batch that is computed
 * again on the host has other bits), weights and picture are not written;
 * after a fault of the device a film of what was drawn is. What is not kept leaves no
 * file behind, and an old one of that name stays as it was. */
CBX_API cbx_status cbx_learn(const cbx_learn_settings *settings,
                             const cbx_learn_observer *observers, size_t observer_count,
                             const cbx_learn_control *control, cbx_learn_result *result);

#ifdef __cplusplus
}
#endif
#endif
