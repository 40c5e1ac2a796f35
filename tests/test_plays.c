/* SPDX-License-Identifier: MIT */
/* host/film/plays: what is said of films that do not play everywhere. */
#include "support/test.h"

#include <string.h>

#include "film/plays.h"

enum { REPORT_COLUMNS = 68 }; /* what 80 leave to a line of the report */

static cbx_film_settings settings_of(uint32_t width, uint32_t height, uint32_t fps) {
    return (cbx_film_settings){.width = width, .height = height, .fps = fps};
}

/* "" for a film that plays everywhere. */
static void check(uint32_t width, uint32_t height, uint32_t fps, const char *level,
                  const char *expected) {
    const cbx_film_settings settings = settings_of(width, height, fps);
    char sentence[80];
    assert_int_equal(cbx_film_plays(&settings, sentence, sizeof sentence), expected[0] == '\0');
    assert_string_equal(sentence, expected);
    assert_string_equal(cbx_film_level(&settings), level);
}

static void most_films_play(void **state) {
    (void)state;
    check(224, 224, 70, "2.1", "");
    check(896, 896, 70, "4.0", "");
    check(1792, 1792, 70, "5.1", "");
    check(2296, 2296, 70, "5.2", "");
    check(4096, 2304, 56, "5.2", "");
    check(2, 2, 1, "1.0", "");
}

static void large_ones_want_less_of_it(void **state) {
    static const char help[] = "too large for some players; a smaller scale or fewer neurons help";
    (void)state;
    check(2324, 2324, 70, "5.2", help);
    check(2306, 2, 1, "3.1", "");
    check(2, 2306, 1, "3.1", help);
    check(4098, 2, 1, "4.2", help);
    check(3584, 3584, 70, "6.0",
          "level 6.0, for few players; a smaller scale or fewer neurons help");
    check(3584, 3584, 1, "6.0",
          "level 6.0, for few players; a smaller scale or fewer neurons help");
    check(2800, 2800, 70, "6.0",
          "level 6.0, for few players; a smaller scale or fewer neurons help");
    check(2800, 2800, 60, "5.2", help);
    check(5992, 5992, 70, "6.2", "beyond H.264's levels; a smaller scale or fewer neurons help");
}

static void fast_ones_want_fewer_frames(void **state) {
    (void)state;
    check(2296, 2296, 100, "5.2", "");
    check(2296, 2296, 101, "6.0",
          "level 6.0, for few players; 100 frames a second or fewer would help");
    check(4096, 2304, 57, "6.0",
          "level 6.0, for few players; 56 frames a second or fewer would help");
    check(4096, 2304, 1000, "6.2", "beyond H.264's levels; 56 frames a second or fewer would help");
    check(896, 896, 1000, "6.0",
          "level 6.0, for few players; 661 frames a second or fewer would help");
}

/* What is said fits, and what helps does help. */
static void no_sentence_is_too_long(void **state) {
    (void)state;
    for (uint32_t side = 2; side <= 16254; side += side / 13 * 2 + 2) {
        for (uint32_t fps = 1; fps <= CBX_MAX_FPS; fps += fps / 7 + 1) {
            cbx_film_settings settings = settings_of(side, side, fps);
            char sentence[200];
            if (!cbx_film_plays(&settings, sentence, sizeof sentence)) {
                assert_in_range(strlen(sentence), 20, REPORT_COLUMNS);
                const char *number = strstr(sentence, "; ") + 2;
                settings.fps = (uint32_t)strtoul(number, NULL, 10);
                assert_true(settings.fps == 0
                                ? side > 2304
                                : cbx_film_plays(&settings, sentence, sizeof sentence));
            }
        }
    }
}

static void other_codecs_have_no_levels(void **state) {
    cbx_film_settings settings = settings_of(8190, 8190, 1000);
    char sentence[80] = "?";
    (void)state;
    settings.codec = CBX_CODEC_MPEG4;
    assert_null(cbx_film_level(&settings));
    assert_true(cbx_film_plays(&settings, sentence, sizeof sentence));
    assert_string_equal(sentence, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_films_play),
        cmocka_unit_test(large_ones_want_less_of_it),
        cmocka_unit_test(fast_ones_want_fewer_frames),
        cmocka_unit_test(no_sentence_is_too_long),
        cmocka_unit_test(other_codecs_have_no_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
