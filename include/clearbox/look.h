/* SPDX-License-Identifier: MIT */
/* A look at a network that is in a file: the page that a run writes, without film and curves, or a
 * picture. */
#ifndef CLEARBOX_LOOK_H
#define CLEARBOX_LOOK_H

#include <stdint.h>

#include "clearbox/device.h"
#include "clearbox/picture.h"
#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All strings are borrowed for the time of the call. */
typedef struct cbx_look_settings {
    const char *model;  /* safetensors with "w1" and "w2", required */
    const char *data;   /* folder of the dataset whose images it judges, required */
    const char *device; /* a spec as of cbx_device_open(); NULL or "": the first that works */
    cbx_family family;
    const char *report;  /* the page, HTML; NULL: none */
    const char *picture; /* the hidden layer, PNG; NULL: none, but one of the two is required */
    cbx_drawing drawing; /* of the picture; a caption is not for it. Zeroed: peak, grey, fitted */
    int only;            /* the picture is of one neuron, … */
    uint32_t neuron;     /* … this one, 0 … H − 1 */
    const char *command; /* what repeats this, to be told in the page; NULL: it is not known */
    int no_clobber;      /* fail rather than replace a file */
} cbx_look_settings;

typedef struct cbx_look_result {
    uint32_t hidden;
    double test_loss, test_accuracy; /* NaN without a page */
    int is_normalised; /* the file says how pixels are normalised; else it is as MNIST's */
    char device[256];  /* its name, cut to fit */
} cbx_look_result;

/* Pixels are normalised as the file's metadata say, "pixel_mean" and "pixel_deviation", or, where
 * these are missing, as those of MNIST. Several threads may look at the same
 * time, with outputs of their own. `result` may be NULL.
 * Statuses of cbx_network_load(), cbx_dataset_load() and cbx_device_open(); CBX_BAD_ARGUMENT: a
 * required setting is missing, an output is one of the inputs or the
 * other, or there is no such neuron; CBX_CANNOT_CREATE,
 * CBX_CANNOT_WRITE. */
CBX_API cbx_status cbx_look(const cbx_look_settings *settings, cbx_look_result *result);

#ifdef __cplusplus
}
#endif
#endif
