/* Whether a device computes what it should: every kernel on small odd sizes against
 * the reference in double precision. It runs before every training, so it is small. */
#include "check/specimen.h"

cbx_status cbx_device_self_test(cbx_device *device) {
    cbx_specimen specimen;
    cbx_status status = cbx_specimen_init(&specimen, device);
    for (cbx_recipe recipe = CBX_RECIPE_LESSON; recipe <= CBX_RECIPE_NLL && !status; recipe++) {
        status = cbx_check_stepwise(&specimen, recipe);
    }
    if (!status) {
        status = cbx_check_pictures(&specimen);
    }
    for (cbx_recipe recipe = CBX_RECIPE_LESSON; recipe <= CBX_RECIPE_NLL && !status; recipe++) {
        status = cbx_check_fused(&specimen, recipe);
    }
    cbx_specimen_clear(&specimen);
    return status;
}
