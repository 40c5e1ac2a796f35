/* SPDX-License-Identifier: MIT */
/* An output that fails costs only itself: the run goes on, and the others are kept. */
#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "learn/hashes.h"
#include "network/weights.h"
#include "support/files.h"
#include "support/fixture.h"
#include "support/learning.h"
#include "support/training.h"

static void open_run(learning *l) {
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(l, 72, 20);
}

static cbx_status close_reader(void *user, const cbx_epoch_report *report) {
    (void)report;
    close(*(int *)user);
    *(int *)user = -1;
    return CBX_OK;
}

/* A film through a pipe whose reader goes away while the run goes on. */
static void check_lost_film(int encoder) {
    learning l;
    cbx_learn_result result;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    assert_int_equal(mkfifo(l.film, 0600), 0);
    signal(SIGPIPE, SIG_IGN);
    int reader = open(l.film, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    const cbx_learn_observer observer = {.finished_epoch = close_reader, .user = &reader};
    settings.encoder = learning_encoder(encoder);
    settings.film = l.film;
    settings.save = l.save;
    settings.picture = l.picture;
    assert_fails(cbx_learn(&settings, &observer, 1, NULL, &result), CBX_CANNOT_WRITE, "");
    assert_non_null(strstr(cbx_last_error(), "Broken pipe"));
    assert_int_equal(result.epochs, 1);
    assert_false(result.kept[CBX_LEARN_FILM]);
    assert_true(result.kept[CBX_LEARN_WEIGHTS] && result.kept[CBX_LEARN_PICTURE]);
    assert_int_equal(files_count(l.folder), 3);
    learning_close(&l);
}

static void a_film_that_fails_costs_only_itself(void **state) {
    (void)state;
    for (int encoder = 0; encoder < LEARNING_ENCODERS; encoder++) {
        check_lost_film(encoder);
    }
}

typedef struct quitter {
    int reader;
    uint32_t epochs, epochs_when_lost; /* completed */
    int lost;
} quitter;

static cbx_status quit(void *user, const cbx_learn_plan *plan) {
    (void)plan;
    close(((quitter *)user)->reader);
    return CBX_OK;
}

static cbx_status count_epoch(void *user, const cbx_epoch_report *report) {
    ((quitter *)user)->epochs = report->epoch;
    return CBX_OK;
}

static cbx_status note_loss(void *user, cbx_learn_output output, const char *path, cbx_status why) {
    quitter *q = user;
    (void)path;
    assert_int_equal(output, CBX_LEARN_FILM);
    assert_int_equal(why, CBX_CANNOT_WRITE);
    q->epochs_when_lost = q->epochs;
    q->lost++;
    return CBX_OK;
}

static void check_lost_midway(const learning *l, fixture_way way, int encoder) {
    cbx_learn_result result;
    cbx_network *with = NULL, *without = NULL;
    cbx_learn_settings settings = learning_settings(l);
    settings.family = way.family;
    settings.schedule = way.schedule;
    settings.encoder = learning_encoder(encoder);
    settings.batch = 1;
    settings.epochs = 3; /* 1500 frames; 280 are a group, and at most 464 are under way */
    settings.save = l->save;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    assert_ok(cbx_network_load(&without, l->save));

    assert_int_equal(mkfifo(l->film, 0600), 0);
    quitter q = {.reader = open(l->film, O_RDONLY | O_NONBLOCK)};
    assert_true(q.reader >= 0);
    const cbx_learn_observer observer = {
        .started = quit, .finished_epoch = count_epoch, .lost = note_loss, .user = &q};
    settings.film = l->film;
    assert_fails(cbx_learn(&settings, &observer, 1, NULL, &result), CBX_CANNOT_WRITE,
                 "Broken pipe");
    assert_int_equal(q.lost, 1);
    assert_true(q.epochs_when_lost < 3);
    assert_int_equal(result.epochs, 3);
    assert_false(result.kept[CBX_LEARN_FILM]);
    assert_true(result.kept[CBX_LEARN_WEIGHTS]);
    assert_ok(cbx_network_load(&with, l->save));
    assert_networks_same(with, without, way.name);
    cbx_network_destroy(with);
    cbx_network_destroy(without);
    remove(l->film);
}

/* A film that is lost between two batches, some of them still to be drawn: the weights are
 * those of a run without a film. */
static void a_film_that_fails_midway_changes_no_weights(void **state) {
    (void)state;
    learning l;
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&l, 600, 10);
    signal(SIGPIPE, SIG_IGN);
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (int encoder = 0; encoder < LEARNING_ENCODERS; encoder++) {
            check_lost_midway(&l, fixture_ways[w], encoder);
        }
    }
    learning_close(&l);
}

/* A disk that is full: the others are kept all the same, and the run goes to its end. */
static void an_output_that_fails_costs_only_itself(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (int broken = CBX_LEARN_WEIGHTS; broken < CBX_LEARN_CHECKPOINT; broken++) {
        learning_log log = {0};
        cbx_learn_result result;
        cbx_learn_settings settings = learning_settings(&l);
        settings.film = l.film;
        settings.save = broken == CBX_LEARN_WEIGHTS ? "/dev/full" : l.save;
        settings.picture = broken == CBX_LEARN_PICTURE ? "/dev/full" : l.picture;
        settings.poster = broken == CBX_LEARN_POSTER ? "/dev/full" : l.poster;
        settings.report = broken == CBX_LEARN_REPORT ? "/dev/full" : l.report;
        settings.epochs = 2;
        assert_fails(learning_run(&settings, &log, &result), CBX_CANNOT_WRITE, "");
        assert_non_null(strstr(cbx_last_error(), "No space left"));
        assert_int_equal(result.epochs, 2);
        assert_false(result.interrupted);
        assert_true(result.test_accuracy >= 0.0);
        for (int i = 0; i < CBX_LEARN_CHECKPOINT; i++) {
            assert_true(result.kept[i] == (i != broken));
            assert_true(log.lost[i] == (i == broken));
        }
        assert_int_equal(files_count(l.folder), CBX_LEARN_CHECKPOINT - 1);
        remove(l.film);
        remove(l.save);
        remove(l.picture);
        remove(l.poster);
        remove(l.report);
    }
    learning_close(&l);
}

