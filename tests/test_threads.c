/* SPDX-License-Identifier: MIT */
/* Threads that start at once: each opens a device, or runs a whole job, while the others
 * do. A driver's first answer is the delicate one, so every attempt is a process of its own:
 * `test_threads open|learn|write THREADS`. `test_threads ATTEMPTS` tries each so often. */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support/fixture.h"
#include "support/learning.h"
#include "support/test.h"

enum { MOST_THREADS = 8 };

static int attempts = 4;

extern char **environ;

typedef struct starter {
    pthread_t thread;
    pthread_barrier_t *line;
    const cbx_learn_settings *settings; /* NULL: only opens a device */
    const char *folder;                 /* for all outputs; NULL: none */
    size_t number;
    cbx_status status;
    cbx_learn_result result;
    char sentence[1024];
} starter;

enum { FILM, WEIGHTS, PICTURE, POSTER, PAGE, CHECKPOINT, OUTPUTS };

typedef char output_names[OUTPUTS][2 * SCRATCH_PATH];

static void name_outputs(output_names names, const char *folder, size_t number) {
    static const char *const last[OUTPUTS] = {"film.mp4",   "weights.safetensors", "picture.png",
                                              "poster.png", "page.html",           "checkpoint"};
    for (int i = 0; i < OUTPUTS; i++) {
        snprintf(names[i], sizeof names[i], "%s/%zu-%s", folder, number, last[i]);
    }
}

static cbx_status learn_and_write(starter *this) {
    cbx_learn_settings settings = *this->settings;
    output_names names;
    name_outputs(names, this->folder, this->number);
    settings.film = names[FILM];
    settings.save = names[WEIGHTS];
    settings.picture = names[PICTURE];
    settings.poster = names[POSTER];
    settings.report = names[PAGE];
    settings.checkpoint = names[CHECKPOINT];
    settings.checkpoint_seconds = 0.0;
    return cbx_learn(&settings, NULL, 0, NULL, &this->result);
}

static void *start(void *argument) {
    starter *this = argument;
    cbx_device *device = NULL;
    pthread_barrier_wait(this->line);
    if (this->folder) {
        this->status = learn_and_write(this);
    } else if (this->settings) {
        this->status = cbx_learn(this->settings, NULL, 0, NULL, &this->result);
    } else {
        this->status = cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO);
        cbx_device_close(device);
    }
    snprintf(this->sentence, sizeof this->sentence, "%s", this->status ? cbx_last_error() : "");
    return NULL;
}

/* Each thread succeeds, and all of them with the same weights. */
static int judge(const starter *starters, size_t count) {
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        const starter *one = &starters[i];
        if (one->status) {
            fprintf(stderr, "thread %zu: %s\n", i, one->sentence);
            failed = 1;
        } else if (memcmp(&one->result.test_loss, &starters[0].result.test_loss,
                          sizeof one->result.test_loss) != 0) {
            fprintf(stderr, "thread %zu: another loss than the first\n", i);
            failed = 1;
        }
    }
    return failed;
}

/* All but the page and the checkpoint, which have times, are the same files. */
static void compare_files(const char *folder, size_t count) {
    output_names first, other;
    name_outputs(first, folder, 0);
    for (size_t i = 1; i < count; i++) {
        name_outputs(other, folder, i);
        for (int which = FILM; which < PAGE; which++) {
            size_t sizes[2];
            uint8_t *a = scratch_read(first[which], &sizes[0]);
            uint8_t *b = scratch_read(other[which], &sizes[1]);
            assert_int_equal(sizes[0], sizes[1]);
            assert_memory_equal(a, b, sizes[0]);
            free(a);
            free(b);
        }
    }
}

static int race(const cbx_learn_settings *settings, const char *folder, size_t count) {
    starter starters[MOST_THREADS] = {0};
    pthread_barrier_t line;
    assert_int_equal(pthread_barrier_init(&line, NULL, (unsigned)count), 0);
    for (size_t i = 0; i < count; i++) {
        starters[i].line = &line;
        starters[i].settings = settings;
        starters[i].folder = folder;
        starters[i].number = i;
        assert_int_equal(pthread_create(&starters[i].thread, NULL, start, &starters[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(starters[i].thread, NULL);
    }
    pthread_barrier_destroy(&line);
    return judge(starters, count);
}

/* What the process does that the tests start. */
static int attempt(const char *what, size_t count) {
    char twice[256];
    learning l;
    if (strcmp(what, "open") == 0) {
        return race(NULL, NULL, count);
    }
    learning_open(&l, 60, 12);
    cbx_learn_settings settings = learning_settings(&l);
    const int writes = strcmp(what, "write") == 0;
    if (strcmp(what, "share") == 0) { /* each on a device that it takes twice */
        const char *spec = fixture_spec() ? fixture_spec() : "0:0";
        snprintf(twice, sizeof twice, "%s,%s", spec, spec);
        settings.device = twice;
        settings.hidden = 64;
    }
    const int failed = race(&settings, writes ? l.folder : NULL, count);
    if (writes && !failed) {
        compare_files(l.folder, count);
    }
    learning_close(&l);
    return failed;
}

static void assert_attempts_succeed(const char *what, const char *threads) {
    char program[] = "/proc/self/exe", first[16], second[16];
    char *const arguments[] = {program, first, second, NULL};
    (void)fixture_device(CBX_FAMILY_AUTO); /* skips where there is none */
    snprintf(first, sizeof first, "%s", what);
    snprintf(second, sizeof second, "%s", threads);
    for (int i = 0; i < attempts; i++) {
        pid_t child;
        int status = 0;
        assert_int_equal(posix_spawn(&child, program, NULL, NULL, arguments, environ), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static void two_open(void **state) {
    (void)state;
    assert_attempts_succeed("open", "2");
}

static void eight_open(void **state) {
    (void)state;
    assert_attempts_succeed("open", "8");
}

static void two_learn(void **state) {
    (void)state;
    assert_attempts_succeed("learn", "2");
}

static void eight_learn(void **state) {
    (void)state;
    assert_attempts_succeed("learn", "8");
}

static void four_write(void **state) {
    (void)state;
    assert_attempts_succeed("write", "4");
}

static void two_share(void **state) {
    (void)state;
    assert_attempts_succeed("share", "2");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_open),    cmocka_unit_test(eight_open), cmocka_unit_test(two_learn),
        cmocka_unit_test(eight_learn), cmocka_unit_test(four_write), cmocka_unit_test(two_share),
    };
    if (argc == 3) {
        return attempt(argv[1], (size_t)strtoul(argv[2], NULL, 10));
    }
    if (argc == 2) {
        attempts = atoi(argv[1]);
    }
    return cmocka_run_group_tests_name("threads", tests, fixture_setup, fixture_teardown);
}
