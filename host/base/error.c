/* SPDX-License-Identifier: MIT */
/* The last error message of each thread: the one piece of state the library
 * keeps outside its objects. */
#include "base/error.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_BYTES = 1024 };

/* Sentences live in the fixed buffer, so that even "out of memory" can be said;
 * only long texts (build logs) take memory. */
static _Thread_local char short_text[SHORT_BYTES];
static _Thread_local char *long_text; /* NULL: short_text counts */

/* A thread that ends with a long text gives it back through this key. */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_exists;

static void create_key(void) {
    key_exists = pthread_key_create(&key, free) == 0;
}

static void replace_long_text(char *text) {
    if (text || long_text) {
        pthread_once(&key_once, create_key);
        if (key_exists) {
            /* When this fails, the worst is a text that outlives its thread. */
            (void)pthread_setspecific(key, text);
        }
    }
    free(long_text);
    long_text = text;
}

#undef cbx_fail
cbx_status cbx_fail(cbx_status status, const char *format, ...) {
    char text[SHORT_BYTES];
    va_list arguments;

    /* Arguments may point into the old message, so it stays until the new one is complete. */
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        snprintf(text, sizeof text, "%s (the message could not be written out)",
                 cbx_status_text(status));
        length = 0;
    }

    char *whole = NULL;
    if (length >= SHORT_BYTES) {
        whole = malloc((size_t)length + 1);
        if (whole) {
            va_start(arguments, format);
            vsnprintf(whole, (size_t)length + 1, format, arguments);
            va_end(arguments);
        }
    }
    replace_long_text(whole);
    memcpy(short_text, text, sizeof text);
    return status;
}

void cbx_fault_take(cbx_fault *fault, cbx_status status) {
    if (status && !fault->status) {
        fault->status = status;
        snprintf(fault->text, sizeof fault->text, "%s", cbx_last_error());
    }
}

cbx_status cbx_fault_raise(const cbx_fault *fault) {
    return !fault->status ? CBX_OK : cbx_fail(fault->status, "%s", fault->text);
}

const char *cbx_last_error(void) {
    return long_text ? long_text : short_text;
}
