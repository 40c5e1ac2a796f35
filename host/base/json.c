/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <math.h>

json_t *cbx_json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *cbx_json_string(const char *text) {
    json_t *value = text ? json_string(text) : NULL;
    return value ? value : json_null();
}

json_t *cbx_json_confusion(const uint64_t confusion[CBX_CLASSES][CBX_CLASSES]) {
    json_t *rows = json_array();
    for (size_t label = 0; label < CBX_CLASSES; label++) {
        json_t *row = json_array();
        for (size_t answer = 0; answer < CBX_CLASSES; answer++) {
            json_array_append_new(row, json_integer((json_int_t)confusion[label][answer]));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}
