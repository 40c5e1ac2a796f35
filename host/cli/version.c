/* SPDX-License-Identifier: MIT */
#include "cli/version.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "clearbox/film.h"
#include "cli/cli.h"
#include "cli_commit.h" /* CBX_COMMIT, made anew by each build */
#include "device/loader.h"
#include "film/film.h"
#include "film/library.h"

/* In lines that fit a terminal, broken where there is a blank. */
static void print_fact(const char *name, const char *value) {
    enum { MARGIN = 12, COLUMNS = 80 };
    int column = printf("  %-9s", name);
    while (*value) {
        const int length = (int)strcspn(value, " ");
        if (column > MARGIN && column + 1 + length > COLUMNS) {
            printf("\n%*s", MARGIN - 1, "");
            column = MARGIN - 1;
        }
        column += printf(" %.*s", length, value);
        value += length + (value[length] == ' ');
    }
    putchar('\n');
}

/* `before`: those that are asked before libavcodec's. */
static void print_encoder(const char *name, const char *before, cbx_codec codec) {
    const char *encoder = cbx_film_encoder(codec);
    char text[80];
    snprintf(text, sizeof text, "%s%s", before, encoder ? encoder : "libavcodec has no encoder");
    print_fact(name, text);
}

/* Whether a GPU is there that has one is not asked: that takes its driver, which may fail. */
static void print_encoders(void) {
    char names[160], text[200];
    cbx_film_list_encoders(names, sizeof names, CBX_IN_SOFTWARE);
    snprintf(text, sizeof text, CBX_DEVICE_ENCODER ", %s", names);
    print_fact("encoders", text);
    cbx_film_list_encoders(names, sizeof names, CBX_IN_HARDWARE);
    print_fact("on a GPU", names);
}

const char *cli_commit(void) {
    return CBX_COMMIT;
}

int cli_version(void) {
    char text[1024];
    printf("clearbox %s\n", CBX_VERSION);
    print_fact("commit", cli_commit());
    print_fact("built by", CBX_BUILD);
    cbx_film_library(text, sizeof text);
    print_fact("film", text);
    print_encoders();
    print_encoder("H.264", CBX_DEVICE_ENCODER ", else ", CBX_CODEC_H264);
    print_encoder("MPEG-4", "", CBX_CODEC_MPEG4);
    cbx_opencl_loader(text, sizeof text);
    print_fact("OpenCL", text);
    print_fact("others", "jansson " JANSSON_VERSION ", " CBX_BUILD_LIBRARIES);
    return cli_flush(CLI_DONE);
}
