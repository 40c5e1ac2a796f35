/* SPDX-License-Identifier: MIT */
/* Numbers beside the public enums are refused, not taken for one of them. */
#include "support/test.h"

#include <string.h>

#include "clearbox/learn.h"
#include "picture/draw.h"
#include "support/dataset.h"
#include "support/fixture.h"

static cbx_learn_settings good_settings(void) {
    cbx_learn_settings settings;
    cbx_learn_defaults(&settings);
    settings.data = "anywhere";
    return settings;
}

static void assert_refused(const cbx_learn_settings *settings, const char *part) {
    assert_fails(cbx_learn_check(settings), CBX_BAD_ARGUMENT, "");
    if (!strstr(cbx_last_error(), part)) {
        fail_msg("\"%s\" is missing in: %s", part, cbx_last_error());
    }
}

#define ASSERT_WRONG(member, value, part)                                                          \
    do {                                                                                           \
        cbx_learn_settings wrong = good_settings();                                                \
        wrong.member = (value);                                                                    \
        assert_refused(&wrong, part);                                                              \
    } while (0)

static void a_run_refuses_unknown_choices(void **state) {
    (void)state;
    ASSERT_WRONG(recipe, (cbx_recipe)7, "no recipe 7");
    ASSERT_WRONG(recipe, (cbx_recipe)-1, "no recipe -1");
    ASSERT_WRONG(schedule, (cbx_schedule)9, "no schedule 9");
    ASSERT_WRONG(tone, (cbx_tone)9, "no tone 9");
    ASSERT_WRONG(family, (cbx_family)9, "no kernel family 9");
    ASSERT_WRONG(codec, (cbx_codec)9, "unknown video codec 9");
    ASSERT_WRONG(preset, "fastest", "unknown preset \"fastest\"");
    ASSERT_WRONG(encoder, "x265", "unknown encoder \"x265\": there are auto, device, libx264");
    ASSERT_WRONG(workers, 257, "257 encoders");
    ASSERT_WRONG(quality, 52, "quality 52: must be 0 (best) to 51");
    ASSERT_WRONG(fps, 1001, "1001 frames per second: must be 1 to 1000");
}

static void a_run_refuses_an_encoder_of_another_codec(void **state) {
    (void)state;
    cbx_learn_settings settings = good_settings();
    settings.codec = CBX_CODEC_MPEG4;
    settings.encoder = "libx264";
    assert_refused(&settings, "the encoder libx264 makes h264, not mpeg4");
    settings.codec = CBX_CODEC_H264; /* the default gives way */
    settings.encoder = "mpeg4";
    assert_ok(cbx_learn_check(&settings));
    settings.quality = 32;
    assert_refused(&settings, "quality 32: must be 1 (best) to 31 for MPEG-4");
    settings.quality = -1;
    settings.preset = "superfast";
    assert_refused(&settings, "preset \"superfast\": the encoder mpeg4 has none");
    settings.encoder = "auto"; /* then it is a wish for whoever has presets */
    settings.codec = CBX_CODEC_MPEG4;
    assert_ok(cbx_learn_check(&settings));
}

/* What concerns the film alone does not matter without one; all else does. */
static void without_a_film_its_settings_do_not_matter(void **state) {
    (void)state;
    cbx_learn_settings settings = good_settings();
    settings.film = NULL;
    settings.codec = (cbx_codec)9;
    settings.encoder = "x265";
    settings.fps = 0;
    settings.scale = 2340;
    settings.hidden = 1;
    assert_ok(cbx_learn_check(&settings));
    settings.tone = (cbx_tone)9;
    assert_refused(&settings, "no tone 9");
}

/* No work is done for a film that no encoder takes; 580·28 = 16,240. */
static void a_film_too_large_for_its_codec_is_refused(void **state) {
    (void)state;
    cbx_learn_settings settings = good_settings();
    settings.hidden = 1;
    settings.scale = 2340;
    assert_refused(&settings, "65520 x 65520 pixels is too large: H.264 ends at 16384");
    assert_refused(&settings, "; scale 580 is the largest that fits");
    settings.scale = 584;
    assert_refused(&settings, "16352 x 16352 pixels is too large");
    assert_refused(&settings, "; scale 580 is the largest that fits");
    settings.scale = 580;
    assert_ok(cbx_learn_check(&settings));
    settings.hidden = CBX_MOST_OWNED;
    settings.scale = 2;
    assert_refused(&settings, "; scale 1 is the largest that fits");
    settings.codec = CBX_CODEC_MPEG4;
    settings.scale = 1;
    assert_refused(&settings, "MPEG-4 ends at 8191 pixels a side, and this fits into H.264");
}

static void parts_refuse_unknown_choices(void **state) {
    (void)state;
    cbx_device *device = fixture_device(CBX_FAMILY_AUTO), *other = NULL;
    cbx_dataset *dataset = synthetic_dataset(12, 4, 1);
    cbx_trainer_settings settings = {3, 4, (cbx_recipe)7, CBX_SCHEDULE_FUSED};
    cbx_trainer *trainer = NULL;
    cbx_evaluation evaluation;
    cbx_painter painter;
    cbx_grid grid;

    assert_fails(cbx_device_open(&other, fixture_spec(), (cbx_family)9), CBX_BAD_ARGUMENT, "");
    assert_null(other);
    assert_fails(cbx_trainer_create(&trainer, device, dataset, &settings), CBX_BAD_ARGUMENT, "");
    settings.recipe = CBX_RECIPE_NLL;
    settings.schedule = (cbx_schedule)9;
    assert_fails(cbx_trainer_create(&trainer, device, dataset, &settings), CBX_BAD_ARGUMENT, "");
    assert_null(trainer);
    settings.schedule = CBX_SCHEDULE_STEPWISE;
    assert_ok(cbx_trainer_create(&trainer, device, dataset, &settings));
    assert_fails(cbx_trainer_evaluate(trainer, (cbx_part)3, &evaluation), CBX_BAD_ARGUMENT, "");
    assert_ok(cbx_grid_lay_out(&grid, 3, 1));
    assert_fails(cbx_painter_init(&painter, device, &grid, (cbx_tone)9), CBX_BAD_ARGUMENT, "");
    cbx_painter_clear(&painter);
    cbx_trainer_destroy(trainer);
    cbx_dataset_destroy(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_refuses_unknown_choices),
        cmocka_unit_test(a_run_refuses_an_encoder_of_another_codec),
        cmocka_unit_test(without_a_film_its_settings_do_not_matter),
        cmocka_unit_test(a_film_too_large_for_its_codec_is_refused),
        cmocka_unit_test(parts_refuse_unknown_choices),
    };
    return cmocka_run_group_tests_name("choices", tests, fixture_setup, fixture_teardown);
}
