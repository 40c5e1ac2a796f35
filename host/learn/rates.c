/* SPDX-License-Identifier: MIT */
#include "learn/rates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int cbx_rates_fall(const cbx_learn_settings *settings) {
    switch (settings->recipe) {
    case CBX_RECIPE_LESSON:
        return 0;
    case CBX_RECIPE_NLL:
        return !(settings->learning_rate > 0.0);
    }
    return 0;
}

cbx_rates cbx_rates_of_batch(const cbx_learn_settings *settings, uint64_t batch, uint64_t batches) {
    cbx_rates rates = {0.005f, 0.005f};
    if (settings->learning_rate > 0.0) {
        rates.hidden = rates.output = (float)settings->learning_rate;
    } else if (cbx_rates_fall(settings)) {
        /* Found by a grid of runs over 5 epochs: W1 takes larger steps as the layer
         * grows, because each weight of W2, and so the error that reaches it, shrinks;
         * Z2 sums over H activations, so the steps of W2 go down with H. */
        const double h = settings->hidden;
        const double left = 1.0 - (double)(batch / CBX_RATE_BLOCK * CBX_RATE_BLOCK) /
                                      (double)(batches > 0 ? batches : 1);
        rates.hidden = (float)(left * fmin(0.02, 0.005 * fmax(1.0, sqrt(h / 64.0))));
        rates.output = (float)(left * fmin(0.01, 5.0 / h));
    }
    return rates;
}

double cbx_rate_as_written(float rate) {
    double number = (double)rate;
    char text[32];
    /* Nine digits tell any two floats apart. */
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)rate);
        number = strtod(text, NULL);
        if (!((float)number < rate) && !((float)number > rate)) {
            break;
        }
    }
    return number;
}
