/* SPDX-License-Identifier: MIT */
#include "base/choice.h"

#include <stdio.h>
#include <string.h>

const char *cbx_choice_name(const char *const *names, int value) {
    for (int i = 0; names[i]; i++) {
        if (i == value) {
            return names[i];
        }
    }
    return NULL;
}

int cbx_choice_find(const char *const *names, const char *name) {
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

void cbx_choice_join(char *out, size_t size, const char *const *names, const char *word) {
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; names[i] && used < size; i++) {
        const int last = i > 0 && !names[i + 1];
        used += (size_t)snprintf(out + used, size - used, "%s%s%s%s",
                                 i == 0 ? ""
                                 : last ? " "
                                        : ", ",
                                 last ? word : "", last ? " " : "", names[i]);
    }
}
