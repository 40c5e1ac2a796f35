/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <math.h>

json_t *cbx_json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *cbx_json_string(const char *text) {
    json_t *value = text ? json_string(text) : NULL;
    if (value || !text) {
        return value ? value : json_null();
    }
    json_t *unchecked = json_string_nocheck(text);
    if (unchecked) { /* there is memory; or there is again */
        value = json_string(text);
        value = value ? value : json_null();
    }
    json_decref(unchecked);
    return value;
}

static void keep(json_t **whole, int failed) {
    if (failed) {
        json_decref(*whole);
        *whole = NULL;
    }
}

void cbx_json_append(json_t **array, json_t *value) {
    keep(array, json_array_append_new(*array, value));
}

void cbx_json_set(json_t **object, const char *key, json_t *value) {
    keep(object, json_object_set_new(*object, key, value));
}

void cbx_json_merge(json_t **object, json_t *more) {
    keep(object, json_object_update(*object, more));
    json_decref(more);
}

json_t *cbx_json_confusion(const uint64_t confusion[CBX_CLASSES][CBX_CLASSES]) {
    json_t *rows = json_array();
    for (size_t label = 0; label < CBX_CLASSES; label++) {
        json_t *row = json_array();
        for (size_t answer = 0; answer < CBX_CLASSES; answer++) {
            cbx_json_append(&row, json_integer((json_int_t)confusion[label][answer]));
        }
        cbx_json_append(&rows, row);
    }
    return rows;
}
