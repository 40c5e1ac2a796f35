/* SPDX-License-Identifier: MIT */
/* example DIR: loads a dataset and counts its images, through the public API only. */
#include <clearbox/dataset.h>
#include <clearbox/learn.h>
#include <stdio.h>

int main(int argc, char **argv) {
    cbx_learn_settings settings;
    cbx_dataset *dataset = NULL;

    cbx_learn_defaults(&settings);
    settings.data = argc > 1 ? argv[1] : "data/mnist";
    if (cbx_learn_check(&settings) != CBX_OK ||
        cbx_dataset_load(&dataset, settings.data) != CBX_OK) {
        fprintf(stderr, "example: %s\n", cbx_last_error());
        return 1;
    }
    printf("%zu + %zu + %zu images\n", cbx_dataset_images(dataset, CBX_TRAIN).count,
           cbx_dataset_images(dataset, CBX_VALIDATION).count,
           cbx_dataset_images(dataset, CBX_TEST).count);
    cbx_dataset_destroy(dataset);
    return 0;
}
