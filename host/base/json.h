/* SPDX-License-Identifier: MIT */
/* Values of JSON: those that may be missing, and tables. */
#ifndef CBX_BASE_JSON_H
#define CBX_BASE_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "clearbox/dataset.h"

/* A number, or null where it is not finite: JSON has no NaN and no infinity. */
json_t *cbx_json_number(double value);

/* A string, or null for NULL and for what is not UTF-8, as file names may be; NULL: no memory. */
json_t *cbx_json_string(const char *text);

/* Adds `value`, which is taken; where memory runs out, and for NULL, what it should have been added to
 * goes, too, and is NULL: nothing is told by halves. */
void cbx_json_append(json_t **array, json_t *value);
void cbx_json_set(json_t **object, const char *key, json_t *value);
/* All of `more`, an object. */
void cbx_json_merge(json_t **object, json_t *more);

/* An array of ten arrays of ten counts: images by label, then by answer. */
json_t *cbx_json_confusion(const uint64_t confusion[CBX_CLASSES][CBX_CLASSES]);

#endif
