/* SPDX-License-Identifier: MIT */
/* The settings of a run as strings, "run.hidden": "64", in the metadata of its checkpoints. A setting
 * that a file does not have is as cbx_learn_defaults() says, so that older files can be read when
 * settings are added. */
#ifndef CBX_LEARN_KEPT_SETTINGS_H
#define CBX_LEARN_KEPT_SETTINGS_H

#include "clearbox/learn.h"
#include "data/safetensors.h"
#include "learn/texts.h"

/* Of a run under way; the names of files become absolute. */
void cbx_kept_settings_write(const cbx_learn_settings *settings, cbx_texts *to);

/* Before a run that makes checkpoints: whether they can keep its texts. CBX_BAD_ARGUMENT: one is not in
 * UTF-8; CBX_NO_MEMORY. */
cbx_status cbx_kept_settings_check(const cbx_learn_settings *settings);

/* *out gets those of a file; its strings point into `texts`, which is the caller's to clear.
 * CBX_BAD_DATA: a value makes no sense; CBX_NO_MEMORY. */
cbx_status cbx_kept_settings_read(const cbx_safetensors *from, cbx_learn_settings *out,
                                  cbx_texts *texts);

/* CBX_BAD_ARGUMENT, naming the first setting that would change what comes of the run that `path` is a
 * checkpoint of. */
cbx_status cbx_kept_settings_compare(const cbx_learn_settings *now, const cbx_learn_settings *then,
                                     const char *path);

#endif