static void check_film_hash(cbx_learn_settings *settings, int wanted) {
    char expected[CBX_DIGEST_TEXT] = "";
    cbx_learn_result result;
    assert_ok(cbx_learn(settings, NULL, 0, NULL, &result));
    if (wanted) {
        assert_ok(cbx_digest_file(settings->film, expected));
    }
    assert_string_equal(result.film_sha256, expected);
}

/* Nobody pays for it who does not want it. */
static void a_film_is_hashed_where_that_is_wanted(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    settings.film = l.film;
    check_film_hash(&settings, 0);
    settings.hash_film = 1;
    check_film_hash(&settings, 1);
    settings.hash_film = 0;
    settings.save = l.save;
    check_film_hash(&settings, 1);
    settings.film = "/dev/null";
    check_film_hash(&settings, 0);
    settings.film = NULL;
    check_film_hash(&settings, 0);
    learning_close(&l);
}

/* Also where they are not saved, and after a run that was stopped. */
static void weights_are_hashed_as_they_are_saved(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (uint64_t stop_at = 0; stop_at <= 5; stop_at += 5) {
        char expected[CBX_DIGEST_TEXT];
        learning_log log = {.stop_at = stop_at}, again = {.stop_at = stop_at};
        cbx_learn_result with, without;
        cbx_network *network = NULL;
        cbx_learn_settings settings = learning_settings(&l);
        settings.hidden = 37;
        settings.epochs = 3;
        settings.save = l.save;
        assert_int_equal(learning_run(&settings, &log, &with), stop_at ? CBX_INTERRUPTED : CBX_OK);
        assert_ok(cbx_network_load(&network, l.save));
        cbx_network_weights weights = {.network = network};
        const cbx_pieces pieces = {cbx_network_weights_next, &weights};
        assert_ok(cbx_hash_weights(network->hidden, &pieces, expected));
        cbx_network_destroy(network);
        assert_string_equal(with.weights_sha256, expected);
        settings.save = NULL;
        assert_int_equal(learning_run(&settings, &again, &without),
                         stop_at ? CBX_INTERRUPTED : CBX_OK);
        assert_int_equal(without.batches, with.batches);
        assert_string_equal(without.weights_sha256, expected);
    }
    learning_close(&l);
}

static cbx_status take_weights_name(void *user, const cbx_epoch_report *report) {
    (void)report;
    files_write_text(((learning *)user)->save, "somebody else's");
    return CBX_OK;
}

/* What can only be seen when the time has come. */
static void a_name_that_is_taken_meanwhile_costs_one_output(void **state) {
    (void)state;
    learning l;
    cbx_learn_result result;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    const cbx_learn_observer observer = {.finished_epoch = take_weights_name, .user = &l};
    settings.film = l.film;
    settings.save = l.save;
    settings.picture = l.picture;
    settings.no_clobber = 1;
    assert_fails(cbx_learn(&settings, &observer, 1, NULL, &result), CBX_CANNOT_CREATE, "");
    assert_non_null(strstr(cbx_last_error(), "exists already"));
    assert_file_holds(l.save, "somebody else's");
    assert_true(result.kept[CBX_LEARN_FILM] && result.kept[CBX_LEARN_PICTURE]);
    assert_false(result.kept[CBX_LEARN_WEIGHTS]);
    assert_int_equal(files_count(l.folder), 3);
    learning_close(&l);
}

/* However it is spelled. */
static void one_file_for_two_is_refused(void **state) {
    (void)state;
    learning l;
    char spelled[3 * SCRATCH_PATH], image[3 * SCRATCH_PATH];
    open_run(&l);
    snprintf(spelled, sizeof spelled, "%s/./%s", l.folder, strrchr(l.film, '/') + 1);
    cbx_learn_settings settings = learning_settings(&l);
    settings.film = l.film;
    settings.save = spelled;
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_BAD_ARGUMENT, "");
    settings.save = NULL;
    settings.init = spelled;
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_BAD_ARGUMENT, "");
    settings.init = NULL;
    snprintf(image, sizeof image, "%s/train-images-idx3-ubyte", l.data);
    settings.film = image;
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_BAD_ARGUMENT, "");
    settings.film = settings.save = "/dev/null";
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    assert_int_equal(files_count(l.folder), 0);
    learning_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_that_fails_costs_only_itself),
        cmocka_unit_test(a_film_that_fails_midway_changes_no_weights),
        cmocka_unit_test(an_output_that_fails_costs_only_itself),
        cmocka_unit_test(a_film_is_hashed_where_that_is_wanted),
        cmocka_unit_test(weights_are_hashed_as_they_are_saved),
        cmocka_unit_test(a_name_that_is_taken_meanwhile_costs_one_output),
        cmocka_unit_test(one_file_for_two_is_refused),
    };
    return cmocka_run_group_tests_name("learn outputs", tests, fixture_setup, fixture_teardown);
}
