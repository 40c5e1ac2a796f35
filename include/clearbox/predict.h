/* SPDX-License-Identifier: MIT */
/* What a network makes of images, to the bit as training and evaluation on any device see it.
 *
 *   cbx_network_load(&network, "w.safetensors");
 *   cbx_device_open(&device, NULL, CBX_FAMILY_AUTO);
 *   float outputs[CBX_CLASSES];
 *   cbx_prediction wanted = {.outputs = outputs};
 *   cbx_network_predict(network, device, pixels, 1, CBX_MNIST_MEAN, CBX_MNIST_DEVIATION, &wanted);
 *
 * A device belongs to one thread at a time.
 */
#ifndef CLEARBOX_PREDICT_H
#define CLEARBOX_PREDICT_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/dataset.h"
#include "clearbox/device.h"
#include "clearbox/network.h"
#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the 50,000 training images of MNIST, as cbx_dataset_mean() and …_deviation() have them. */
#define CBX_MNIST_MEAN 33.39512885204082
#define CBX_MNIST_DEVIATION 78.666197221275496

/* Host memory, the caller's; NULL: not wanted. */
typedef struct cbx_prediction {
    float *activations; /* A1 (count, H), 0…1 */
    float *sums;        /* Z2 (count, 10); the answer is the first of the largest */
    float *outputs; /* A2 = σ(Z2) (count, 10), 0…1. Each is the network's own estimate that the
                         * image is this digit, made without the others: they need not add to 1. */
} cbx_prediction;

/* Of `count` images, at least one: pixels (count, 784), grey levels 0…255, ink light, which are
 * normalised as (pixel − mean)/deviation, both in grey levels: those that the network was
 * trained with. Every float is as kernels/canon.h defines it, where the device computes that
 * (CBX_ARITHMETIC_CANON), whichever family its kernels are of. Waits. CBX_BAD_ARGUMENT: no images,
 * mean or deviation make no sense; CBX_BAD_DATA: with these weights a sum is not finite;
 * CBX_TOO_LARGE: beyond the device's limits; CBX_DEVICE_FAULT, CBX_NO_MEMORY. After a failure what
 * the arrays hold is undefined. */
CBX_API cbx_status cbx_network_predict(const cbx_network *network, cbx_device *device,
                                       const uint8_t *pixels, size_t count, double mean,
                                       double deviation, const cbx_prediction *out);

#ifdef __cplusplus
}
#endif
#endif
