/* SPDX-License-Identifier: MIT */
/* The flags of `clearbox learn`, as its help and completions show them. */
#include <stddef.h>

#include "base/names.h"
#include "cli/cli.h"
#include "cli/learn_options.h"
#include "cli/options.h"
#include "film/film.h"

_Static_assert(sizeof(cbx_recipe) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cbx_schedule) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cbx_tone) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cbx_family) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cbx_style) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cbx_colours) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cbx_film_clock) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cli_progress_way) == sizeof(int), "a CLI_CHOICE is stored as an int");

static const char *const caption_names[] = {"off", "on", NULL};
static const char *const progress_names[] = {"auto", "bar", "plain", "json", "none", NULL};

static const cli_command_text text = {
    "learn", "learn [FLAGS]",
    "Trains a network with one hidden layer on MNIST and films its weights: one frame\n"
    "after every batch. Without flags it is the run of the lesson \"Looking inside a\n"
    "neural network\".\n",
    "Environment: CLEARBOX_DEVICE and CLEARBOX_DATA stand in for --device and --data,\n"
    "NO_COLOR turns colours off. Ctrl-C ends the run in good order.\n",
    "clearbox learn\n"
    "clearbox learn --hidden 1024 --recipe nll --device gpu --output big.mp4\n"
    "clearbox learn --no-video --save weights.safetensors --metrics run.jsonl\n"};

#define AT(member) offsetof(cli_learn_options, member)
#define SET(member) offsetof(cli_learn_options, settings.member)

enum { MOST_EPOCHS = 1000000, MOST_SKIPPED = 1000000000, MOST_QP = 63 };

