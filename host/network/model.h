/* SPDX-License-Identifier: MIT */
/* A network as it is used: weights, and how the pixels that it was trained with were normalised. */
#ifndef CBX_NETWORK_MODEL_H
#define CBX_NETWORK_MODEL_H

#include "clearbox/network.h"
#include "data/safetensors.h"

/* Zeroed: none. */
typedef struct cbx_model {
    cbx_network *network;
    double mean, deviation; /* grey levels */
    int assumed;            /* the file does not say them: they are MNIST's */
} cbx_model;

/* Reads a safetensors file with the metadata "pixel_mean" and "pixel_deviation", as learn writes
 * them. CBX_BAD_DATA: one of them is missing or is no number that makes sense; and the statuses of
 * cbx_network_load(). cbx_model_clear() in every case. */
cbx_status cbx_model_load(cbx_model *out, const char *path);
/* The same of a file that is open. */
cbx_status cbx_model_read(cbx_model *out, const cbx_safetensors *from);
void cbx_model_clear(cbx_model *model);

#endif
