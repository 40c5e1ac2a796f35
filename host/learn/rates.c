#include "learn/rates.h"

#include <math.h>

cbx_rates cbx_rates_of_batch(const cbx_learn_settings *settings, uint64_t batch,
                             uint64_t batches)
{
    cbx_rates rates = {0.005f, 0.005f};
    if (settings->learning_rate > 0.0) {
        rates.hidden = rates.output = (float)settings->learning_rate;
    } else if (settings->recipe == CBX_RECIPE_NLL) {
        /* Z2 sums over H activations, so a stable η₂ goes down with H, while the error
         * that reaches W1 shrinks with the weights of W2, so η₁ may go up. */
        const double h = settings->hidden;
        const double left = 1.0 - (double)(batch / CBX_RATE_BLOCK * CBX_RATE_BLOCK) /
                                      (double)(batches > 0 ? batches : 1);
        rates.hidden = (float)(left * 0.02);
        rates.output = (float)(left * fmin(0.005, 2.56 / h));
    }
    return rates;
}