static const cli_flag flags[] = {
    {.help = "Training"},
    {"hidden", 0, CLI_WHOLE, SET(hidden), "N", 0, 1, CBX_MAX_HIDDEN,
     "neurons in the hidden layer [64, or those of\n"
     "--init]"},
    {"epochs", 0, CLI_WHOLE, SET(epochs), "N", 0, 1, MOST_EPOCHS,
     "times to go through the images [5]"},
    {"batch", 0, CLI_WHOLE, SET(batch), "N", 0, 1, CBX_MAX_BATCH, "images in a batch [64]"},
    {"learning-rate", 0, CLI_POSITIVE, SET(learning_rate), "X", 0, 0, 0,
     "step size of both layers, constant [lesson: 0.005;\n"
     "nll: falls to 0 from min(0.02, 0.005 sqrt(N/64)),\n"
     "at least 0.005, and from min(0.01, 5/N)]"},
    {"recipe", 0, CLI_CHOICE, SET(recipe), 0, cbx_recipe_names, 0, 0,
     "what is computed: the lesson's code, or its\n"
     "cost done right [lesson]"},
    {"seed", 0, CLI_WHOLE64, SET(seed), "N", 0, 0, UINT64_MAX,
     "fixes the weights and every order [0]"},
    {"no-shuffle", 0, CLI_SWITCH, SET(no_shuffle), 0, 0, 0, 0,
     "take the images in the file's order"},
    {"init", 0, CLI_TEXT, SET(init), "FILE", 0, 0, 0, "start from these weights (safetensors)"},
    {"data", 0, CLI_TEXT, SET(data), "DIR", 0, 0, 0,
     "folder of the four IDX files, gzipped or not\n"
     "[the MNIST that comes with clearbox]"},

    {.help = "Device"},
    {"device", 0, CLI_TEXT, SET(device), "SPEC", 0, 0, 0,
     "gpu, cpu, P:D as 'clearbox devices' lists it, or\n"
     "a part of the device's name; several, with commas\n"
     "between them, or all, share the neurons and give\n"
     "the same bits [a GPU, else a CPU]"},
    {"schedule", 0, CLI_CHOICE, SET(schedule), 0, cbx_schedule_names, 0, 0,
     "fused: few launches a batch; sparse: the same\n"
     "over pixels that are not 0; stepwise: a kernel\n"
     "for every step of the formulas. All compute the\n"
     "same; auto is the faster of the first two [auto]"},
    {"family", 0, CLI_CHOICE, SET(family), 0, cbx_family_names, 0, 0,
     "kernels made for which kind of device [auto]"},
    {"arithmetic", 0, CLI_CHOICE, SET(arithmetic), 0, cbx_arithmetic_names, 0, 0,
     "canon: the same bits on every device; plain:\n"
     "faster where there is no fused multiply-add;\n"
     "split-bf16: tensor cores of NVIDIA's GPUs [canon]"},
    {"no-check", 0, CLI_SWITCH, SET(no_check), 0, 0, 0, 0,
     "do not compute one batch in a thousand again on\n"
     "the host, which finds a device that computes\n"
     "wrongly and takes less than 0.5 % of the time"},

    {.help = "Film"},
    {"output", 'o', CLI_STREAM, SET(film), "FILE", 0, 0, 0,
     "the film; its ending says what is made: .mp4,\n"
     ".mkv, .webm, .gif, .webp, .apng, .ts; - streams\n"
     "to standard output, for a player [learn.mp4]"},
    {"format", 0, CLI_CHOICE, SET(container), "NAME", cbx_container_names, 0, 0,
     "mp4, mkv, webm, gif, webp, apng or mpegts, where\n"
     "the ending does not say it [mpegts for -]"},
    {"no-video", 0, CLI_SWITCH, AT(no_video), 0, 0, 0, 0, "train only, draw no film"},
    {"style", 0, CLI_CHOICE, AT(style), 0, cbx_style_names, 0, 0,
     "show: signed colours and a caption, 12 s at 60\n"
     "frames a second, slow at first; what follows\n"
     "changes parts of it [lesson]"},
    {"colours", 0, CLI_CHOICE, SET(colours), 0, cbx_colours_names, 0, 0,
     "signed: blue below 0, orange above [grey]"},
    {"caption", 0, CLI_CHOICE, SET(caption), 0, caption_names, 0, 0,
     "below the picture: neurons, recipe, epoch, batch,\n"
     "accuracy, and the loss as a curve [off]"},
    {"clock", 0, CLI_CHOICE, SET(clock), 0, cbx_clock_names, 0, 0,
     "log: slow while much happens, then faster\n"
     "[batches]"},
    {"seconds", 0, CLI_SECONDS, SET(seconds), "X", 0, 0, CBX_MAX_SECONDS,
     "how long the film is, 0: as long as its frames\n"
     "are many [0; with the clock log 12]"},
    {"hold", 0, CLI_SECONDS, SET(hold), "X", 0, 0, CBX_MAX_SECONDS,
     "show the last frame for so many seconds [0]"},
    {"frame-every", 0, CLI_WHOLE, SET(frame_every), "N", 0, 1, MOST_SKIPPED,
     "a frame after every Nth batch [1]"},
    {"fps", 0, CLI_WHOLE, SET(fps), "N", 0, 1, CBX_MAX_FPS, "frames a second [70; show: 60]"},
    {"tone", 0, CLI_CHOICE, SET(tone), 0, cbx_tone_names, 0, 0,
     "how weights become grey levels [peak]"},
    {"scale", 0, CLI_WHOLE, SET(scale), "N", 0, 1, CBX_MAX_SIDE / CBX_IMAGE_SIDE,
     "pixels of the film per weight, each way [1; show:\n"
     "about 900 pixels in all]"},
    {"codec", 0, CLI_CHOICE, AT(codec), 0, cbx_codec_names, 0, 0,
     "video format [h264, or what encoder and file take]"},
    {"encoder", 0, CLI_CHOICE_TEXT, SET(encoder), "NAME", cbx_film_encoder_names, 0, 0,
     "who encodes: device, libx264, libopenh264,\n"
     "h264_nvenc, h264_vaapi, mpeg4, libvpx-vp9,\n"
     "libvpx, libaom-av1, gif, libwebp_anim, apng; auto\n"
     "is the device, else the best in software that\n"
     "the file takes [auto]"},
    {"quality", 0, CLI_WHOLE, SET(quality), "N", 0, 1, MOST_QP,
     "1 (best) to 51 for h264, to 31 for mpeg4, to 63\n"
     "for vp9, vp8, av1 [device: 23, others: 22,\n"
     "mpeg4: 2, vp9: 15, vp8: 8, av1: 18]"},
    {"preset", 0, CLI_CHOICE_TEXT, SET(preset), "NAME", cbx_x264_presets, 0, 0,
     "libx264's preset, which auto takes it for;\n"
     "superfast makes smaller files in 1.5 times the\n"
     "time [ultrafast]"},
    {"workers", 0, CLI_WHOLE, SET(workers), "N", 0, 0, CBX_MAX_WORKERS,
     "encoders of libavcodec at work, 0: one a\n"
     "processor [0]"},

    {.help = "Other outputs"},
    {"save", 0, CLI_OUTPUT, SET(save), "FILE", 0, 0, 0,
     "the trained weights (safetensors); the metadata\n"
     "has rates, normalisation and hashes"},
    {"picture", 0, CLI_OUTPUT, SET(picture), "FILE", 0, 0, 0, "the last frame as PNG"},
    {"poster", 0, CLI_OUTPUT, SET(poster), "FILE", 0, 0, 0,
     "the same as the film shows it, decoded from it"},
    {"report", 0, CLI_OUTPUT, SET(report), "FILE", 0, 0, 0,
     "a page to look inside the network, HTML that\n"
     "needs nothing else: film, curves, neurons, a pad"},
    {"metrics", 0, CLI_OUTPUT, AT(metrics), "FILE", 0, 0, 0,
     "losses and times as JSON lines, one an epoch;\n"
     "in the last line the hashes of weights and film"},
    {"checkpoint", 0, CLI_OUTPUT, SET(checkpoint), "FILE", 0, 0, 0,
     "now and then all that the run needs to go on\n"
     "after whatever ends it, for --resume"},
    {"checkpoint-every", 0, CLI_SECONDS, SET(checkpoint_seconds), "X", 0, 0, CBX_MAX_SECONDS,
     "seconds from one to the next [60]"},
    {"resume", 0, CLI_TEXT, SET(resume), "FILE", 0, 0, 0,
     "go on with the run of this checkpoint, which says\n"
     "all else; outputs may go elsewhere, and another\n"
     "device train: the same bytes come of it"},
    {"overwrite", 0, CLI_SWITCH, SET(overwrite), 0, 0, 0, 0,
     "let --checkpoint replace a file that is there"},
    {"no-clobber", 0, CLI_SWITCH, SET(no_clobber), 0, 0, 0, 0, "stop rather than replace a file"},
    {"progress", 0, CLI_CHOICE, AT(progress), 0, progress_names, 0, 0,
     "how the run is shown; json writes JSON lines to\n"
     "standard output [auto]"},
    CLI_HELP_FLAG,
    {0}};

const cli_syntax cli_learn_syntax = {&text, flags, NULL, NULL};
